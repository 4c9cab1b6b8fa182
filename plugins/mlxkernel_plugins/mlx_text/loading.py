"""What a model's files say of it: context, end-of-sequence tokens, chat template, fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mlxkernel.api import ModelFamily, ModelSpec, ReasoningFormat, ToolFormat, WorkerToolbox
from mlxkernel.errors import ConfigError
from mlxkernel.formats import choose, choose_reasoning
from mlxkernel.messages import Json
from mlxkernel_plugins.mlx_text.conversation import ChatFormat

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


def context_of(config: Mapping[str, Json], tokenizer: Any, configured: int | None) -> int:
    """The longest sequence in tokens: the model's own, no more than `configured`."""
    own = _own_context(config) or _own_context(config.get("text_config") or {})
    if own is None:
        named = getattr(tokenizer, "model_max_length", None)
        own = int(named) if named and named < _LARGEST_CONTEXT else _NO_CONTEXT
    return min(own, configured) if configured is not None else own


def _own_context(config: Mapping[str, Json]) -> int | None:
    for key in _CONTEXT_KEYS:
        value = config.get(key)
        if isinstance(value, int) and value > 0:
            return value
    return None


def chat_format(
    spec: ModelSpec, tokenizer: Any, family: ModelFamily | None, toolbox: WorkerToolbox
) -> ChatFormat | None:
    """The template that mlx.toml names, else the model's own, else its family's, else None.

    Raises `ConfigError` for a name that nobody registered.
    """
    if spec.template is not None:
        return ChatFormat(tokenizer, _named(spec.template, f"[models.{spec.name}] template", toolbox))
    own = tokenizer._tokenizer.chat_template
    if isinstance(own, Mapping):
        own = own.get("default")
    if own is not None:
        return ChatFormat(tokenizer, own)
    if tokenizer.has_chat_template:
        return ChatFormat(tokenizer, None)
    if family is not None and family.template is not None:
        return ChatFormat(tokenizer, _named(family.template, f"the family '{family.name}'", toolbox))
    return None


def formats(
    spec: ModelSpec, model_type: str, tokenizer: Any, family: ModelFamily | None, toolbox: WorkerToolbox
) -> tuple[ToolFormat | None, ReasoningFormat | None]:
    """How this model writes calls and thinking: as mlx.toml says, else its family, else its template."""
    own = tokenizer._tokenizer.chat_template
    template = own.get("default") if isinstance(own, Mapping) else own
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


def end_tokens(tokenizer: Any) -> frozenset[int]:
    """The tokens that end an answer: those of config.json, generation_config.json and the tokenizer."""
    return frozenset(int(token) for token in tokenizer.eos_token_ids)


def fingerprint(folder: Path) -> str:
    """What tells these weights from any others, without reading them: names, sizes and times of the files."""
    digest = blake2b(digest_size=16)
    for file in sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*.json")):
        stat = file.stat()
        digest.update(f"{file.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()
