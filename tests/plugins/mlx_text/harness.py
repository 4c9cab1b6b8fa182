"""A driver that steps the engine in the test's own thread, and small models made on the spot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import _get_classes, save_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mlxkernel.api import ModelInfo, ModelSpec, WorkerToolbox
from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    Progress,
    Rendered,
    Started,
    StepOutput,
    TextDelta,
)
from mlxkernel.fold import Answer, fold
from mlxkernel.request import Prompts, Request, Sampling
from mlxkernel_mlx.engine import BatchEngine
from mlxkernel_plugins.caches import mlxkernel_register_caches
from mlxkernel_plugins.mlx_text.engine import TextEngine
from mlxkernel_plugins.templates import mlxkernel_register_chat_templates

GREEDY = Sampling(temperature=0.0)

VOCABULARY = 380
"""Tokens of the models: a few more than the tokenizer has, as real ones are padded."""

CORPUS = (
    "The quick brown fox jumps over the lazy dog. Hello world, hello you! 1 2 3 4 5 6 7 8 9 10\n"
    "<user> What is your name? My name is Ada and I like naïve café crème, 你好 世界, 🙂🙃.\n"
)

TOOLS_TEMPLATE = (
    "{% if tools %}<|im_start|>system\nCall tools as <tool_call>\n"
    '{"name": NAME, "arguments": OBJECT}\n</tool_call>\n{% for tool in tools %}{{ tool | tojson }}\n'
    "{% endfor %}<|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for call in m.tool_calls %}<tool_call>\n{{ call.function | tojson }}\n</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking %}<think>\n{% endif %}{% endif %}"
)
"""In the style of Qwen's: tools in the system's turn, calls in tags."""

CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def toolbox(**changes: Any) -> WorkerToolbox:
    """What a worker would find, of this repository's own caches and templates."""
    values: dict[str, Any] = {
        "families": {},
        "chat_templates": {t.name: t for t in mlxkernel_register_chat_templates()},
        "caches": {c.name: c for c in mlxkernel_register_caches()},
        "samplers": {},
    }
    return WorkerToolbox(**{**values, **changes})


def byte_level_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [CORPUS],
        trainers.BpeTrainer(
            vocab_size=380,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def write_tokenizer(folder: Path, tokenizer: Tokenizer, template: str | None = CHAT_TEMPLATE) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1024,
    }
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_model(
    folder: Path,
    config: dict[str, Any],
    seed: int = 7,
    dtype: mx.Dtype = mx.float32,
    template: str = CHAT_TEMPLATE,
) -> Path:
    """A model with random weights, spread so that the best token is clearly the best."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = byte_level_tokenizer()
    write_tokenizer(folder, tokenizer, template)
    config = {
        "vocab_size": VOCABULARY,
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "max_position_embeddings": 1024,
        **config,
    }
    (folder / "config.json").write_text(json.dumps(config))
    model_class, args_class = _get_classes(config)
    model = model_class(args_class.from_dict(config))
    mx.random.seed(seed)
    weights = [(name, _random(name, value)) for name, value in tree_flatten(model.parameters())]
    model.update(tree_unflatten([(name, value.astype(dtype)) for name, value in weights]))
    mx.eval(model.parameters())
    save_model(folder, model)
    return folder


def _random(name: str, value: mx.array) -> mx.array:
    if value.ndim < 2:
        return value
    large = "embed" in name or "lm_head" in name
    return mx.random.normal(value.shape) * (1.0 if large else 1.5 / value.shape[-1] ** 0.5)


@dataclass
class Driver:
    """Steps an engine and sorts its events by request."""

    engine: BatchEngine
    info: ModelInfo
    events: dict[str, list[Event]] = field(default_factory=dict)

    def admit(self, request: Request) -> None:
        self.events[request.id] = []
        self.engine.admit(self.engine.prepare(request))

    def step(self) -> list[StepOutput]:
        outputs = self.engine.step()
        for output in outputs:
            self.events[output.request_id].append(output.event)
        return outputs

    def run(self, most: int = 3000) -> None:
        for _ in range(most):
            if not self.engine.busy:
                return
            self.step()
        raise AssertionError("the engine does not come to an end")

    def ask(self, request: Request) -> Answer:
        self.admit(request)
        self.run()
        return self.answer(request.id)

    def answer(self, request_id: str) -> Answer:
        check_law(self.events[request_id])
        return fold(self.events[request_id])

    def staggered(self, requests: Sequence[Request], gap: int = 2) -> dict[str, Answer]:
        """Admit one request every `gap` steps; answers by id."""
        for request in requests:
            self.admit(request)
            for _ in range(gap):
                self.step()
        self.run()
        return {request.id: self.answer(request.id) for request in requests}


def check_law(events: Sequence[Event]) -> None:
    """The law of events, and that no delta is empty without a reason."""
    closed: set[int] = set()
    assert isinstance(events[-1], (Finished, Failed)), events
    assert sum(isinstance(event, (Finished, Failed)) for event in events) == 1
    started = [place for place, event in enumerate(events) if isinstance(event, Started)]
    assert len(started) <= 1
    for place, event in enumerate(events):
        match event:
            case TextDelta(index=index, text=text, tokens=tokens, logprobs=logprobs):
                assert started and started[0] < place
                assert index not in closed
                assert text or tokens or logprobs
            case ChoiceFinished(index=index):
                assert index not in closed
                closed.add(index)
            case Rendered() | Embedding():
                assert started and started[0] < place
            case Finished() | Failed() | Progress() | Started():
                pass


def spec(**changes: Any) -> ModelSpec:
    values: dict[str, Any] = {"name": "m", "source": "m"}
    return ModelSpec(**{**values, **changes})


def open_engine(folder: Path, box: WorkerToolbox | None = None, **changes: Any) -> Driver:
    engine = TextEngine()
    info = engine.load(spec(**changes), folder, box or toolbox(), lambda stage, fraction: None)
    return Driver(engine, info)


def completion(request_id: str, prompt: str | tuple[int, ...], **changes: Any) -> Request:
    values: dict[str, Any] = {"sampling": GREEDY, "max_tokens": 12, "ignore_eos": True}
    return Request(id=request_id, model="m", input=Prompts((prompt,)), **{**values, **changes})
