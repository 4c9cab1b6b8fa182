"""mlx_lm, wrapped: the only module that relies on its internals (pinned to ``mlx-lm>=0.32.2,<0.33``,
and for Python 3.10 to 0.31.3).

Two kinds of state are told apart by name throughout the engine. A *state* is a list of layer caches
for one row, as `make_prompt_cache` gives it. A *batch* is a list of layer caches for several rows, as
the classes' ``merge`` gives it. tests/plugins/mlx_text/test_library.py holds what is relied on.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.cache import ArraysCache, CacheList, RotatingKVCache, make_prompt_cache
from mlx_lm.utils import (
    _get_classes,
    get_total_parameters,
    load_config,
    load_model,
    load_tokenizer,
)

from mlxkernel.api import LoadProgress, ModelFamily
from mlxkernel.errors import MlxKernelError
from mlxkernel.messages import Json

State: TypeAlias = list[Any]
"""The layer caches of one row."""

Batch: TypeAlias = list[Any]
"""The layer caches of several rows."""


def read_config(folder: Path) -> Mapping[str, Json]:
    """The model's config.json, with generation_config.json's end-of-sequence tokens."""
    config: Mapping[str, Json] = load_config(folder)
    return config


class Loaded(NamedTuple):
    """What a model's folder holds. `tokenizer` is mlx_lm's wrapper around the Hugging Face one."""

    model: Any
    tokenizer: Any
    config: Mapping[str, Json]
    generation: Mapping[str, Json]
    parameters: int
    weight_bytes: int


def load(
    name: str, folder: Path, family: ModelFamily | None, trust_remote_code: bool, progress: LoadProgress
) -> Loaded:
    """Load model and tokenizer. Raises `MlxKernelError` with the mend."""
    config = read_config(folder)
    code = config.get("model_file")
    if code is not None and not trust_remote_code:
        raise MlxKernelError(
            f"model '{name}' brings its own code ({code}), which does not run unasked; "
            f"if you trust it, write trust_remote_code = true under [models.{name}]"
        )
    classes = family.classes if family is not None and family.classes is not None else None
    progress("weights", 0.0)
    try:
        model, config = load_model(
            folder,
            lazy=True,
            get_model_classes=_classes(classes),
            **_trust(trust_remote_code),
        )
    except FileNotFoundError:
        raise MlxKernelError(
            f"model '{name}' has no weights: its folder holds no model*.safetensors"
        ) from None
    except ValueError as error:
        if "not supported" not in str(error):
            raise MlxKernelError(f"model '{name}' cannot be built from its files: {error}") from error
        raise MlxKernelError(
            f"model '{name}': mlx-lm does not know the architecture '{config.get('model_type')}'; "
            "install the plugin that brings its family, or a newer mlx-lm"
        ) from error
    weight_bytes = _read_weights(model, progress)
    return Loaded(
        model=model,
        tokenizer=_tokenizer(name, folder, config, trust_remote_code),
        config=config,
        generation=_json(folder / "generation_config.json"),
        parameters=get_total_parameters(model),
        weight_bytes=weight_bytes,
    )


def _trust(trust_remote_code: bool) -> dict[str, Any]:
    # mlx-lm 0.31, the last for Python 3.10, has no such argument and runs the code: hence the check above.
    known = "trust_remote_code" in inspect.signature(load_model).parameters
    return {"trust_remote_code": trust_remote_code} if known else {}


def _classes(classes: Callable[[Mapping[str, Json]], tuple[type, type]] | None) -> Callable[..., Any]:
    if classes is None:
        return _get_classes
    return lambda config: classes(config)


def _read_weights(model: Any, progress: LoadProgress) -> int:
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


def _tokenizer(name: str, folder: Path, config: Mapping[str, Json], trust_remote_code: bool) -> Any:
    try:
        return load_tokenizer(
            folder, {"trust_remote_code": trust_remote_code}, eos_token_ids=config.get("eos_token_id")
        )
    except (OSError, ValueError) as error:
        if not trust_remote_code and "auto_map" in _json(folder / "tokenizer_config.json"):
            raise MlxKernelError(
                f"the tokenizer of model '{name}' brings its own code, which does not run unasked; "
                f"if you trust it, write trust_remote_code = true under [models.{name}]"
            ) from None
        raise MlxKernelError(f"the tokenizer of model '{name}' cannot be loaded: {error}") from error


def _json(file: Path) -> Mapping[str, Json]:
    """The table in this file; an empty one if it is missing or none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, Mapping) else {}


def wire_memory() -> int | None:
    """On Metal, keep the model's memory wired as mlx_lm does; returns the old limit, None elsewhere."""
    recommended = mx.device_info().get("max_recommended_working_set_size")
    return mx.set_wired_limit(int(recommended)) if recommended is not None else None


def unwire_memory(limit: int | None) -> None:
    """Undo `wire_memory`."""
    if limit is not None:
        mx.synchronize()
        mx.set_wired_limit(limit)


# --- states ---------------------------------------------------------------------------------------


class Traits(NamedTuple):
    """What a model's states allow.

    `batchable`: rows can be merged. `paddable`: rows of different lengths can be prefilled together
    (a recurrent state would take the padding in: not every model masks it). `trimmable`: a state can be
    shortened at any time, so it serves every shorter prefix.
    """

    batchable: bool
    paddable: bool
    trimmable: bool


def fresh(model: Any) -> State:
    """An empty state."""
    state: State = make_prompt_cache(model)
    return state


def traits(state: State) -> Traits:
    """What states like this one, which must be empty, allow."""
    layers = list(_leaves(state))
    batchable = all(hasattr(layer, "merge") for layer in layers)
    recurrent = any(isinstance(layer, ArraysCache) for layer in layers)
    return Traits(
        batchable=batchable,
        paddable=batchable and not recurrent,
        trimmable=all(layer.is_trimmable() and not isinstance(layer, RotatingKVCache) for layer in layers),
    )


def _leaves(state: Sequence[Any]) -> Iterator[Any]:
    for layer in state:
        if isinstance(layer, CacheList):
            yield from _leaves(layer.caches)
        else:
            yield layer


def duplicate(state: State) -> State:
    """An independent state with the same content; buffers are shared until one side writes."""
    return copy.deepcopy(state)


def merge(states: Sequence[State]) -> Batch:
    """A batch with one row per state. The states are copied."""
    return [layers[0].merge(list(layers)) for layers in zip(*states, strict=True)]


def extend(batch: Batch, other: Batch) -> None:
    """Append the other batch's rows. `other` must not be used afterwards."""
    for mine, theirs in zip(batch, other, strict=True):
        mine.extend(theirs)


def gather(batch: Batch, rows: Sequence[int]) -> None:
    """Keep these rows, in this order; a row may be named more than once."""
    index = mx.array(list(rows))
    for layer in batch:
        layer.filter(index)


def extract(batch: Batch, row: int) -> State:
    """A copy of one row's state."""
    return [layer.extract(row) for layer in batch]


def arrays(state: State | Batch) -> list[Any]:
    """What `mx.eval` takes to compute this state."""
    return [layer.state for layer in state]


def prefill(model: Any, cache: State | Batch, prompts: Sequence[Sequence[int]]) -> mx.array:
    """Process these tokens, one prompt per row; returns the logits [B, L, V], not yet computed.

    Shorter prompts are padded on the right and the padding is taken out of the cache again.
    """
    lengths = [len(prompt) for prompt in prompts]
    longest = max(lengths)
    if min(lengths) == longest:
        return model(mx.array([list(prompt) for prompt in prompts]), cache=cache)  # type: ignore[no-any-return]
    padding = [longest - length for length in lengths]
    for layer in cache:
        layer.prepare(lengths=lengths, right_padding=padding)
    rows = [[*prompt, *[0] * missing] for prompt, missing in zip(prompts, padding, strict=True)]
    logits: mx.array = model(mx.array(rows), cache=cache)
    for layer in cache:
        layer.finalize()
    return logits


def rows_agree(model: Any) -> bool:
    """Whether a row's logits beside a longer row are those that it has alone.

    Some architectures take positions from one number for the whole batch (learned positions, as in GPT-2);
    they fail here or give other logits, and must be run one row at a time.
    """
    long, short = fresh(model), fresh(model)
    prefill(model, long, [[1, 2, 3, 1, 2, 3]])
    prefill(model, short, [[3]])
    alone = prefill(model, duplicate(short), [[2]])[0, -1].astype(mx.float32)
    try:
        beside = model(mx.array([[1], [2]]), cache=merge([long, short]))[1, -1].astype(mx.float32)
        return bool((mx.max(mx.abs(beside - alone)) < _ROUNDING * (mx.max(alone) - mx.min(alone))).item())
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False


_ROUNDING = 0.05
"""Of the logits' range: far above what half precision makes of another order of sums."""
