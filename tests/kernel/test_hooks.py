"""The typed façade: every hook, called through the host with a small plugin."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from mlxkernel import hookspecs
from mlxkernel.api import (
    CacheFactory,
    ChatTemplate,
    DirectEngine,
    LogitsProcessor,
    ModelFamily,
    ModelSpec,
    RequestRecord,
)
from mlxkernel.errors import FaultKind, PluginError, RequestFailed, invalid
from mlxkernel.request import Request


class Thing:
    """A value with a name, where no Struct is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name


async def connect(spec: ModelSpec) -> Any:
    """What an engine factory needs, and no test calls."""


REGISTERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "mlxkernel_register_dialects": ("dialects", Thing),
    "mlxkernel_register_engines": ("engines", lambda name: DirectEngine(name=name, connect=connect)),
    "mlxkernel_register_families": ("families", lambda name: ModelFamily(name=name, model_types=(name,))),
    "mlxkernel_register_tool_formats": ("tool_formats", Thing),
    "mlxkernel_register_reasoning_formats": ("reasoning_formats", Thing),
    "mlxkernel_register_chat_templates": ("chat_templates", lambda name: ChatTemplate(name=name, source="")),
    "mlxkernel_register_caches": ("caches", lambda name: CacheFactory(name=name, create=lambda limit: None)),
    "mlxkernel_register_samplers": (
        "samplers",
        lambda name: LogitsProcessor(name=name, create=lambda sampling: None),
    ),
    "mlxkernel_register_auth": ("auth", Thing),
    "mlxkernel_register_model_sources": ("sources", Thing),
}

ELSEWHERE = {
    "mlxkernel_register_commands": "tests/kernel/test_host.py",
    "mlxkernel_wrap_asgi": "tests/kernel/test_app.py",
    "mlxkernel_lifespan": "tests/kernel/test_server.py",
    "mlxkernel_resolve_model": "below",
    "mlxkernel_prepare_request": "below",
    "mlxkernel_request_finished": "below",
}


def test_every_hook_is_called_by_a_test() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("mlxkernel_")}
    assert hooks == set(REGISTERS) | set(ELSEWHERE)


def registering(hook: str, make: Callable[[], Any]) -> Callable[..., Any]:
    def implementation(config: Any) -> Sequence[Any]:
        return [make()]

    implementation.__name__ = hook
    return implementation


@pytest.mark.parametrize("hook", list(REGISTERS))
def test_a_register_hook_fills_its_registry(kit: Any, hook: str) -> None:
    registry_name, make = REGISTERS[hook]
    second, first = make("second"), make("first")
    host = kit.host(
        kit.entry("z", kit.plugin(registering(hook, lambda: second))),
        kit.entry("a", kit.plugin(registering(hook, lambda: first))),
        kit.entry("m", kit.plugin()),
    )
    registry = getattr(host.registries, registry_name)
    assert list(registry) == ["first", "second"]
    assert registry["second"] is second
    assert registry.owner("second").name == "z"
    assert [plugin.brings for plugin in host.loaded] == [
        [f"{registry.kind} first"],
        [],
        [f"{registry.kind} second"],
    ]


# --- wrap_asgi, lifespan --------------------------------------------------------------------------------


def test_the_first_plugin_s_wrapper_is_the_innermost(kit: Any) -> None:
    def wrapper(letter: str) -> Any:
        def mlxkernel_wrap_asgi(app: Any, config: Any) -> Any:
            return None if letter == "n" else f"{letter}({app})"

        return kit.entry(letter, kit.plugin(mlxkernel_wrap_asgi))

    host = kit.host(wrapper("b"), wrapper("n"), wrapper("a"))
    assert host.hooks.wrap_asgi("app") == "b(a(app))"


async def test_lifespans_get_the_kernel_and_nest(kit: Any) -> None:
    diary: list[Any] = []

    def lifespan(letter: str) -> Any:
        @asynccontextmanager
        async def mlxkernel_lifespan(kernel: Any) -> AsyncIterator[None]:
            diary.append((letter, kernel))
            yield
            diary.append(letter)

        return kit.entry(letter, kit.plugin(mlxkernel_lifespan))

    host = kit.host(lifespan("b"), lifespan("a"))
    async with AsyncExitStack() as stack:
        await host.hooks.enter_lifespans("kernel", stack)
        assert diary == [("a", "kernel"), ("b", "kernel")]
    assert diary[2:] == ["b", "a"]


@pytest.mark.parametrize("hook", ["mlxkernel_lifespan", "mlxkernel_wrap_asgi"])
async def test_what_stands_around_all_requests_must_work(kit: Any, hook: str) -> None:
    def broken(config: Any) -> Any:
        raise KeyError("lid")

    broken.__name__ = hook
    host = kit.host(kit.entry("p", kit.plugin(broken)))
    with pytest.raises(PluginError, match=f"plugin 'p' of acme 1.2 .*{hook[10:]}.*KeyError: 'lid'.*Mend: "):
        if hook == "mlxkernel_wrap_asgi":
            host.hooks.wrap_asgi("app")
        else:
            await host.hooks.enter_lifespans("kernel", AsyncExitStack())


# --- per request ----------------------------------------------------------------------------------------


def preparing(letter: str, config_too: bool = False) -> Any:
    def mlxkernel_prepare_request(request: Request) -> Request | None:
        return replace(request, stop=(*request.stop, letter)) if letter != "n" else None

    return mlxkernel_prepare_request


def test_prepare_request_is_a_chain(kit: Any) -> None:
    host = kit.host(*(kit.entry(letter, kit.plugin(preparing(letter))) for letter in "cnab"))
    assert host.hooks.prepare_request(kit.ask("x")).stop == ("a", "b", "c")
    assert kit.host().hooks.prepare_request(kit.ask("x")) == kit.ask("x")


PER_REQUEST = {
    "mlxkernel_prepare_request": lambda host, kit: host.hooks.prepare_request(kit.ask("x")),
    "mlxkernel_resolve_model": lambda host, kit: host.hooks.resolve_model(kit.ask("x"), ()),
}


@pytest.mark.parametrize("hook", list(PER_REQUEST))
def test_a_fault_on_a_request_s_way_names_the_plugin(
    kit: Any, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Request) -> Any:
        raise KeyError("secret")

    broken.__name__ = hook
    host = kit.host(kit.entry("p", kit.plugin(broken)))
    with pytest.raises(RequestFailed) as caught:
        PER_REQUEST[hook](host, kit)
    fault = caught.value.fault
    assert (fault.kind, fault.code) == (FaultKind.INTERNAL, "plugin_failed")
    assert fault.message == (
        "plugin 'p' of acme 1.2 failed on this request (KeyError); the server's log has the details"
    )
    assert "secret" in caplog.text


@pytest.mark.parametrize("hook", list(PER_REQUEST))
def test_a_plugin_may_refuse_a_request(kit: Any, hook: str) -> None:
    def refusing(request: Request) -> Any:
        raise invalid("not like this", param="text")

    refusing.__name__ = hook
    host = kit.host(kit.entry("p", kit.plugin(refusing)))
    with pytest.raises(RequestFailed) as caught:
        PER_REQUEST[hook](host, kit)
    assert caught.value.fault.param == "text"


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("mlxkernel_prepare_request", "prepare_request returned a int, not a Request"),
        ("mlxkernel_resolve_model", "resolve_model returned a int, not a name"),
    ],
)
def test_a_wrong_value_on_a_request_s_way(kit: Any, hook: str, words: str) -> None:
    def wrong(request: Request) -> Any:
        return 5

    wrong.__name__ = hook
    host = kit.host(kit.entry("p", kit.plugin(wrong)))
    with pytest.raises(RequestFailed) as caught:
        PER_REQUEST[hook](host, kit)
    assert caught.value.fault.message.startswith(f"plugin 'p' of acme 1.2 failed on this request ({words})")


def test_the_first_plugin_with_an_opinion_resolves_the_model(kit: Any) -> None:
    asked: list[str] = []

    def resolving(letter: str, opinion: str | None) -> Any:
        def mlxkernel_resolve_model(request: Request, models: Sequence[ModelSpec]) -> str | None:
            asked.append(letter)
            return opinion and f"{opinion}-{len(models)}"

        return kit.entry(letter, kit.plugin(mlxkernel_resolve_model))

    specs = [ModelSpec(name="m", source="x")]
    host = kit.host(resolving("c", "late"), resolving("a", None), resolving("b", "small"))
    assert host.hooks.resolve_model(kit.ask("x"), specs) == "small-1"
    assert asked == ["a", "b"]
    assert kit.host(resolving("a", None)).hooks.resolve_model(kit.ask("x"), specs) is None


def test_request_finished_is_told_to_all_and_a_fault_is_logged(
    kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[RequestRecord] = []

    def finishing(letter: str) -> Any:
        def mlxkernel_request_finished(record: RequestRecord) -> None:
            if letter == "a":
                raise KeyError("x")
            told.append(record)

        return kit.entry(letter, kit.plugin(mlxkernel_request_finished))

    record = RequestRecord(request_id="r", dialect="d", path="/p")
    with caplog.at_level(logging.ERROR):
        kit.host(finishing("a"), finishing("b")).hooks.request_finished(record)
    assert told == [record]
    assert caplog.messages == ["plugin 'a' of acme 1.2 failed in request_finished"]


def test_a_hook_may_leave_arguments_out_and_its_own_config_is_handed_in(kit: Any) -> None:
    for name, spec in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("mlxkernel_"):
            assert spec.__doc__, f"{name} has no docstring"
            assert all(
                parameter.annotation is not inspect.Parameter.empty
                for parameter in inspect.signature(spec).parameters.values()
            )
