"""The contract with mlx_lm's internals: what `library` relies on, for every kind of layer cache."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest
from mlx_lm.models.cache import ArraysCache, CacheList, KVCache, RotatingKVCache
from mlx_lm.utils import _get_classes
from tests.plugins.mlx_text.architectures import ALL, LATENT, SLIDING

from mlxkernel_mlx import states
from mlxkernel_mlx.network import rows_agree, whole
from mlxkernel_mlx.states import State, Traits
from mlxkernel_plugins.mlx_text.library import TextNetwork

WINDOW = 6


def filled(kind: str, tokens: int, row: int) -> State:
    """A state of one layer whose content says which row and token it is of."""
    values = (mx.arange(tokens, dtype=mx.float32) + 100 * row).reshape(1, 1, tokens, 1)
    if kind == "arrays":
        cache = ArraysCache(size=1)
        cache[0] = mx.full((1, 2), 100.0 * row + tokens)
        return [cache]
    layer: Any = KVCache() if kind == "kv" else RotatingKVCache(max_size=WINDOW)
    if tokens:
        layer.update_and_fetch(values, values)
    return [CacheList(layer, filled("arrays", tokens, row)[0])] if kind == "list" else [layer]


def content(state: State) -> list[list[float]]:
    """What each leaf holds that still counts."""
    return [_leaf(leaf) for leaf in states.leaves(state)]


def _leaf(leaf: Any) -> list[float]:
    if isinstance(leaf, ArraysCache):
        return [float(value) for value in leaf[0].flatten().tolist()]
    if isinstance(leaf, RotatingKVCache):
        return leaf.keys[..., -min(leaf.offset, WINDOW) :, :].flatten().tolist()  # type: ignore[no-any-return]
    return leaf.keys[..., : leaf.offset, :].flatten().tolist()  # type: ignore[no-any-return]


KINDS = ["kv", "rotating", "arrays", "list"]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_out_of_a_batch_as_they_went_in(kind: str) -> None:
    rows = [filled(kind, tokens, row) for row, tokens in enumerate((3, 9, 5))]
    expected = [content(states.extract(states.merge([state]), 0)) for state in rows]
    batch = states.merge(rows[:2])
    states.extend(batch, states.merge(rows[2:]))
    assert [content(states.extract(batch, row)) for row in range(3)] == expected
    states.gather(batch, [2, 0, 0])
    gathered = [content(states.extract(batch, row)) for row in range(3)]
    assert gathered == [expected[place] for place in (2, 0, 0)]


def test_a_copy_is_independent_and_shares_its_buffer_until_then() -> None:
    state = filled("kv", 4, 0)
    mx.eval(states.arrays(state))
    before = mx.get_active_memory()
    copy = states.duplicate(state)
    mx.eval(states.arrays(copy))
    assert mx.get_active_memory() - before < state[0].nbytes
    copy[0].update_and_fetch(mx.full((1, 1, 1, 1), 9.0), mx.full((1, 1, 1, 1), 9.0))
    copy[0].keys[..., 0:1, :] = 7.0
    assert content(state) == [[0.0, 1.0, 2.0, 3.0]]


def test_trimming_takes_tokens_from_the_end() -> None:
    (cache,) = filled("kv", 6, 0)
    assert cache.is_trimmable()
    cache.trim(2)
    assert (cache.size(), cache.offset) == (4, 4)
    (cache,) = filled("rotating", 5, 0)
    assert cache.is_trimmable()
    (cache,) = filled("rotating", WINDOW, 0)
    assert not cache.is_trimmable()
    assert not filled("arrays", 3, 0)[0].is_trimmable()
    assert not filled("list", 3, 0)[0].is_trimmable()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", Traits(batchable=True, paddable=True, trimmable=True)),
        ("experts", Traits(batchable=True, paddable=True, trimmable=True)),
        ("latent-attention", Traits(batchable=True, paddable=True, trimmable=True)),
        ("sliding-window", Traits(batchable=True, paddable=True, trimmable=False)),
        ("recurrent", Traits(batchable=True, paddable=False, trimmable=False)),
        ("hybrid", Traits(batchable=True, paddable=False, trimmable=False)),
    ],
)
def test_traits_of_architectures(name: str, expected: Traits) -> None:
    model_class, args_class = _get_classes(ALL[name])
    model = model_class(args_class.from_dict({**ALL[name], "vocab_size": 32, "max_position_embeddings": 64}))
    assert TextNetwork(model).traits == expected


@pytest.mark.parametrize("config", [SLIDING, LATENT])
def test_padding_leaves_no_trace(config: dict[str, Any]) -> None:
    model_class, args_class = _get_classes(config)
    mx.random.seed(1)
    model = model_class(args_class.from_dict({**config, "vocab_size": 32, "max_position_embeddings": 64}))
    network = TextNetwork(model)
    prompts = [list(range(1, 20)), [3, 4, 5], list(range(8, 22))]
    batch = states.merge([network.fresh() for _ in prompts])
    network.prefill(batch, [piece for prompt in prompts for piece in whole(network, prompt)])
    together = network.step(batch, mx.array([1, 2, 3]), [len(prompt) for prompt in prompts])
    for row, prompt in enumerate(prompts):
        state = network.fresh()
        network.prefill(state, whole(network, prompt))
        alone = network.step(state, mx.array([row + 1]), [len(prompt)])[0]
        assert mx.allclose(together[row], alone, rtol=1e-3, atol=1e-4).item()
    assert rows_agree(network)
