"""The plugin host: order, names, stages, isolation, and what is said about a broken plugin."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

import mlxkernel
from mlxkernel.api import CacheFactory, ChatTemplate, WorkerEngine
from mlxkernel.config import decode_config
from mlxkernel.errors import ConfigError, PluginError
from mlxkernel.host import PluginHost, Scope, State, discover
from mlxkernel.pool import worker_tables
from mlxkernel.worker.frames import PluginStamp


def template(name: str) -> ChatTemplate:
    return ChatTemplate(name=name, source="")


def templates(*names: str) -> Any:
    def mlxkernel_register_chat_templates(config: Any) -> Sequence[ChatTemplate]:
        return [template(name) for name in names]

    return mlxkernel_register_chat_templates


def words(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


MEND = 'Mend: pip install --upgrade acme, or switch it off with [kernel] disabled = ["p"]'
REPORT = "plugin 'p' of acme 1.2 cannot be used"


def sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


# --- order and names ------------------------------------------------------------------------------------


def test_built_in_plugins_come_first_then_names_then_distributions(kit: Any) -> None:
    entries = [
        kit.entry("zeta", kit.plugin(), "mlxkernel"),
        kit.entry("beta", kit.plugin()),
        kit.entry("alpha", kit.plugin(), "zulu"),
        kit.entry("eta", kit.plugin(), "mlxkernel"),
    ]
    for order in (entries, entries[::-1]):
        assert [plugin.name for plugin in kit.host(*order).loaded] == ["eta", "zeta", "alpha", "beta"]
    host = kit.host(*entries, kernel={"plugin_order": ["beta", "zeta"]})
    assert [plugin.name for plugin in host.loaded] == ["beta", "zeta", "eta", "alpha"]


def test_two_plugins_of_one_name_name_both_distributions(kit: Any) -> None:
    entries = [kit.entry("p", kit.plugin(), "acme"), kit.entry("p", kit.plugin(), "bolt")]
    with pytest.raises(PluginError) as caught:
        kit.host(*entries)
    assert words(caught) == (
        "two distributions bring a plugin 'p': acme and bolt; uninstall one, "
        'or choose with [kernel.prefer] "plugin p" = "acme"'
    )
    for chosen in ("acme", "bolt"):
        host = kit.host(*entries, kernel={"prefer": {"plugin p": chosen}})
        assert [plugin.distribution for plugin in host.plugins] == [chosen]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"plugins": {"opnai": {}}},
            "[plugins.opnai]: no installed plugin has the name 'opnai'; did you mean 'openai'?",
        ),
        (
            {"kernel": {"disabled": ["x"]}},
            "[kernel] disabled: x: no installed plugin has the name 'x'; known: openai",
        ),
        (
            {"kernel": {"plugin_order": ["x"]}},
            "[kernel] plugin_order: x: no installed plugin has the name 'x'; known: openai",
        ),
    ],
)
def test_a_name_that_no_plugin_has(kit: Any, tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kit.host(kit.entry("openai", kit.plugin()), **tables)
    assert words(caught) == message


def test_a_disabled_plugin_is_not_even_imported(kit: Any) -> None:
    host = kit.host(kit.entry("p", ImportError("no")), kernel={"disabled": ["p"]})
    assert [(plugin.name, plugin.state) for plugin in host.plugins] == [("p", State.DISABLED)]


def test_two_owners_of_one_value(kit: Any) -> None:
    entries = [
        kit.entry("a", kit.plugin(templates("chat", "mine")), "acme"),
        kit.entry("b", kit.plugin(templates("chat")), "bolt"),
    ]
    with pytest.raises(PluginError) as caught:
        kit.host(*entries)
    assert words(caught) == (
        "chat template 'chat' is brought by acme (plugin a) and by bolt (plugin b); choose one with "
        '[kernel.prefer] "chat template chat" = "acme", or disable the other plugin'
    )
    for chosen, owner in (("acme", "a"), ("bolt", "b")):
        host = kit.host(*entries, kernel={"prefer": {"chat template chat": chosen}})
        assert host.registries.chat_templates.owner("chat").name == owner
        assert list(host.registries.chat_templates) == ["chat", "mine"]
    with pytest.raises(PluginError):
        kit.host(*entries, kernel={"prefer": {"chat template chat": "corp"}})


def test_one_plugin_that_brings_a_name_twice(kit: Any) -> None:
    with pytest.raises(PluginError) as caught:
        kit.host(kit.entry("a", kit.plugin(templates("chat", "chat"))))
    assert "chat template 'chat' is brought by acme (plugin a) and by acme (plugin a)" in words(caught)


# --- configuration --------------------------------------------------------------------------------------


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    colour: str = "red"
    depth: int = 1


def test_a_plugin_gets_its_own_config(kit: Any) -> None:
    seen: list[Any] = []

    def mlxkernel_register_caches(config: Any) -> Sequence[CacheFactory]:
        seen.append(config)
        return []

    entries = [
        kit.entry("p", kit.plugin(mlxkernel_register_caches, Config=Colours)),
        kit.entry("q", kit.plugin(mlxkernel_register_caches)),
    ]
    kit.host(*entries)
    kit.host(*entries, plugins={"p": {"depth": 7}})
    assert seen == [Colours(), None, Colours(depth=7), None]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"colr": "x"}, "unknown key 'colr' in [plugins.p]; did you mean 'colour'?"),
        ({"depth": "x"}, "[plugins.p] depth: expected `int`, got `str` ('x')"),
    ],
)
def test_a_wrong_config_is_the_user_s_and_stops_the_start(kit: Any, table: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kit.host(kit.entry("p", kit.plugin(Config=Colours)), plugins={"p": table})
    assert words(caught) == f"plugin 'p' of acme 1.2: {message}"


def test_a_table_for_a_plugin_without_config(kit: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        kit.host(kit.entry("p", kit.plugin()), plugins={"p": {"depth": 1}})
    assert words(caught) == "[plugins.p]: plugin 'p' of acme 1.2 takes no configuration"


# --- isolation ------------------------------------------------------------------------------------------


def misspelt() -> Any:
    @mlxkernel.hookimpl
    def mlxkernel_register_dialect() -> None: ...

    return mlxkernel_register_dialect


def register(value: Any) -> Any:
    def mlxkernel_register_caches() -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    return mlxkernel_register_caches


def asks_for(*names: str) -> Any:
    scope: dict[str, Any] = {}
    exec(f"def mlxkernel_register_caches({', '.join(names)}): return []", scope)
    return scope["mlxkernel_register_caches"]


async def mlxkernel_prepare_request(request: Any) -> None: ...


BROKEN: dict[str, tuple[Any, str]] = {
    "import": (lambda kit: ImportError("No module named 'x'"), "(import): ImportError: No module named 'x'"),
    "misspelt": (
        lambda kit: kit.plugin(misspelt()),
        "(validate): there is no hook mlxkernel_register_dialect; "
        "did you mean 'mlxkernel_register_dialects'?",
    ),
    "unmarked": (
        lambda kit: kit.plugin(register([]), marked=False),
        "(validate): mlxkernel_register_caches is not marked: put @mlxkernel.hookimpl above it",
    ),
    "argument": (
        lambda kit: kit.plugin(asks_for("config", "colour", "app")),
        "(validate): mlxkernel_register_caches asks for app, colour; it may ask for config",
    ),
    "async": (
        lambda kit: kit.plugin(mlxkernel_prepare_request),
        "(validate): mlxkernel_prepare_request is an async function; hooks are plain functions",
    ),
    "wrapper": (
        lambda kit: kit.plugin(mlxkernel_register_caches=mlxkernel.hookimpl(wrapper=True)(generator())),
        "(validate): mlxkernel_register_caches is a wrapper; "
        "each hook is called alone, there is nothing to wrap",
    ),
    "Config": (lambda kit: kit.plugin(Config=dict), "(configure): its Config is not a msgspec.Struct"),
    "register": (lambda kit: kit.plugin(register(KeyError("k"))), "(register caches): KeyError: 'k'"),
    "no list": (
        lambda kit: kit.plugin(register({"a": 1})),
        "(register caches): mlxkernel_register_caches returned a dict; it must return a list",
    ),
    "None": (
        lambda kit: kit.plugin(register(None)),
        "(register caches): mlxkernel_register_caches returned a NoneType; it must return a list",
    ),
    "nameless": (
        lambda kit: kit.plugin(register([5])),
        "(register caches): mlxkernel_register_caches returned 5, which has no name",
    ),
}


def generator() -> Any:
    def mlxkernel_register_caches() -> Any:
        return (yield)

    return mlxkernel_register_caches


@pytest.mark.parametrize("case", list(BROKEN))
def test_a_broken_plugin_is_reported_and_the_others_go_on(
    kit: Any, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, reason = BROKEN[case]
    entries = [kit.entry("p", make(kit)), kit.entry("q", kit.plugin(templates("mine")))]
    with caplog.at_level(logging.WARNING):
        host = kit.host(*entries)
    assert [plugin.state for plugin in host.plugins] == [State.BROKEN, State.LOADED]
    assert host.plugins[0].fault == f"{REPORT} {reason}"
    assert caplog.messages == [f"{sentence(f'{REPORT} {reason}')} The server goes on without it. {MEND}"]
    assert list(host.registries.chat_templates) == ["mine"]
    assert host.plugins[1].brings == ["chat template mine"]


@pytest.mark.parametrize("case", list(BROKEN))
@pytest.mark.parametrize("tables", [{"kernel": {"strict_plugins": True}}, {"plugins": {"p": {}}}])
def test_a_broken_plugin_that_must_work_stops_the_start(kit: Any, case: str, tables: Any) -> None:
    make, reason = BROKEN[case]
    with pytest.raises(PluginError) as caught:
        kit.host(kit.entry("p", make(kit)), **tables)
    assert words(caught) == f"{sentence(f'{REPORT} {reason}')} {MEND}"


def test_a_broken_plugin_that_guards_the_door_stops_the_start(kit: Any) -> None:
    def mlxkernel_register_auth() -> Any:
        raise OSError("the key file is gone")

    with pytest.raises(PluginError) as caught:
        kit.host(kit.entry("p", kit.plugin(mlxkernel_register_auth)))
    assert words(caught) == f"{REPORT} (register authenticators): OSError: the key file is gone. {MEND}"
    with pytest.raises(PluginError):
        kit.host(kit.entry("p", kit.plugin(mlxkernel_register_auth, misspelt())))


def test_what_a_plugin_registered_before_it_broke_is_not_kept(kit: Any) -> None:
    host = kit.host(kit.entry("p", kit.plugin(templates("mine"), register(KeyError("k")))))
    assert not host.registries.chat_templates
    assert host.plugins[0].brings == []


def test_a_module_s_own_name_is_no_hook(kit: Any) -> None:
    host = kit.host(kit.entry("p", kit.plugin(mlxkernel_acme=logging, mlxkernel_host=mlxkernel)))
    assert host.loaded


# --- scopes ---------------------------------------------------------------------------------------------


def test_a_worker_registers_what_it_needs_and_nothing_else(kit: Any) -> None:
    def mlxkernel_register_dialects() -> Any:
        raise AssertionError("a worker has no dialects")

    def mlxkernel_register_engines() -> Any:
        return [WorkerEngine(name="e", create=lambda: None, suits=lambda config: True)]

    entries = [kit.entry("p", kit.plugin(mlxkernel_register_dialects, mlxkernel_register_engines))]
    host = kit.host(*entries, scope=Scope.WORKER)
    assert list(host.registries.engines) == ["e"]
    assert [plugin.stamp for plugin in host.loaded] == [PluginStamp("p", "acme", "1.2")]
    assert kit.host(*entries).plugins[0].state is State.BROKEN


def test_a_plugin_that_breaks_in_the_kernel_only_does_not_part_it_from_its_workers(kit: Any) -> None:
    entries = [kit.entry("q", kit.plugin()), kit.entry("p", ImportError("x")), kit.entry("r", kit.plugin())]
    host = kit.host(*entries, kernel={"disabled": ["r"]})
    tables = worker_tables(host)
    assert sorted(tables["kernel"]["disabled"]) == ["p", "r"]
    again = PluginHost(decode_config(tables, "kernel"), Scope.WORKER, entries)
    again.load()
    assert [plugin.stamp for plugin in again.loaded] == [plugin.stamp for plugin in host.loaded]


# --- commands -------------------------------------------------------------------------------------------


def test_commands_are_added_by_every_plugin_that_works(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    def mlxkernel_register_commands(cli: list[str]) -> None:
        cli.append("called")

    entries = [
        kit.entry("good", kit.plugin(mlxkernel_register_commands)),
        kit.entry("broken", ImportError("x")),
        kit.entry("off", kit.plugin(mlxkernel_register_commands)),
    ]
    host = kit.host(*entries, load=False, kernel={"disabled": ["off"]})
    cli: list[str] = []
    host.load_commands(cli)
    assert cli == ["called"]
    assert "plugin 'broken' of acme 1.2 cannot be used (import): ImportError: x" in caplog.text


# --- the plugins that are installed ----------------------------------------------------------------------


def test_every_installed_plugin_loads(kit: Any) -> None:
    host = kit.host(*discover(), kernel={"strict_plugins": True})
    assert host.loaded[0].distribution == "mlxkernel"
    assert {"openai", "auth-keys"} <= {plugin.name for plugin in host.loaded}
