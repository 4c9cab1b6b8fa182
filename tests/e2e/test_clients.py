"""The clients that most people have, with the packages of the tests' own environment; each check is a case.

`make test-clients` runs these and all others, with pinned versions, each client in an environment of its own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.clients.environment import Subject
from tests.clients.results import Check
from tests.clients.run import run_checks
from tests.clients.server import server

NAMES = ("anthropic", "langchain-openai", "ollama", "openai")


def titles(name: str) -> list[str]:
    """The titles of a client's checks, which its check.py gives in ``@check("…")``."""
    tree = ast.parse((Subject(name).folder / "check.py").read_text(encoding="utf-8"))
    decorators = [
        node
        for function in tree.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in function.decorator_list
    ]
    return [
        ast.literal_eval(node.args[0])
        for node in decorators
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"
    ]


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict[str, Check]]]:
    """The checks of a client by their titles; each client is run once, against one server."""
    known: dict[str, dict[str, Check]] = {}
    with server() as process:

        def of(name: str) -> dict[str, Check]:
            if name not in known:
                folder: Path = tmp_path_factory.mktemp(name)
                command = [sys.executable, str(Subject(name).folder / "check.py"), process.url]
                known[name] = {check.check: check for check in run_checks(command, folder)}
            return known[name]

        yield of


@pytest.mark.parametrize(("name", "title"), [(name, title) for name in NAMES for title in titles(name)])
def test_check(examined: Callable[[str], dict[str, Check]], name: str, title: str) -> None:
    result = examined(name)[title]
    assert result.ok, result.detail


@pytest.mark.parametrize("name", NAMES)
def test_every_check_was_run(examined: Callable[[str], dict[str, Check]], name: str) -> None:
    assert list(examined(name)) == titles(name)
