"""From the network to a model's folder: weights, configuration, tokenizer, processor and chat template."""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer
from torch import Tensor

from ..recipe.rendering import END_OF_TEXT
from .network import Network, Special, config
from .rendering import IMAGE, PLACE, PLAIN, VIDEO, VISION_END, VISION_START, number
from .sizes import CHANNELS, LEAST_PIXELS, MERGE, MOST_PIXELS, PATCH

CONTEXT = 4096


def special(tokenizer: Tokenizer) -> Special:
    """Return the numbers of the special tokens."""
    tokens = ("<|im_end|>", END_OF_TEXT, VISION_START, VISION_END, IMAGE, VIDEO)
    return Special(*(number(tokenizer, token) for token in tokens))


def extended(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer of `tiny` with the tokens of pictures behind its entries."""
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True) for token in (VISION_START, VISION_END, IMAGE, VIDEO)]
    )
    return tokenizer


def template(text_only: str) -> str:
    """Return the chat template of `tiny` with a place for every picture, in order among the texts."""
    if text_only.count(PLAIN) != 1:
        raise ValueError(f"the template of tiny has no line {PLAIN!r}; mend vision_recipe/rendering.py")
    return text_only.replace(PLAIN, PLACE)


def processor() -> dict[str, Any]:
    """Return the content of preprocessor_config.json: larger pictures are made smaller."""
    return {
        "processor_class": "Qwen3VLProcessor",
        "image_processor_type": "Qwen2VLImageProcessor",
        "patch_size": PATCH,
        "temporal_patch_size": 1,
        "merge_size": MERGE,
        "min_pixels": LEAST_PIXELS,
        "max_pixels": MOST_PIXELS,
        "size": {"shortest_edge": LEAST_PIXELS, "longest_edge": MOST_PIXELS},
        "image_mean": [0.5] * CHANNELS,
        "image_std": [0.5] * CHANNELS,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "do_convert_rgb": True,
    }


def weights(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as float16 in the shapes of Hugging Face: the first layer is a convolution there."""
    saved = {name: weight.detach().to(torch.float16).contiguous() for name, weight in named.items()}
    first = "model.visual.patch_embed.proj.weight"
    saved[first] = saved[first].reshape(-1, CHANNELS, 1, PATCH, PATCH)
    return saved


def _written(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def prepare(text_model: Path, out: Path) -> None:
    """Write what training needs and what does not change by it: tokenizer, template, processor."""
    out.mkdir(parents=True, exist_ok=True)
    extended(Tokenizer.from_file(str(text_model / "tokenizer.json"))).save(str(out / "tokenizer.json"))
    settings = json.loads((text_model / "tokenizer_config.json").read_text())
    settings["additional_special_tokens"] += [VISION_START, VISION_END, IMAGE, VIDEO]
    settings["processor_class"] = "Qwen3VLProcessor"
    _written(out / "tokenizer_config.json", settings)
    _written(out / "preprocessor_config.json", processor())
    (out / "chat_template.jinja").write_text(template((text_model / "chat_template.jinja").read_text()))


def export(network: Network, named: dict[str, Tensor], tokenizer: Tokenizer, out: Path) -> None:
    """Write the weights, whole or not at all, config.json and generation_config.json."""
    save_file(weights(named), out / "model.safetensors.new", metadata={"format": "pt"})
    (out / "model.safetensors.new").chmod(0o644)
    (out / "model.safetensors.new").rename(out / "model.safetensors")
    tokens = special(tokenizer)
    _written(out / "config.json", config(network.language, network.vision, tokens, CONTEXT))
    sampling = {"do_sample": True, "temperature": 0.3, "top_p": 0.9}
    ends = {"eos_token_id": [tokens.end, tokens.pad], "pad_token_id": tokens.pad}
    _written(out / "generation_config.json", {**sampling, **ends})
