"""Small models that see, made on the spot, and mlx_vlm's own answers to compare with."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten
from mlx_vlm import stream_generate
from mlx_vlm.utils import get_model_and_args, load, update_module_configs
from PIL import Image as Pillow
from tests.plugins.mlx_text.harness import CORPUS, GREEDY, Driver, spec, toolbox
from tests.plugins.mlx_vision.architectures import SPECIAL, VOCABULARY, Family, token
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mlxkernel.api import WorkerToolbox
from mlxkernel.messages import Image, Message, Part, Role, Text
from mlxkernel.request import Conversation, Request
from mlxkernel_plugins.mlx_vision.engine import VisionEngine

BUDGET = 1 << 24
"""Bytes for the features of pictures."""

_TOWERS = ("tower", "vision_model", "projector", "connector")


def picture(seed: int, width: int = 24, height: int = 20) -> Pillow.Image:
    """A picture that resembles no other."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Pillow.fromarray(noise)


def part(picture: Pillow.Image) -> Image:
    """The picture as an engine gets it."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return Image(data=buffer.getvalue(), media_type="image/png")


# --- models ---------------------------------------------------------------------------------------


def write_model(folder: Path, family: Family, seed: int = 7) -> Path:
    """A model with random weights and all the files of its processor."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {**family.config, "eos_token_id": token("<|im_end|>")}
    for name, table in (
        ("config.json", config),
        ("preprocessor_config.json", family.preprocessor),
        ("processor_config.json", family.processor),
    ):
        if table:
            (folder / name).write_text(json.dumps(table))
    _write_tokenizer(folder, family.mark)
    mx.random.seed(seed)
    model = _model(json.loads(json.dumps(config)))
    weights = [(name, _random(name, value, family.scale)) for name, value in tree_flatten(model.parameters())]
    model.update(tree_unflatten(weights))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(weights), metadata={"format": "mlx"})
    return folder


def _model(config: dict[str, Any]) -> Any:
    architecture, _ = get_model_and_args(config)
    for part in ("text", "vision", "audio"):
        config.setdefault(f"{part}_config", {})
    settings = architecture.ModelConfig.from_dict(config)
    settings = update_module_configs(settings, architecture, config, ["text", "vision"])
    return architecture.Model(settings)


def _random(name: str, value: mx.array, scale: float) -> mx.array:
    """Spread so that the best token is clearly the best, and pictures count as much as text."""
    if value.ndim < 2:
        return value
    large = "embed_tokens" in name or "lm_head" in name or "input_projection" in name
    return mx.random.normal(value.shape) * (scale if large else 1.5 / (value.size / value.shape[0]) ** 0.5)


def _write_tokenizer(folder: Path, mark: str) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [CORPUS],
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<pad>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1024,
        "chat_template": template(mark),
    }
    if mark in ("<start_of_image>", "<image_soft_token>"):
        config["extra_special_tokens"] = {
            "image_token": "<image_soft_token>",
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
        }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def template(mark: str) -> str:
    """A chat template that takes strings and lists of parts."""
    return (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}"
        "{% else %}{% for p in m.content %}{% if p.type == 'image' %}" + mark + "{% else %}{{ p.text }}"
        "{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )


def open_engine(
    folder: Path, box: WorkerToolbox | None = None, budget: int = BUDGET, **changes: Any
) -> Driver:
    engine = VisionEngine(budget)
    info = engine.load(spec(**changes), folder, box or toolbox(), lambda stage, fraction: None)
    return Driver(engine, info)


# --- requests -------------------------------------------------------------------------------------


def user(*said: str | Pillow.Image) -> Message:
    """A turn of the user, its texts and pictures in order."""
    parts: tuple[Part, ...] = tuple(Text(item) if isinstance(item, str) else part(item) for item in said)
    return Message(Role.USER, parts)


def assistant(text: str) -> Message:
    """A turn of the model."""
    return Message(Role.ASSISTANT, (Text(text),))


def ask(request_id: str, *messages: Message, **changes: Any) -> Request:
    """A greedy request with logprobs, which goes on to its limit."""
    values: dict[str, Any] = {"sampling": GREEDY, "max_tokens": 12, "ignore_eos": True, "logprobs": 0}
    return Request(**{"id": request_id, "model": "m", "input": Conversation(messages), **values, **changes})


# --- the reference --------------------------------------------------------------------------------


class Reference:
    """mlx_vlm's own greedy tokens for the same conversations."""

    def __init__(self, folder: Path) -> None:
        self._model, self._processor = load(str(folder), trust_remote_code=False)
        self._processor.tokenizer.stopping_criteria.eos_token_ids = []

    def tokens(
        self, messages: Sequence[Message], pictures: Sequence[Pillow.Image], count: int = 12
    ) -> list[int]:
        text = self._processor.tokenizer.apply_chat_template(
            [_plain(message) for message in messages], add_generation_prompt=True, tokenize=False
        )
        language = self._model.language_model
        if hasattr(language, "_position_ids"):
            # What the class remembers of the last prompt would be taken for this one's.
            language._position_ids = language._rope_deltas = None
        given = self._inputs(text, pictures)
        answers = stream_generate(
            self._model, self._processor, text, max_tokens=count, temperature=0.0, **given
        )
        return [answer.token for answer in answers][:count]

    def _inputs(self, text: str, pictures: Sequence[Pillow.Image]) -> dict[str, Any]:
        if not pictures:
            return {}
        if type(self._processor).__name__ != "LlavaProcessor":
            return {"image": list(pictures)}
        # mlx_vlm 0.7.10 asks for padding, which CLIP's image processor in transformers 5.23 refuses.
        outputs = self._processor(text=[text], images=list(pictures))
        return {
            "input_ids": outputs["input_ids"],
            "pixel_values": outputs["pixel_values"],
            "mask": outputs["attention_mask"],
        }


def _plain(message: Message) -> dict[str, Any]:
    parts = [
        {"type": "image"} if isinstance(part, Image) else {"type": "text", "text": part.text}
        for part in message.parts
        if isinstance(part, (Image, Text))
    ]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    return {"role": message.role.value, "content": parts if len(texts) < len(parts) else "".join(texts)}
