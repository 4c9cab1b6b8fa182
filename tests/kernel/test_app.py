"""The application over HTTP: the door, the routes, the shapes of errors, streams and clients that leave."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Failed,
    Finished,
    FinishReason,
    Progress,
    Started,
    TextDelta,
    Usage,
)

CLOSED = {"auth": {"use": "password"}}
KEY = {"Authorization": "Bearer sesame"}

# --- the door -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/toy/who/x"),
        ("POST", "/toy/say"),
        ("GET", "/toy/say"),
        ("OPTIONS", "/toy/say"),
        ("DELETE", "/toy/nothing"),
        ("GET", "/health/"),
        ("GET", "/healthy"),
        ("POST", "/healthz"),
    ],
)
async def test_no_route_but_health_is_open(kit: Any, method: str, path: str) -> None:
    async with kit.serving(**CLOSED) as serving:
        reply = await serving.client.request(method, path)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert "Who are you?" in reply.text
        assert (await serving.client.request(method, path, headers=KEY)).status_code != 401
        health = await serving.client.get("/health")
        assert health.status_code == 200
        assert serving.toy.engine.requests == []


async def test_auth_comes_before_the_body(kit: Any) -> None:
    async with kit.serving(**CLOSED) as serving:
        reader, writer = await serving.connect()
        writer.write(b"POST /toy/say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.close()


async def test_the_principal_reaches_the_request(kit: Any) -> None:
    async with kit.serving(**CLOSED) as serving:
        reply = await serving.client.get("/toy/who/a%2Fb:c", headers=KEY)
        assert reply.json() == {"name": "a/b:c", "principal": "ali", "models": ["m"]}
        asking = asyncio.ensure_future(serving.client.post("/toy/say", json={}, headers=KEY))
        await kit.until(lambda: serving.toy.engine.live)
        assert serving.toy.engine.requests[0].principal == "ali"
        serving.toy.engine.put(Started(3))
        serving.toy.engine.finish()
        assert (await asking).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:1", "LOCALHOST:8000", "[::1]", "[::1]:80", "box.local"]
)
async def test_hosts_that_may_come_in(kit: Any, host: str) -> None:
    async with kit.serving(server={"allowed_hosts": ["Box.local"]}) as serving:
        assert (await serving.client.get("/toy/who/x", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.x", "[::2]"]
)
async def test_hosts_that_may_not(kit: Any, host: str) -> None:
    async with kit.serving() as serving:
        for path in ("/toy/who/x", "/health", "/nothing"):
            reply = await serving.client.get(path, headers={"Host": host})
            assert reply.status_code == 403
        shown = host if host.startswith("[") else host.partition(":")[0]
        assert reply.json()["error"]["message"] == (
            f"The Host header '{shown}' is not allowed on a server that listens on loopback; "
            "the operator can add it to [server] allowed_hosts"
        )


async def test_the_request_id_is_kept_if_it_is_harmless(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.get("/toy/who/x", headers={"X-Request-Id": "trace-1.a_B"})
        assert reply.headers["x-request-id"] == "trace-1.a_B"
        for strange in ("a b", "x" * 129, "<script>", ""):
            reply = await serving.client.get("/nothing", headers={"X-Request-Id": strange})
            made = reply.headers["x-request-id"]
            assert made.startswith("req_") and len(made) == 36
        reply = await serving.client.get("/toy/nothing", headers={"X-Request-Id": "trace-2"})
        assert reply.json()["id"] == "trace-2"


async def test_two_requests_of_one_id_do_not_meet(kit: Any) -> None:
    """The id in the header is the client's; what the engine sees is unique."""
    async with kit.serving() as serving:
        headers = {"X-Request-Id": "same"}
        engine = serving.toy.engine
        first = asyncio.ensure_future(serving.client.post("/toy/say", json={"text": "1"}, headers=headers))
        await kit.until(lambda: len(engine.requests) == 1)
        engine.put(Started(3), TextDelta(0, "for the first"))
        second = asyncio.ensure_future(serving.client.post("/toy/say", json={"text": "2"}, headers=headers))
        await kit.until(lambda: len(engine.requests) == 2)
        assert len(engine.live) == 2
        engine.put(Started(3))
        engine.finish("for the second")
        assert (await second).json()["texts"] == ["for the second"]
        assert (await second).headers["x-request-id"] == "same"
        engine.requests.pop()
        engine.finish("")
        assert (await first).json()["texts"] == ["for the first"]


# --- errors in the right shape --------------------------------------------------------------------------


async def test_errors_take_the_shape_of_the_dialect_below_whose_prefix_they_happen(kit: Any) -> None:
    async with kit.serving() as serving:
        get = serving.client.get
        for path in ("/toy", "/toy/", "/toy/nothing"):
            assert (await get(path)).json()["toy_error"] == f"There is no route GET {path}"
        for path in ("/toys", "/nothing", "/"):
            reply = await get(path)
            assert reply.status_code == 404
            assert reply.json() == {
                "error": {
                    "message": f"There is no route GET {path}",
                    "type": "not_found",
                    "param": None,
                    "code": "no_route",
                }
            }


async def test_a_wrong_method(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.get("/toy/say")
        assert (reply.status_code, reply.json()["toy_error"]) == (405, "/toy/say does not take GET")
        assert "POST" in reply.headers["allow"]


async def test_a_body_that_is_too_large(kit: Any) -> None:
    async with kit.serving(server={"max_body": 100}) as serving:
        reply = await serving.client.post("/toy/say", json={"text": "x" * 200})
        assert reply.status_code == 413
        assert reply.json()["toy_error"] == (
            "The body is larger than this server's limit of 100 bytes ([server] max_body)"
        )
        # In chunks, the size is known only when it is too late.
        reader, writer = await serving.connect()
        head = b"POST /toy/say HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        assert serving.toy.engine.requests == []


async def test_a_body_that_is_nonsense(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.post("/toy/say", content=b"{")
        assert (reply.status_code, reply.json()["toy_error"]) == (400, "the body is not JSON")


async def test_a_defect_is_logged_and_not_shown(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.post("/toy/say", json=[], headers={"X-Request-Id": "bad-1"})
        assert reply.status_code == 500
        assert reply.json()["toy_error"] == "The server failed on this request; its log says why"
        assert "request bad-1 failed" in caplog.text and "AttributeError" in caplog.text
        caplog.clear()


async def test_an_unknown_model(kit: Any) -> None:
    async with kit.serving() as serving:
        for stream in (False, True):
            reply = await serving.client.post("/toy/say", json={"model": "mm", "stream": stream})
            assert reply.status_code == 404
            body = reply.json()
            assert (body["code"], body["param"]) == ("model_not_found", "model")
            assert body["toy_error"] == "The model 'mm' does not exist on this server; did you mean 'm'?"


async def test_a_websocket_is_turned_away(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with kit.serving(**CLOSED) as serving:
        for path in (b"/toy/say", b"/nothing", b"/health"):
            reader, writer = await serving.connect()
            writer.write(
                b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            status = int((await reader.readline()).split()[1])
            assert 400 <= status < 500, status
            writer.close()
    assert "Traceback" not in caplog.text


# --- whole answers --------------------------------------------------------------------------------------


async def test_the_answer_is_the_fold_of_the_stream(kit: Any) -> None:
    events = [
        Started(3),
        Progress("prefill", 1, 2),
        TextDelta(0, "Hel"),
        TextDelta(1, "Bon"),
        TextDelta(0, "lo"),
        TextDelta(1, "jour"),
        ChoiceFinished(1, FinishReason.STOP),
        ChoiceFinished(0, FinishReason.LENGTH),
        Finished(Usage(3, 4)),
    ]
    async with kit.serving() as serving:
        answers = []
        for stream in (False, True):
            body = {"stream": stream, "n": 2, "model": "other-m"}
            asking = asyncio.ensure_future(serving.client.post("/toy/say", json=body))
            await kit.until(lambda: serving.toy.engine.live)
            serving.toy.engine.put(*events)
            answers.append(await asking)
        whole, streamed = answers
        assert whole.json() == {"model": "m", "texts": ["Hello", "Bonjour"], "completion_tokens": 4}
        assert streamed.text == "text Hel\ntext Bon\ntext lo\ntext jour\nusage 4\nend\n"
        assert streamed.headers["content-type"] == "text/plain"
        assert streamed.headers["cache-control"] == "no-cache"
        assert serving.toy.engine.live == {}


async def test_a_run_that_fails_before_its_first_event_gets_its_status(kit: Any) -> None:
    fault = Fault(kind=FaultKind.OVERLOADED, message="full", code="queue_full", retry_after=2.4)
    async with kit.serving() as serving:
        for stream in (False, True):
            asking = asyncio.ensure_future(serving.client.post("/toy/say", json={"stream": stream}))
            await kit.until(lambda: serving.toy.engine.live)
            serving.toy.engine.put(Progress("queued"), Failed(fault))
            reply = await asking
            assert (reply.status_code, reply.json()["code"]) == (503, "queue_full")
            assert reply.headers["retry-after"] == "2"


async def test_a_run_that_fails_in_the_middle(kit: Any) -> None:
    fault = Fault(kind=FaultKind.INTERNAL, message="sorry", code="engine_failed")
    async with kit.serving() as serving:
        replies = []
        for stream in (True, False):
            asking = asyncio.ensure_future(serving.client.post("/toy/say", json={"stream": stream}))
            await kit.until(lambda: serving.toy.engine.live)
            serving.toy.engine.put(Started(3), TextDelta(0, "Hel"), Failed(fault))
            replies.append(await asking)
        assert replies[0].status_code == 200
        assert replies[0].text == "text Hel\nerror engine_failed sorry\nend\n"
        assert (replies[1].status_code, replies[1].json()["toy_error"]) == (500, "sorry")


async def test_an_engine_that_just_stops(kit: Any) -> None:
    async with kit.serving() as serving:
        asking = asyncio.ensure_future(serving.client.post("/toy/say", json={"stream": True}))
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Started(3), TextDelta(0, "Hel"))
        await asyncio.sleep(0)
        next(iter(serving.toy.engine.live.values())).ended = True
        next(iter(serving.toy.engine.live.values()))._wake()
        reply = await asking
        assert reply.text == (
            "text Hel\nerror engine_failed The engine of model 'm' stopped without an end\nend\n"
        )


# --- signs of life --------------------------------------------------------------------------------------


async def test_a_long_wait_gets_its_headers_and_signs_of_life(kit: Any) -> None:
    async with kit.serving(server={"keep_alive": 0.05}) as serving:
        engine = serving.toy.engine

        async def load() -> None:
            while engine.live:
                engine.put(Progress("loading", 1, 1000))
                await asyncio.sleep(0.01)

        asking = asyncio.ensure_future(read_lines(serving.client, 3))
        await kit.until(lambda: engine.live)
        loading = asyncio.ensure_future(load())
        assert await asking == ["alive", "alive", "alive"]
        await loading


async def read_lines(client: httpx.AsyncClient, count: int) -> list[str]:
    """So many lines of a stream; then the client leaves."""
    lines: list[str] = []
    async with client.stream("POST", "/toy/say", json={"stream": True}) as reply:
        assert reply.status_code == 200
        async for line in reply.aiter_lines():
            lines.append(line)
            if len(lines) == count:
                break
    return lines


# --- clients that leave ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [b"true", b"false"])
@pytest.mark.parametrize("said", [0, 1, 2])
async def test_a_client_that_leaves_frees_the_engine(kit: Any, stream: bytes, said: int) -> None:
    async with kit.serving() as serving:
        engine = serving.toy.engine
        _, writer = await serving.send(b'{"stream": ' + stream + b"}")
        await kit.until(lambda: engine.live)
        engine.put(*[Started(3), TextDelta(0, "Hel")][:said])
        await asyncio.sleep(0.02)
        writer.close()
        await kit.until(lambda: not engine.live, "the free engine")
        await kit.until(lambda: serving.kernel.pipeline.active == 0)
        assert serving.kernel.pool.running == 0


async def test_a_client_that_leaves_while_its_body_is_under_way(kit: Any) -> None:
    async with kit.serving() as serving:
        _, writer = await serving.connect()
        writer.write(b"POST /toy/say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()
        assert (await serving.client.get("/toy/who/x")).status_code == 200
        assert serving.toy.engine.requests == []


async def test_a_client_that_leaves_with_a_stream_that_it_does_not_read(kit: Any) -> None:
    async with kit.serving() as serving:
        engine = serving.toy.engine
        _, writer = await serving.send(b'{"stream": true}')
        await kit.until(lambda: engine.live)
        engine.put(Started(3))
        for _ in range(200):
            engine.put(TextDelta(0, "x" * 100_000), Progress("prefill"))
        await asyncio.sleep(0.05)
        writer.transport.abort()
        await kit.until(lambda: not engine.live, "the free engine")


async def test_a_pipelined_second_request_is_answered(kit: Any) -> None:
    async with kit.serving() as serving:
        reader, writer = await serving.connect()
        for _ in range(2):
            writer.write(b"GET /toy/who/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" in await reader.readline()
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(size)
        writer.close()


# --- wrappers and lifespans -----------------------------------------------------------------------------


async def test_wrappers_nest_in_plugin_order(kit: Any) -> None:
    def wrapper(letter: str) -> Any:
        def mlxkernel_wrap_asgi(app: Any) -> Any:
            async def wrapped(scope: Any, receive: Any, send: Any) -> None:
                if scope["type"] == "http":
                    path.append(letter)
                await app(scope, receive, send)

            return wrapped

        return kit.plugin(mlxkernel_wrap_asgi)

    def mlxkernel_wrap_asgi(app: Any, config: Any) -> Any:
        return None

    path: list[str] = []
    silent = kit.plugin(mlxkernel_wrap_asgi)
    entries = [kit.entry("b", wrapper("b")), kit.entry("a", wrapper("a")), kit.entry("c", silent)]
    async with kit.serving(*entries) as serving:
        await serving.client.get("/health")
        assert path == ["b", "a"]
