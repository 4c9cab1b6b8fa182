"""mlx_lm, wrapped: the only module that relies on its internals (pinned to ``mlx-lm>=0.32.2,<0.33``,
and for Python 3.10 to 0.31.3).

tests/plugins/mlx_text/test_library.py holds what is relied on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import ArraysCache, RotatingKVCache, make_prompt_cache
from mlx_lm.utils import (
    _get_classes,
    get_total_parameters,
    load_config,
    load_model,
    load_tokenizer,
)

from mlxkernel.api import LoadProgress, ModelFamily, ModelSpec, WorkerToolbox
from mlxkernel.errors import MlxKernelError
from mlxkernel.messages import Json
from mlxkernel_mlx import states
from mlxkernel_mlx.assembly import Loaded
from mlxkernel_mlx.jobs import Prompt
from mlxkernel_mlx.loading import foreign_code, read_json, read_weights, refuse_code
from mlxkernel_mlx.network import Piece, PlainFeed
from mlxkernel_mlx.reading import TextReader
from mlxkernel_mlx.states import Batch, State, Traits
from mlxkernel_mlx.tokenizer import Tokenizer


def read_config(folder: Path) -> Mapping[str, Json]:
    """The model's config.json, with generation_config.json's end-of-sequence tokens."""
    config: Mapping[str, Json] = load_config(folder)
    return config


def load(spec: ModelSpec, folder: Path, toolbox: WorkerToolbox, progress: LoadProgress) -> Loaded:
    """Load model and tokenizer. Raises `MlxKernelError` with the mend."""
    name, trust_remote_code = spec.name, spec.trust_remote_code
    config = read_config(folder)
    architecture = str(config.get("model_type"))
    family = toolbox.family_of(architecture)
    if not trust_remote_code:
        refuse_code(name, config)
    model, config = _model(name, folder, family, trust_remote_code, progress)
    weight_bytes = read_weights(model, progress)
    tokenizer = _tokenizer(name, folder, config, trust_remote_code)
    return Loaded(
        architecture=architecture,
        family=family,
        network=TextNetwork(model),
        tokenizer=tokenizer,
        reader=TextReader(tokenizer),
        config=config,
        generation=read_json(folder / "generation_config.json"),
        parameters=get_total_parameters(model),
        weight_bytes=weight_bytes,
    )


def _model(
    name: str, folder: Path, family: ModelFamily | None, trust_remote_code: bool, progress: LoadProgress
) -> tuple[Any, Mapping[str, Json]]:
    classes = family.classes if family is not None and family.classes is not None else None
    progress("weights", 0.0)
    try:
        return load_model(folder, lazy=True, get_model_classes=_classes(classes), **_trust(trust_remote_code))
    except FileNotFoundError:
        raise MlxKernelError(
            f"model '{name}' has no weights: its folder holds no model*.safetensors"
        ) from None
    except ValueError as error:
        if "not supported" not in str(error):
            raise MlxKernelError(f"model '{name}' cannot be built from its files: {error}") from error
        architecture = read_config(folder).get("model_type")
        raise MlxKernelError(
            f"model '{name}': mlx-lm does not know the architecture '{architecture}'; "
            "install the plugin that brings its family, or a newer mlx-lm"
        ) from error


def _trust(trust_remote_code: bool) -> dict[str, Any]:
    # mlx-lm 0.31, the last for Python 3.10, has no such argument and runs the code: hence the check above.
    known = "trust_remote_code" in inspect.signature(load_model).parameters
    return {"trust_remote_code": trust_remote_code} if known else {}


def _classes(classes: Callable[[Mapping[str, Json]], tuple[type, type]] | None) -> Callable[..., Any]:
    if classes is None:
        return _get_classes
    return lambda config: classes(config)


def _tokenizer(name: str, folder: Path, config: Mapping[str, Json], trust_remote_code: bool) -> Tokenizer:
    try:
        wrapper = load_tokenizer(
            folder, {"trust_remote_code": trust_remote_code}, eos_token_ids=config.get("eos_token_id")
        )
    except (OSError, ValueError) as error:
        if not trust_remote_code and "auto_map" in read_json(folder / "tokenizer_config.json"):
            raise foreign_code(name, f"the tokenizer of model '{name}' brings its own code") from None
        raise MlxKernelError(f"the tokenizer of model '{name}' cannot be loaded: {error}") from error
    render = wrapper.apply_chat_template if wrapper.has_chat_template else None
    return Tokenizer(wrapper._tokenizer, frozenset(int(token) for token in wrapper.eos_token_ids), render)


class TextNetwork:
    """A language model of mlx_lm."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.traits: Traits = states.traits(self.fresh(), recurrent=ArraysCache, sliding=RotatingKVCache)

    def fresh(self) -> State:
        """An empty state."""
        state: State = make_prompt_cache(self._model)
        return state

    def feed(self, prompt: Prompt, done: int, tenant: str) -> PlainFeed:
        """The prompt's tokens."""
        return PlainFeed(prompt.tokens)

    def prefill(self, cache: State | Batch, pieces: Sequence[Piece]) -> mx.array:
        """Process one piece per row; returns the logits [B, L, V]."""
        rows = [piece.tokens for piece in pieces]
        with states.padded(cache, [len(row) for row in rows]) as longest:
            inputs = mx.array([[*row, *[0] * (longest - len(row))] for row in rows])
            logits: mx.array = self._model(inputs, cache=cache)
        return logits

    def step(self, cache: State | Batch, tokens: mx.array, positions: Sequence[int]) -> mx.array:
        """Process one token [B] per row; the caches know its position. Returns the logits [B, V]."""
        logits: mx.array = self._model(tokens[:, None], cache=cache)
        return logits[:, -1, :]

    def hidden(self, tokens: mx.array, cache: State | None = None) -> mx.array:
        """The last layer's states [B, L, H] of these tokens [B, L], after the final norm, not yet computed.

        Raises `LookupError` for an architecture whose layers cannot be run without its head.
        """
        for path in _BACKBONES:
            part = self._model
            for name in path:
                part = getattr(part, name, None)
            if callable(part):
                seen: mx.array = part(tokens, cache=cache)
                return seen
        architecture = type(self._model).__module__
        raise LookupError(f"the architecture {architecture} does not show the states of its layers")


_BACKBONES = (("language_model", "model"), ("model",), ("transformer",), ("backbone",))
"""Where architectures of mlx_lm keep their layers, most deeply nested first."""
