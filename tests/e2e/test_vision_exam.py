"""tiny-vision sits a slice of its exam over HTTP, with pictures as data URLs and questions side by side."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_plugins.tiny.vision_recipe import exam
from mlxkernel_plugins.tiny.vision_recipe.conversation import Conversation, Part
from mlxkernel_plugins.tiny.vision_recipe.drawing import draw
from mlxkernel_plugins.tiny.vision_recipe.scenes import Picture

ASKED = 16
KINDS = (
    "colour of a single shape",
    "kind of a single shape",
    "number of shapes, one to four",
    "is there such a shape",
    "difference of two pictures",
    "question about a second picture",
    "remembers a name over a picture",
    "says that there is no picture",
)


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny-vision") as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def data_url(picture: Picture) -> str:
    """The picture as a PNG in a URL."""
    file = io.BytesIO()
    draw(picture).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def parts(said: tuple[Part, ...]) -> list[dict[str, Any]]:
    """A user's message as OpenAI describes it."""
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": data_url(part)}}
        for part in said
    ]


def messages(question: Conversation) -> list[dict[str, Any]]:
    """All but the last answer."""
    sent: list[dict[str, Any]] = []
    for turn in question.turns:
        sent.append({"role": "user", "content": parts(turn.user)})
        sent.append({"role": "assistant", "content": turn.answer})
    return sent[:-1]


async def _answer(client: openai.AsyncOpenAI, question: Conversation) -> tuple[str, str | None]:
    done = await client.chat.completions.create(
        model="tiny-vision", messages=messages(question), temperature=0, max_tokens=80
    )
    choice = done.choices[0]
    return choice.message.content or "", choice.finish_reason


@pytest.mark.parametrize("kind", KINDS)
async def test_a_slice_of_the_exam_over_http(client: openai.AsyncOpenAI, kind: str) -> None:
    paper = exam.PAPERS[kind]
    questions = [paper.write("http", index) for index in range(ASKED)]
    answers = await asyncio.gather(*(_answer(client, question) for question in questions))
    right = [question.turns[-1].right(text) for question, (text, _) in zip(questions, answers, strict=True)]
    assert sum(right) >= int(paper.threshold * ASKED), answers
    assert [reason for _, reason in answers].count("stop") >= ASKED - 1


async def test_a_large_picture_is_made_smaller_and_a_tiny_one_larger(client: openai.AsyncOpenAI) -> None:
    """The colour survives both; the prompt never holds more than sixteen tokens of one picture."""
    from PIL import Image

    for size in ((1600, 1200), (20, 16)):
        file = io.BytesIO()
        image = Image.new("RGB", size, "white")
        image.paste("red", (size[0] // 4, size[1] // 4, 3 * size[0] // 4, 3 * size[1] // 4))
        image.save(file, "PNG")
        url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        asked = [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "What colour is it?"},
        ]
        done = await client.chat.completions.create(
            model="tiny-vision", messages=[{"role": "user", "content": asked}], temperature=0
        )
        assert "red" in (done.choices[0].message.content or "")
        assert done.usage is not None and done.usage.prompt_tokens < 16 + 20
