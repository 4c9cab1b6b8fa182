"""Loading: what a model's files say of it (context, chat template, formats, fingerprint), and its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import mlx.core as mx
from mlx.utils import tree_flatten

from mlxkernel.api import LoadProgress, ModelFamily, ModelSpec, ReasoningFormat, ToolFormat, WorkerToolbox
from mlxkernel.errors import ConfigError, MlxKernelError
from mlxkernel.formats import choose, choose_reasoning
from mlxkernel.messages import Json
from mlxkernel_mlx.conversation import ChatFormat
from mlxkernel_mlx.tokenizer import Tokenizer

_CONTEXT_KEYS = (
    "max_position_embeddings",
    "max_sequence_length",
    "max_seq_len",
    "max_seq_length",
    "seq_length",
    "n_positions",
    "n_ctx",
    "context_length",
)
"""What config.json files call the longest sequence, in the order of trust."""

_NO_CONTEXT = 32768
"""For models that name no limit (recurrent ones have none)."""

_LARGEST_CONTEXT = 10**9
"""Tokenizers write absurd numbers for "no limit"; what is larger than this is none."""


def context_of(config: Mapping[str, Json], tokenizer: Tokenizer, configured: int | None) -> int:
    """The longest sequence in tokens: the model's own, no more than `configured`."""
    own = _own_context(config) or _own_context(config.get("text_config") or {})
    if own is None:
        named = getattr(tokenizer.hf, "model_max_length", None)
        own = int(named) if named and named < _LARGEST_CONTEXT else _NO_CONTEXT
    return min(own, configured) if configured is not None else own


def _own_context(config: Mapping[str, Json]) -> int | None:
    for key in _CONTEXT_KEYS:
        value = config.get(key)
        if isinstance(value, int) and value > 0:
            return value
    return None


def chat_format(
    spec: ModelSpec, tokenizer: Tokenizer, family: ModelFamily | None, toolbox: WorkerToolbox
) -> ChatFormat | None:
    """The template that mlx.toml names, else the model's own, else its family's, else None.

    Raises `ConfigError` for a name that nobody registered.
    """
    if spec.template is not None:
        return ChatFormat(tokenizer, _named(spec.template, f"[models.{spec.name}] template", toolbox))
    if tokenizer.template is not None:
        return ChatFormat(tokenizer, tokenizer.template)
    if tokenizer.render is not None:
        return ChatFormat(tokenizer, None)
    if family is not None and family.template is not None:
        return ChatFormat(tokenizer, _named(family.template, f"the family '{family.name}'", toolbox))
    return None


def formats(
    spec: ModelSpec, model_type: str, tokenizer: Tokenizer, family: ModelFamily | None, toolbox: WorkerToolbox
) -> tuple[ToolFormat | None, ReasoningFormat | None]:
    """How this model writes calls and thinking: as mlx.toml says, else its family, else its template."""
    template = tokenizer.template
    calling: str | None = spec.tool_format
    thinking: str | None = spec.reasoning_format
    if calling == "auto":
        calling = (family and family.tool_format) or choose(
            model_type, template, toolbox.tool_formats.values()
        )
    if thinking == "auto":
        thinking = (family and family.reasoning_format) or choose_reasoning(
            model_type, template, toolbox.reasoning_formats.values()
        )
    return toolbox.tool_formats.get(calling or "none"), toolbox.reasoning_formats.get(thinking or "none")


def _named(name: str, owner: str, toolbox: WorkerToolbox) -> str:
    template = toolbox.chat_templates.get(name)
    if template is None:
        known = ", ".join(toolbox.chat_templates) or "none is installed"
        raise ConfigError(f"{owner}: there is no chat template '{name}' (known: {known})")
    return template.source


def fingerprint(folder: Path) -> str:
    """What tells these weights from any others, without reading them: names, sizes and times of the files."""
    digest = blake2b(digest_size=16)
    for file in sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*.json")):
        stat = file.stat()
        digest.update(f"{file.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def read_weights(model: Any, progress: LoadProgress) -> int:
    """Evaluate the parameters piece by piece, so that the load shows; returns their bytes."""
    arrays: list[mx.array] = [array for _, array in cast("list[Any]", tree_flatten(model.parameters()))]
    total = sum(array.nbytes for array in arrays)
    done, piece, pending = 0, total // 50, 0
    group: list[mx.array] = []
    for array in arrays:
        group.append(array)
        pending += array.nbytes
        if pending > piece:
            mx.eval(group)
            done, pending, group = done + pending, 0, []
            progress("weights", done / total)
    mx.eval(group)
    progress("weights", 1.0)
    return total


def read_json(file: Path) -> Mapping[str, Json]:
    """The table in this file; an empty one if it is missing or none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, Mapping) else {}


def refuse_code(name: str, config: Mapping[str, Json]) -> None:
    """Raise `MlxKernelError` for a model whose config.json names code in its folder."""
    code = config.get("model_file")
    if code is not None:
        raise foreign_code(name, f"model '{name}' brings its own code ({code})")


def foreign_code(name: str, what: str) -> MlxKernelError:
    """The error for code in a model's folder, which nobody has agreed to run; `what` says what brings it."""
    return MlxKernelError(
        f"{what}, which does not run unasked; "
        f"if you trust it, write trust_remote_code = true under [models.{name}]"
    )
