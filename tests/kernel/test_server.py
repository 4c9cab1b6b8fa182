"""The server: the socket, the drain, and an end that nobody can hold up."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlxkernel.config import ServerConfig
from mlxkernel.errors import PluginError, StartError
from mlxkernel.events import Started, TextDelta
from mlxkernel.server import LAST_BYTES, bind
from mlxkernel.testing.process import serve_process, until

# --- the socket -----------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_clear_line() -> None:
    with bind(ServerConfig(port=0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartError) as caught:
            bind(ServerConfig(port=port))
    assert str(caught.value) == (
        f"127.0.0.1:{port} is already in use; stop the other program, or choose another with --port"
    )


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (ServerConfig(host="192.0.2.1"), "192.0.2.1 is no address of this machine; choose another"),
        (ServerConfig(host="no.such.host.invalid"), "cannot listen on no.such.host.invalid:8000: "),
    ],
)
def test_an_address_that_cannot_be_had(server: ServerConfig, words: str) -> None:
    with pytest.raises(StartError) as caught:
        bind(server)
    assert str(caught.value).startswith(words)


def test_port_0_takes_a_free_one_and_6_in_brackets() -> None:
    with bind(ServerConfig(port=0)) as listener:
        assert listener.getsockname()[1] > 0
    if socket.has_ipv6:
        with bind(ServerConfig(host="::1", port=0)) as listener:
            assert listener.family == socket.AF_INET6


async def test_the_url_holds_the_real_port(kit: Any) -> None:
    async with kit.serving() as serving:
        assert serving.server.url == f"http://127.0.0.1:{serving.server.port}"
        assert (await serving.client.get("/health")).status_code == 200


# --- the drain ------------------------------------------------------------------------------------------


async def test_a_running_stream_finishes_and_new_requests_are_told_to_come_back(kit: Any) -> None:
    async with kit.serving() as serving:
        engine = serving.toy.engine
        running = asyncio.ensure_future(serving.client.post("/toy/say", json={"stream": True}))
        await kit.until(lambda: engine.live)
        engine.put(Started(3), TextDelta(0, "Hel"))
        stopping = asyncio.ensure_future(serving.server.stop())
        await kit.until(lambda: serving.kernel.pipeline.draining)
        reply = await serving.client.post("/toy/say", json={})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
        assert reply.json()["toy_error"] == "The server is shutting down; try again when it is back"
        health = await serving.client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "draining")
        engine.finish("lo")
        assert (await running).text == "text Hel\ntext lo\nusage 1\nend\n"
        await stopping
    assert engine.closed


async def test_when_the_grace_is_over_the_rest_is_told(kit: Any) -> None:
    async with kit.serving(server={"drain_grace": 0.05}) as serving:
        engine = serving.toy.engine
        stream = asyncio.ensure_future(serving.client.post("/toy/say", json={"stream": True}))
        await kit.until(lambda: len(engine.requests) == 1)
        engine.put(Started(3), TextDelta(0, "Hel"))
        whole = asyncio.ensure_future(serving.client.post("/toy/say", json={}))
        await kit.until(lambda: len(engine.requests) == 2)
        await serving.server.stop()
        assert (await stream).text == (
            "text Hel\nerror shutting_down The server is shutting down; try again when it is back\nend\n"
        )
        reply = await whole
        assert (reply.status_code, reply.json()["code"]) == (503, "shutting_down")
        assert reply.headers["retry-after"] == "10"


async def test_stop_now_does_not_wait(kit: Any) -> None:
    async with kit.serving(server={"drain_grace": 1000.0}) as serving:
        engine = serving.toy.engine
        whole = asyncio.ensure_future(serving.client.post("/toy/say", json={}))
        await kit.until(lambda: engine.live)
        stopping = asyncio.ensure_future(serving.server.stop())
        await asyncio.sleep(0.05)
        serving.server.stop_now()
        assert (await whole).status_code == 503
        await stopping


NUISANCES = {
    "an idle connection": b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "half a head": b"POST /toy/say HTTP/1.1\r\nHost: loc",
    "half a body": b"POST /toy/say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    "nothing at all": b"",
    "a chunk too few": (
        b"POST /toy/say HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
    ),
}


@pytest.mark.parametrize("nuisance", list(NUISANCES))
async def test_no_connection_holds_up_the_end(kit: Any, nuisance: str) -> None:
    async with kit.serving() as serving:
        _, writer = await serving.connect()
        writer.write(NUISANCES[nuisance])
        await writer.drain()
        assert (await serving.client.get("/health")).status_code == 200
        await asyncio.sleep(0.02)
        await asyncio.wait_for(serving.stop(), LAST_BYTES + 8)
    assert serving.toy.engine.closed


async def test_a_client_that_does_not_read_does_not_hold_up_the_end(kit: Any) -> None:
    async with kit.serving(server={"drain_grace": 0.05}) as serving:
        engine = serving.toy.engine
        await serving.send(b'{"stream": true}')
        await kit.until(lambda: engine.live)
        engine.put(Started(3))
        for _ in range(200):
            engine.put(TextDelta(0, "x" * 100_000), TextDelta(1, "y"))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(serving.stop(), LAST_BYTES * 2 + 8)
    assert engine.closed


# --- lifespans ------------------------------------------------------------------------------------------


def lifespan(kit: Any, name: str, diary: list[str], fault: Exception | None = None) -> Any:
    @asynccontextmanager
    async def mlxkernel_lifespan(kernel: Any) -> AsyncIterator[None]:
        if fault is not None:
            raise fault
        diary.append(f"enter {name} of {kernel.version}")
        yield
        diary.append(f"leave {name}")

    return kit.entry(name, kit.plugin(mlxkernel_lifespan))


async def test_lifespans_are_entered_in_order_and_left_in_reverse_after_the_engines(kit: Any) -> None:
    diary: list[str] = []
    async with kit.serving(lifespan(kit, "b", diary), lifespan(kit, "a", diary)) as serving:
        assert [line.split()[:2] for line in diary] == [["enter", "a"], ["enter", "b"]]
        assert (await serving.client.get("/health")).status_code == 200
    assert diary[2:] == ["leave b", "leave a"]


async def test_a_lifespan_that_fails_stops_the_start_and_names_its_plugin(kit: Any) -> None:
    diary: list[str] = []
    broken = lifespan(kit, "b", diary, OSError("no room"))
    with pytest.raises(StartError) as caught:
        async with kit.serving(lifespan(kit, "a", diary), broken) as serving:
            await serving.running
    assert str(caught.value) == (
        "plugin 'b' of acme 1.2 cannot be used (lifespan): OSError: no room. "
        "Mend: pip install --upgrade acme, "
        'or switch it off with [kernel] disabled = ["b"]'
    )
    assert diary[1:] == ["leave a"]


async def test_a_wrapper_that_fails_stops_the_start_and_names_its_plugin(kit: Any) -> None:
    def mlxkernel_wrap_asgi(app: Any) -> Any:
        raise KeyError("lid")

    with pytest.raises(PluginError) as caught:
        async with kit.serving(kit.entry("w", kit.plugin(mlxkernel_wrap_asgi))) as serving:
            await serving.running
    assert str(caught.value) == (
        "plugin 'w' of acme 1.2 cannot be used (wrap_asgi): KeyError: 'lid'. "
        "Mend: pip install --upgrade acme, "
        'or switch it off with [kernel] disabled = ["w"]'
    )


# --- as a process ---------------------------------------------------------------------------------------

TABLES = """
[models.m]
source = "clockwork:"
engine = "clockwork"
preload = true

[server]
drain_grace = 5.0
"""


@pytest.fixture
def mlx_toml(tmp_path: Path, clockwork_installed: None) -> str:
    file = tmp_path / "mlx.toml"
    file.write_text(TABLES)
    return str(file)


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_sigterm_with_an_idle_and_a_half_sent_connection(mlx_toml: str) -> None:
    with serve_process("-c", mlx_toml) as server:
        server.wait_ready()
        port = int(server.url.rpartition(":")[2])
        workers = server.workers()
        assert len(workers) == 1
        with httpx.Client(base_url=server.url) as client:
            assert client.get("/health").status_code == 200
            with (
                socket.create_connection(("127.0.0.1", port)) as head,
                socket.create_connection(("127.0.0.1", port)) as body,
            ):
                head.sendall(NUISANCES["half a head"])
                body.sendall(NUISANCES["half a body"].replace(b"/toy/say", b"/v1/completions"))
                client.get("/health")
                assert server.stop(signal.SIGTERM, LAST_BYTES + 15) == 0, server.log
                assert "Traceback" not in server.log
    assert not any(running(pid) for pid in workers)


def test_no_worker_survives_a_kernel_that_was_killed(mlx_toml: str) -> None:
    with serve_process("-c", mlx_toml) as server:
        server.wait_ready()
        workers = server.workers()
        assert workers and all(running(pid) for pid in workers)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not any(running(pid) for pid in workers), "the workers' end", 2.0)


def test_a_served_process_is_small_and_free_of_numbers(mlx_toml: str) -> None:
    began = time.monotonic()
    with serve_process("-c", mlx_toml) as server:
        until(lambda: '"ready"' in server.log, "the ready line")
        print(f"ready after {time.monotonic() - began:.2f} s")
        server.wait_ready()
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        resident = int(status.partition("VmRSS:")[2].split()[0])
        print(f"resident: {resident / 1024:.1f} MiB")
        assert resident < 90 * 1000 * 1000 / 1024
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert "libmlx" not in maps and "numpy" not in maps
        assert server.stop() == 0
