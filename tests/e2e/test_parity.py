"""Greedy output through the whole server is mlx_lm's own, token for token, on every kind of architecture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import openai
import pytest
from mlx_lm import stream_generate
from mlx_lm.utils import load
from tests.plugins.mlx_text.architectures import ALL
from tests.plugins.mlx_text.harness import write_model

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_mlx.detokenizer import Vocabulary

TINY = Path(__file__).parents[2] / "plugins/mlxkernel_plugins/tiny/model"

KINDS = ("plain", "sliding-window", "experts", "recurrent", "hybrid", "latent-attention")


class Model:
    """One model: its name on the server, and mlx_lm's answers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._model, self.tokenizer = load(str(folder))[:2]
        self.tokenizer.eos_token_ids = ()
        self.vocabulary = Vocabulary(self.tokenizer._tokenizer)

    def reference(self, prompt: list[int], count: int) -> list[int]:
        """The greedy tokens."""
        answers = stream_generate(self._model, self.tokenizer, prompt, max_tokens=count)
        return [answer.token for answer in answers]

    def prompt(self, length: int) -> list[int]:
        """Some tokens, others for each length."""
        return [(7 * place * place + 11 * length + 5) % 370 for place in range(length)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("models")
    random = {kind: Model(kind, write_model(folder / kind, ALL[kind])) for kind in KINDS}
    return {**random, "tiny": Model("tiny", TINY)}


@pytest.fixture(scope="module")
def server(models: dict[str, Model], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    folder = tmp_path_factory.mktemp("config")
    root = tmp_path_factory.getbasetemp()
    tables = [
        f'[models.{kind}]\nsource = "{next(root.glob(f"models*/{kind}"))}"\n[models.{kind}.limits]\n'
        "prefill_chunk = 24\n"
        for kind in KINDS
    ]
    (folder / "mlx.toml").write_text('[models.tiny]\nsource = "bundled:tiny"\n' + "".join(tables))
    with serve_process("-c", str(folder / "mlx.toml")) as process:
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def _complete(
    client: openai.AsyncOpenAI, model: Model, prompt: list[int], count: int
) -> tuple[list[str], int]:
    """The tokens as the server names them, and how many of the prompt's were reused."""
    answer = await client.completions.create(
        model=model.name,
        prompt=prompt,
        max_tokens=count,
        temperature=0,
        logprobs=0,
        extra_body={"ignore_eos": True},
    )
    assert answer.usage is not None and answer.usage.completion_tokens == count
    return answer.choices[0].logprobs.tokens, answer.usage.prompt_tokens_details.cached_tokens


def _named(model: Model, tokens: list[int]) -> list[str]:
    """The tokens as OpenAI's dialect names them: a text, or the bytes of what is none by itself."""
    return [_name(model.vocabulary.piece(token)) for token in tokens]


def _name(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece)


@pytest.mark.parametrize("name", [*KINDS, "tiny"])
async def test_alone_in_a_batch_and_on_a_second_turn(
    client: openai.AsyncOpenAI, models: dict[str, Model], name: str
) -> None:
    model = models[name]
    prompt = model.prompt(30)
    expected = model.reference(prompt, 20)
    assert len(set(expected)) > 3, "a model that repeats itself proves nothing"
    alone, cached = await _complete(client, model, prompt, 20)
    assert (alone, cached) == (_named(model, expected), 0)

    async def late(place: int, length: int) -> list[str]:
        await asyncio.sleep(0.03 * place)
        return (await _complete(client, model, model.prompt(length), 24 - 2 * place))[0]

    lengths = (3, 40, 17, 1, 33)
    batch = await asyncio.gather(*(late(place, length) for place, length in enumerate(lengths)))
    for place, length in enumerate(lengths):
        assert batch[place] == _named(model, model.reference(model.prompt(length), 24 - 2 * place)), length

    second = [*prompt, *expected, *model.prompt(7)]
    again, cached = await _complete(client, model, second, 14)
    assert again == _named(model, model.reference(second, 14))
    assert cached >= len(prompt)


async def test_a_chat_with_tiny_is_mlx_lms_own(client: openai.AsyncOpenAI, models: dict[str, Model]) -> None:
    model = models["tiny"]
    talk: list[dict[str, str]] = []
    for line in ("Hello!", "My name is Alice.", "What is my name?"):
        talk.append({"role": "user", "content": line})
        answer = await client.chat.completions.create(model="tiny", messages=talk, temperature=0)
        assert answer.usage is not None
        prompt = model.tokenizer._tokenizer.apply_chat_template(
            talk, add_generation_prompt=True, return_dict=False
        )
        tokens = model.reference(prompt, answer.usage.completion_tokens)
        text = model.tokenizer.decode(tokens, skip_special_tokens=True)
        assert answer.choices[0].message.content == text
        talk.append({"role": "assistant", "content": text})
    assert answer.usage.prompt_tokens_details.cached_tokens > 0
