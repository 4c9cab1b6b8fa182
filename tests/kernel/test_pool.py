"""The pool: one engine per model, however many ask for it at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mlxkernel.config import decode_config
from mlxkernel.errors import RequestFailed
from mlxkernel.kernel import Kernel

PLAIN = {"source": "x", "engine": "string"}
MODELS = {"m": {**PLAIN, "aliases": ["n"]}, "k": PLAIN}


def make(kit: Any, toy: Any) -> Kernel:
    return Kernel(decode_config({"models": MODELS}, "mlx.toml"), [toy.entry()])


async def test_requests_at_once_share_one_engine(kit: Any) -> None:
    toy = kit.Toy()
    made = []
    slow = toy.connect

    async def connect(spec: Any) -> Any:
        await asyncio.sleep(0.01)
        made.append(spec.name)
        return await slow(spec)

    toy.connect = connect
    pool = make(kit, toy).pool
    spec = pool.resolve("n")
    leases = await asyncio.gather(*(pool.lease(spec) for _ in range(5)))
    assert made == ["m"]
    assert {lease.engine for lease in leases} == {toy.engine}
    assert pool.running == 5
    for lease in leases:
        lease.release()
        lease.release()
    assert pool.running == 0


async def test_a_start_that_fails_is_tried_again_by_the_next_request(kit: Any) -> None:
    toy = kit.Toy()
    works = toy.connect
    attempts: list[str] = []

    async def connect(spec: Any) -> Any:
        attempts.append(spec.name)
        if len(attempts) == 1:
            raise OSError("no route to the engine")
        return await works(spec)

    toy.connect = connect
    kernel = make(kit, toy)
    spec = kernel.resolve("m")
    with pytest.raises(OSError, match="no route"):
        await kernel.pool.lease(spec)
    assert kernel.pool.running == 0
    assert kernel.pool.engine("m") is None
    assert (await kernel.pool.lease(spec)).engine is toy.engine
    assert attempts == ["m", "m"]


async def test_closing_ends_every_engine_also_when_one_fails(kit: Any) -> None:
    toy = kit.Toy()
    pool = make(kit, toy).pool
    for name in ("m", "k"):
        await pool.lease(pool.resolve(name))
    assert pool.info("m").architecture == "string"

    async def close() -> None:
        raise OSError("cannot let go")

    async def close_slowly() -> None:
        await asyncio.sleep(0.01)
        toy.engines["k"].closed = True

    toy.engines["m"].close, toy.engines["k"].close = close, close_slowly
    with pytest.raises(OSError, match="cannot let go"):
        await pool.close()
    assert toy.engines["k"].closed
    assert pool.health()["k"].state == "stopped"


def test_a_name_that_no_model_has(kit: Any) -> None:
    with pytest.raises(RequestFailed) as caught:
        make(kit, kit.Toy()).pool.resolve("kk")
    assert caught.value.fault.message == "The model 'kk' does not exist on this server; did you mean 'k'?"
