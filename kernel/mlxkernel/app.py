"""The Quart application: auth before bodies, routes, answers and streams, errors in the dialect's shape."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any

import msgspec
from quart import Quart, Request, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mlxkernel.api import Dialect, Encoder, Endpoint, HttpRequest, Operation, Principal, Reply
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.events import Event, Failed, Progress
from mlxkernel.health import health_reply
from mlxkernel.kernel import LOOPBACK, Kernel
from mlxkernel.openapi import document
from mlxkernel.origins import Origins, is_preflight
from mlxkernel.pipeline import Run
from mlxkernel.routes import HEALTH_PATH, OPENAPI_PATH, Entry, served

logger = logging.getLogger("mlxkernel.app")

View = Callable[..., Awaitable[Response]]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def build_app(kernel: Kernel) -> Any:
    """The ASGI application of a kernel, inside the wrappers of its plugins."""
    app = Quart("mlxkernel", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = kernel.config.server.max_body
    # A stream has no time limit; Quart would cut it short without a word.
    app.config["RESPONSE_TIMEOUT"] = None
    app.url_map.strict_slashes = False
    door = Door(kernel)
    app.before_request(door.enter)
    app.after_request(door.stamp)
    app.register_error_handler(RequestFailed, door.refused)
    app.register_error_handler(HTTPException, door.http_error)
    app.register_error_handler(Exception, door.crashed)
    app.add_url_rule(HEALTH_PATH, "health", _health_view(kernel), methods=["GET"])
    routes = served(kernel.host)
    app.add_url_rule(
        OPENAPI_PATH, "openapi", _openapi_view(kernel, [one.entry for one in routes]), methods=["GET"]
    )
    for one in routes:
        _add_route(app, kernel, one.dialect, one.route)
    _add_lifespan(app, kernel)
    return kernel.host.hooks.wrap_asgi(_without_websockets(app))


def _without_websockets(app: Any) -> Any:
    """Turns WebSockets away: no route takes them, and the door does not stand before them."""

    async def http_only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        else:
            await app(scope, receive, send)

    return http_only


# --- the door: who may come in, and how they are turned away ----------------------------------------


class Door:
    """What happens to every request before its route and after a fault."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._dialects = sorted(
            kernel.host.registries.dialects.values(), key=lambda dialect: len(dialect.prefix), reverse=True
        )
        server = kernel.config.server
        names = {*LOOPBACK, "[::1]", *(host.lower() for host in server.allowed_hosts)}
        self._hosts = names if server.host in LOOPBACK else None
        self._origins = Origins(server)

    async def enter(self) -> Response | None:
        """Name the request, check its Host header, find out who asks."""
        wished = request.headers.get("X-Request-Id", "")
        g.request_id = wished if _REQUEST_ID.fullmatch(wished) else f"req_{uuid.uuid4().hex}"
        g.principal = Principal()
        self._check_host()
        headers = _headers(request)
        if is_preflight(request.method, headers):
            return Response("", status=204, headers=self._origins.preflight(headers))
        self._origins.check(request.method, headers)
        if request.path != HEALTH_PATH:
            g.principal = self._kernel.authenticator.authenticate(headers, request.remote_addr or "")
        return None

    async def stamp(self, response: Any) -> Any:
        """What every answer carries: the request's id, and who may read it."""
        response.headers["X-Request-Id"] = g.get("request_id", "")
        for name, value in self._origins.headers(_headers(request)).items():
            response.headers.setdefault(name, value)
        return response

    def _check_host(self) -> None:
        """A page that rebinds its own name to 127.0.0.1 still sends its own name as Host."""
        if self._hosts is None:
            return
        host = request.headers.get("Host", "").lower()
        name = host if host.startswith("[") and host.endswith("]") else host.rsplit(":", 1)[0]
        if name not in self._hosts:
            raise RequestFailed(
                Fault(
                    kind=FaultKind.FORBIDDEN,
                    message=f"The Host header '{name}' is not allowed on a server that listens on loopback; "
                    "the operator can add it to [server] allowed_hosts",
                    code="host_not_allowed",
                )
            )

    async def refused(self, error: RequestFailed) -> Response:
        """A fault that the request was told on purpose."""
        return self._reply(error.fault)

    async def http_error(self, error: HTTPException) -> Response:
        """What Quart itself refuses: unknown routes, wrong methods, bodies that are too large."""
        response = self._reply(_http_fault(error, self._kernel.config.server.max_body))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    async def crashed(self, error: Exception) -> Response:
        """A defect of ours: the log gets the traceback, the client does not."""
        logger.error("request %s failed", g.get("request_id", "?"), exc_info=error)
        return self._reply(
            Fault(kind=FaultKind.INTERNAL, message="The server failed on this request; its log says why")
        )

    def _reply(self, fault: Fault) -> Response:
        request_id = g.get("request_id", "")
        dialect = self._dialect(request.path)
        reply = dialect.error(fault, request_id) if dialect is not None else _plain_error(fault)
        response = _response(reply)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, round(fault.retry_after)))
        if fault.kind is FaultKind.UNAUTHENTICATED:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def _dialect(self, path: str) -> Dialect | None:
        for dialect in self._dialects:
            if path == dialect.prefix or path.startswith(dialect.prefix.rstrip("/") + "/"):
                return dialect
        return None


def _http_fault(error: HTTPException, max_body: int) -> Fault:
    match error.code:
        case 404:
            return Fault(
                kind=FaultKind.NOT_FOUND,
                message=f"There is no route {request.method} {request.path}",
                code="no_route",
            )
        case 405:
            return Fault(
                kind=FaultKind.METHOD_NOT_ALLOWED, message=f"{request.path} does not take {request.method}"
            )
        case 413:
            message = f"The body is larger than this server's limit of {max_body} bytes ([server] max_body)"
            return Fault(kind=FaultKind.TOO_LARGE, message=message)
        case 408:
            return Fault(kind=FaultKind.TIMEOUT, message="The body did not arrive in time")
        case _:
            return Fault(kind=FaultKind.INVALID, message=error.description or "The request is not valid")


def _plain_error(fault: Fault) -> Reply:
    body = {
        "error": {
            "message": fault.message,
            "type": fault.kind.value,
            "param": fault.param,
            "code": fault.code,
        }
    }
    return Reply(status=fault.kind.status, body=msgspec.json.encode(body))


# --- routes -----------------------------------------------------------------------------------------


def _add_route(app: Quart, kernel: Kernel, dialect: Dialect, route: Operation | Endpoint) -> None:
    view = (
        _endpoint_view(kernel, route)
        if isinstance(route, Endpoint)
        else _operation_view(kernel, dialect, route)
    )
    app.add_url_rule(route.path, f"{dialect.name} {route.method} {route.path}", view, methods=[route.method])


def _health_view(kernel: Kernel) -> View:
    async def view() -> Response:
        return _response(health_reply(kernel))

    return view


def _openapi_view(kernel: Kernel, entries: Sequence[Entry]) -> View:
    async def view() -> Response:
        return _response(Reply(body=document(kernel.version, entries)))

    return view


def _endpoint_view(kernel: Kernel, endpoint: Endpoint) -> View:
    async def view(**path_args: str) -> Response:
        return _response(await endpoint.handle(await _http(path_args), kernel))

    return view


def _operation_view(kernel: Kernel, dialect: Dialect, operation: Operation) -> View:
    async def view(**path_args: str) -> Response:
        run = await kernel.pipeline.start(dialect.name, operation, await _http(path_args))
        # Quart answers, streams and is cancelled in one task per request: however it ends, the run does.
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: run.close())
        if run.request.stream:
            return await _stream(run, operation.encoder(run.request), kernel.config.server.keep_alive)
        return _response(operation.answer(run.request, await run.answer()))

    return view


async def _stream(run: Run, encoder: Encoder, patience: float) -> Response:
    """A streaming response, begun when the engine has accepted the request.

    A request that fails before that gets its proper status; one that waits longer than `patience`
    seconds (a model that loads) gets its headers and a sign of life first.
    """
    events = run.events()
    waiting_since = time.monotonic()
    head: Event | None = None
    async for head in events:
        if not isinstance(head, Progress) or time.monotonic() - waiting_since > patience:
            break
    if isinstance(head, Failed):
        await events.aclose()
        raise RequestFailed(head.fault)
    return _flowing(_encoded(head, events, encoder, patience), encoder.content_type)


def _flowing(chunks: AsyncIterator[bytes], content_type: str) -> Response:
    """A body that comes piece by piece, with no time limit and no buffer on its way."""
    response = Response(chunks, content_type=content_type)
    response.timeout = None
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _encoded(
    head: Event | None, events: AsyncGenerator[Event, None], encoder: Encoder, patience: float
) -> AsyncIterator[bytes]:
    last_sent = time.monotonic()
    if head is not None and (data := _fed(encoder, head)):
        yield data
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Progress) and time.monotonic() - last_sent < patience:
                continue
            if data := _fed(encoder, event):
                last_sent = time.monotonic()
                yield data
    if data := encoder.close():
        yield data


def _fed(encoder: Encoder, event: Event) -> bytes:
    """The event's bytes; progress that the dialect has no word for is a sign of life."""
    data = encoder.feed(event)
    return encoder.keep_alive() if not data and isinstance(event, Progress) else data


# --- HTTP in and out --------------------------------------------------------------------------------


async def _http(path_args: dict[str, str]) -> HttpRequest:
    body: bytes = await request.get_data(cache=False, as_text=False)  # type: ignore[assignment]
    return HttpRequest(
        method=request.method,
        path=request.path,
        headers=_headers(request),
        query=request.args.to_dict(),
        path_args=path_args,
        body=body,
        request_id=g.request_id,
        principal=g.principal,
        client=request.remote_addr or "",
    )


def _headers(incoming: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in incoming.headers.items()}


async def _closing(chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The chunks; however the client leaves, what makes them is closed at once."""
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


def _response(reply: Reply) -> Response:
    if reply.chunks is None:
        response = Response(reply.body, content_type=reply.content_type)
    else:
        response = _flowing(_closing(reply.chunks), reply.content_type)
    response.status_code = reply.status
    for name, value in reply.headers.items():
        response.headers[name] = value
    return response


# --- lifespan ---------------------------------------------------------------------------------------


def _add_lifespan(app: Quart, kernel: Kernel) -> None:
    stack = AsyncExitStack()

    async def start() -> None:
        try:
            await kernel.host.hooks.enter_lifespans(kernel, stack)
            await kernel.pool.preload()
        except BaseException:
            await stop()
            raise

    async def stop() -> None:
        try:
            await kernel.pool.close()
        finally:
            await kernel.media.close()
            try:
                await stack.aclose()
            except Exception:  # the guard around third-party code: the end is not held up by it
                logger.exception("a plugin's lifespan failed at its end")

    app.before_serving(start)
    app.after_serving(stop)
