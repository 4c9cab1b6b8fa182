"""What the kernel's tests share: plugins made on the spot, a small dialect, engines on a string, servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import msgspec
import pytest

import mlxkernel
from mlxkernel.api import (
    DirectEngine,
    Endpoint,
    EngineStats,
    Health,
    HttpRequest,
    KernelView,
    ModelInfo,
    ModelSpec,
    Principal,
    Reply,
)
from mlxkernel.config import WorkerConfig, decode_config
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    TextDelta,
    Usage,
)
from mlxkernel.flight import Flight
from mlxkernel.fold import Answer
from mlxkernel.host import PluginHost, Scope, discover
from mlxkernel.kernel import Kernel
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, Prompts, Request
from mlxkernel.server import Server, bind
from mlxkernel.supervisor import Supervisor

CLOCKWORK = Path(__file__).parent / "clockwork"
PATIENCE = 20.0
"""Seconds after which a test that waits for something gives up; nothing is measured against it."""


async def until(condition: Callable[[], Any], what: str = "it") -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE:g} s"
        await asyncio.sleep(0.005)


# --- plugins made on the spot -----------------------------------------------------------------------


class _Dist:
    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version


class OwnedEntryPoint(EntryPoint):
    """An entry point of a distribution that exists in the test only."""

    def load(self) -> Any:
        made = _MADE[self.value]
        if isinstance(made, BaseException):
            raise made
        return made


_MADE: dict[str, ModuleType | BaseException] = {}


def make_plugin(*hooks: Callable[..., Any], marked: bool = True, **names: Any) -> ModuleType:
    """A plugin's module: these functions as hooks, these names beside them."""
    module = ModuleType("made_in_a_test")
    for hook in hooks:
        setattr(module, hook.__name__, mlxkernel.hookimpl(hook) if marked else hook)
    for name, value in names.items():
        setattr(module, name, value)
    return module


def make_entry(
    name: str, made: ModuleType | BaseException, distribution: str = "acme", version: str = "1.2"
) -> EntryPoint:
    """An entry point for a plugin, owned by a distribution."""
    value = f"made:{len(_MADE)}"
    _MADE[value] = made
    entry = OwnedEntryPoint(name=name, value=value, group="mlxkernel.v1")
    vars(entry)["dist"] = _Dist(distribution, version)
    return entry


def make_host(
    *entries: EntryPoint, scope: Scope = Scope.KERNEL, load: bool = True, **tables: Any
) -> PluginHost:
    """A host with these plugins and these tables of mlx.toml."""
    host = PluginHost(decode_config(tables, "mlx.toml"), scope, list(entries))
    if load:
        host.load()
    return host


# --- a small dialect ---------------------------------------------------------------------------------


class ToyEncoder:
    """One line per event."""

    content_type = "text/plain"

    def feed(self, event: Event) -> bytes:
        match event:
            case TextDelta(text=text):
                return f"text {text}\n".encode()
            case Failed(fault=fault):
                return f"error {fault.code} {fault.message}\n".encode()
            case Finished(usage=usage):
                return f"usage {usage.completion_tokens}\n".encode()
            case _:
                return b""

    def keep_alive(self) -> bytes:
        return b"alive\n"

    def close(self) -> bytes:
        return b"end\n"


class Say:
    """``POST /toy/say {"text", "model", "stream"}``"""

    names = {"max_tokens": "words"}
    method = "POST"
    path = "/toy/say"

    def read(self, http: HttpRequest) -> Request:
        try:
            body = msgspec.json.decode(http.body)
        except msgspec.DecodeError:
            raise invalid("the body is not JSON") from None
        return Request(
            id="",
            model=body.get("model", "m"),
            input=Conversation((Message(Role.USER, (Text(body.get("text", "hi")),)),)),
            stream=body.get("stream", False),
            n=body.get("n", 1),
        )

    def encoder(self, request: Request) -> ToyEncoder:
        return ToyEncoder()

    def answer(self, request: Request, answer: Answer) -> Reply:
        body = {
            "model": request.model,
            "texts": [choice.text for choice in answer.choices],
            "completion_tokens": answer.usage.completion_tokens,
        }
        return Reply(body=msgspec.json.encode(body))


class ToyDialect:
    """A dialect of two routes below /toy."""

    name = "toy"
    prefix = "/toy"

    def routes(self) -> Sequence[Any]:
        return [Say(), Endpoint(method="GET", path="/toy/who/<path:name>", handle=self.who)]

    async def who(self, http: HttpRequest, kernel: KernelView) -> Reply:
        body = {
            "name": http.path_args["name"],
            "principal": http.principal.name,
            "models": [spec.name for spec in kernel.models()],
        }
        return Reply(body=msgspec.json.encode(body))

    def error(self, fault: Fault, request_id: str) -> Reply:
        body = {"toy_error": fault.message, "code": fault.code, "param": fault.param, "id": request_id}
        return Reply(status=fault.kind.status, body=msgspec.json.encode(body))


class Open:
    """Lets everybody in."""

    name = "open"
    protects = False

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        return Principal()


class Password:
    """Asks for ``Authorization: Bearer sesame``."""

    name = "password"
    protects = True

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        if headers.get("authorization") != "Bearer sesame":
            raise RequestFailed(Fault(kind=FaultKind.UNAUTHENTICATED, message="Who are you?"))
        return Principal(name="ali")


# --- an engine on a string -----------------------------------------------------------------------------


class StringEngine:
    """An engine whose events the test puts in one by one; `live` are the requests that run."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.requests: list[Request] = []
        self.cancelled: list[str] = []
        self.live: dict[str, Flight] = {}
        self.state = "ready"
        self.closed = False

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(name=self.spec.name, architecture="string", engine="string", context=9, vocabulary=9)

    async def submit(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        flight = self.live[request.id] = Flight(request)
        try:
            async for event in flight:
                yield event
        finally:
            if self.live.get(request.id) is flight:
                del self.live[request.id]

    def put(self, *events: Event) -> None:
        """Say this to the request that came last."""
        for event in events:
            self.live[self.requests[-1].id].put(event)

    def finish(self, text: str = "done") -> None:
        """Say this and end."""
        self.put(TextDelta(0, text), ChoiceFinished(0, FinishReason.STOP), Finished(Usage(3, 1)))

    def cancel(self, request_id: str) -> None:
        flight = self.live.pop(request_id, None)
        if flight is not None:
            self.cancelled.append(request_id)
            flight.end()

    def health(self) -> Health:
        return Health(state=self.state)

    def stats(self) -> EngineStats:
        return EngineStats(running=len(self.live))

    async def close(self) -> None:
        self.closed = True


class Toy:
    """The plugin of the server tests: dialect, engine and auth. `engines` are the engines that it made."""

    def __init__(self) -> None:
        self.engines: dict[str, StringEngine] = {}

    @property
    def engine(self) -> StringEngine:
        """The engine of model m."""
        return self.engines["m"]

    async def connect(self, spec: ModelSpec) -> StringEngine:
        engine = self.engines[spec.name] = StringEngine(spec)
        return engine

    def entry(self) -> EntryPoint:
        def mlxkernel_register_dialects() -> Sequence[Any]:
            return [ToyDialect()]

        def mlxkernel_register_engines() -> Sequence[Any]:
            return [DirectEngine(name="string", connect=self.connect)]

        def mlxkernel_register_auth() -> Sequence[Any]:
            return [Open(), Password()]

        return make_entry(
            "toy",
            make_plugin(mlxkernel_register_dialects, mlxkernel_register_engines, mlxkernel_register_auth),
        )


class Serving:
    """A server in the test's own event loop, and a client for it."""

    def __init__(self, kernel: Kernel, server: Server, running: asyncio.Task[None], toy: Toy) -> None:
        self.kernel = kernel
        self.server = server
        self.running = running
        self.toy = toy
        self.client = httpx.AsyncClient(base_url=server.url, timeout=PATIENCE)
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare connection, for clients that misbehave."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._writers.append(writer)
        return reader, writer

    async def send(
        self, body: bytes, path: str = "/toy/say"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare connection on which a POST was sent."""
        reader, writer = await self.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        return reader, writer

    async def stop(self) -> None:
        """Drain and end, as SIGTERM does; raises what the server raised."""
        stopping = asyncio.ensure_future(self.server.stop())
        await self.running
        await stopping

    async def close(self) -> None:
        """End the server if it still runs, and every connection."""
        try:
            await asyncio.wait_for(self.stop(), PATIENCE)
        finally:
            await self.client.aclose()
            for writer in self._writers:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


MODEL = {"m": {"source": "x", "engine": "string", "preload": True, "aliases": ["other-m"]}}


@contextlib.asynccontextmanager
async def serving(*more: EntryPoint, toy: Toy | None = None, **tables: Any) -> AsyncIterator[Serving]:
    """A server with the toy plugin and these, on a free port; drains at the end."""
    toy = toy or Toy()
    merged = {"models": MODEL, "auth": {"use": "open"}, **tables}
    merged["server"] = {"port": 0, "drain_grace": 5.0, **tables.get("server", {})}
    kernel = Kernel(decode_config(merged, "mlx.toml"), [toy.entry(), *more])
    server = Server(kernel, bind(kernel.config.server))
    running = asyncio.ensure_future(server.run())
    serving = Serving(kernel, server, running, toy)
    try:
        count = sum(spec.preload for spec in kernel.models())
        await until(lambda: running.done() or len(toy.engines) >= count, "the preload")
        yield serving
    finally:
        await serving.close()


# --- supervised clockworks ------------------------------------------------------------------------------


@pytest.fixture
def clockwork_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin `clockwork` is installed, for this process and for its workers."""
    monkeypatch.syspath_prepend(str(CLOCKWORK))
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CLOCKWORK), *([inherited] if inherited else [])]))


def clockwork_tables() -> dict[str, Any]:
    """Tables of mlx.toml that leave no plugin but `clockwork` running."""
    others = sorted({entry.name for entry in discover()} - {"clockwork"})
    return {"kernel": {"disabled": others}, "log": {"level": "error"}}


QUICK = WorkerConfig(
    heartbeat=0.05, silence=PATIENCE, step_limit=PATIENCE, backoff=0.01, backoff_limit=0.05, stop_grace=5.0
)


class Supervision:
    """Starts supervisors over clockworks, and closes them."""

    def __init__(self) -> None:
        self.supervisors: list[Supervisor] = []

    def __call__(self, switches: str = "", config: WorkerConfig = QUICK, **changes: Any) -> Supervisor:
        tables = clockwork_tables()
        host = PluginHost(decode_config(tables, "mlx.toml"), Scope.KERNEL)
        host.load()
        stamps = tuple(plugin.stamp for plugin in host.loaded)
        spec = ModelSpec(name="m", source=f"clockwork:{switches}", **changes)
        supervisor = Supervisor(spec, config, tables, stamps)
        self.supervisors.append(supervisor)
        supervisor.start()
        return supervisor


@pytest.fixture
async def supervise(clockwork_installed: None) -> AsyncIterator[Supervision]:
    """Makes supervisors; none of their processes outlives the test."""
    supervision = Supervision()
    yield supervision
    for supervisor in supervision.supervisors:
        await supervisor.close()
        assert supervisor.pid is None


def ask(command: str, request_id: str = "r1", **changes: Any) -> Request:
    """A request with a command for the clockwork."""
    return Request(id=request_id, model="m", input=Prompts((command,)), **changes)


# --- what tests ask for by name -------------------------------------------------------------------------


class Kit:
    """The functions above, for tests that cannot import this file."""

    until = staticmethod(until)
    plugin = staticmethod(make_plugin)
    entry = staticmethod(make_entry)
    host = staticmethod(make_host)
    serving = staticmethod(serving)
    ask = staticmethod(ask)
    clockwork_tables = staticmethod(clockwork_tables)
    Toy = Toy
    Password = Password
    Open = Open
    ToyDialect = ToyDialect
    StringEngine = StringEngine
    QUICK = QUICK
    CLOCKWORK = CLOCKWORK


@pytest.fixture
def kit() -> type[Kit]:
    """What the tests of the kernel share."""
    return Kit
