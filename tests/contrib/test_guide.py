"""docs/how-to/add-a-model-family.md: samples are the example's text, commands and messages are real."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from mlxkernel import hookimpl
from mlxkernel.api import ModelFamily
from mlxkernel.config import Config, decode_config
from mlxkernel.errors import PluginError
from mlxkernel.host import PluginHost, Scope
from mlxkernel.testing import ServeProcess
from mlxkernel.testing.server import entry_point

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "contrib" / "mlxkernel-mingru"
GUIDE = (ROOT / "docs" / "how-to" / "add-a-model-family.md").read_text(encoding="utf-8")


class Sample(NamedTuple):
    """A fenced block: the file that it says it is from, if any, its language, its text."""

    file: str | None
    language: str
    text: str


SAMPLES = [
    Sample(*found) for found in re.findall(r"(?:From `([^`]+)`:\n\n)?```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
]


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.file])
def test_a_sample_stands_in_the_example(sample: Sample) -> None:
    assert sample.text in (EXAMPLE / str(sample.file)).read_text(encoding="utf-8")


def test_every_other_sample_is_run_below() -> None:
    assert [sample.language for sample in SAMPLES if not sample.file] == ["sh", "python"]
    assert len(SAMPLES) > 6


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", GUIDE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / "how-to" / link).exists()] == []


def test_its_commands_run(mingru: Any, tmp_path: Path) -> None:
    (commands,) = (sample.text for sample in SAMPLES if sample.language == "sh")
    install, look, make, serve = (shlex.split(line) for line in commands.splitlines())
    # What the fixtures did, with these very words: installed it, and served a model's path.
    assert (install[:2], ROOT / install[2]) == (["pip", "install"], EXAMPLE)
    assert serve[:3] == ["mlxkernel", "serve", "-m"]
    listed = mingru.run("-m", *look)
    assert (listed.returncode, "mingru" in listed.stdout) == (0, True)
    made = mingru.run(*make[1:], "--steps", "0", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / serve[3] / "config.json").is_file()


def test_its_client_gets_the_models_answer(server: ServeProcess, plain: Any) -> None:
    (program,) = (sample.text for sample in SAMPLES if sample.language == "python" and not sample.file)
    assert "http://127.0.0.1:8000" in program
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program.replace("http://127.0.0.1:8000", server.url), {})
    (best,) = plain([[{"role": "user", "content": "Who are you?"}]])
    assert printed.getvalue() == best["text"] + "\n"


def plugin(**hooks: Any) -> ModuleType:
    """A plugin's module with these hooks."""
    module = ModuleType("guide")
    vars(module).update(hooks)
    return module


def refusal(plugins: dict[str, ModuleType]) -> str:
    """Why a server would not start with these plugins."""
    host = PluginHost(
        decode_config({"kernel": {"strict_plugins": True}}, "a test"),
        Scope.WORKER,
        [entry_point(name, module) for name, module in plugins.items()],
    )
    with pytest.raises(PluginError) as caught:
        host.load()
    return str(caught.value)


def family(name: str) -> Any:
    """A hook that registers an empty family."""

    @hookimpl
    def mlxkernel_register_families() -> list[ModelFamily]:
        return [ModelFamily(name=name, model_types=(name,))]

    return mlxkernel_register_families


def test_its_messages_are_the_real_ones() -> None:
    hook = family("mingru")
    said = [
        refusal({"a": plugin(mlxkernel_register_familie=hook)}),
        refusal({"a": plugin(mlxkernel_register_families=lambda: [])}),
        refusal({name: plugin(mlxkernel_register_families=hook) for name in ("a", "mingru")}),
    ]
    table = GUIDE[GUIDE.index("| what is said |") :]
    quoted = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(quoted) == len(said)
    for words, whole in zip(quoted[:2], said, strict=False):
        assert words in whole
    assert quoted[2].split(" by ")[0] in said[2]


def test_a_plugin_without_faults_is_loaded_in_the_same_way() -> None:
    entry = entry_point("a", plugin(mlxkernel_register_families=family("x")))
    host = PluginHost(Config(), Scope.WORKER, [entry])
    host.load()
    assert list(host.registries.families) == ["x"]
