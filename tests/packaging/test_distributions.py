"""What is in the wheel and in the sdist, and what their metadata promise."""

from __future__ import annotations

import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import mlxkernel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def in_wheel(built: Any) -> list[str]:
    with zipfile.ZipFile(built.wheel) as wheel:
        return wheel.namelist()


@pytest.fixture(scope="module")
def in_sdist(built: Any) -> set[str]:
    with tarfile.open(built.sdist) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def _in_info(built: Any, name: str) -> str:
    with zipfile.ZipFile(built.wheel) as wheel:
        (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
        return wheel.read(path).decode()


@pytest.fixture(scope="module")
def metadata(built: Any) -> Message:
    return Parser().parsestr(_in_info(built, "METADATA"))


def _required(metadata: Message, extra: str = "", **environment: str) -> dict[str, Requirement]:
    """What pip would install on such a machine."""
    where = {"extra": extra, "python_version": "3.12", **environment}
    parsed = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    return {
        one.name + "".join(f"[{name}]" for name in sorted(one.extras)): one
        for one in parsed
        if one.marker is None or one.marker.evaluate(where)
    }


LINUX = {"sys_platform": "linux", "platform_machine": "x86_64"}
MAC = {"sys_platform": "darwin", "platform_machine": "arm64"}


def test_the_wheel_holds_the_packages_and_nothing_else(in_wheel: list[str]) -> None:
    info = f"mlxkernel-{mlxkernel.__version__}.dist-info"
    packages = {"mlxkernel", "mlxkernel_mlx", "mlxkernel_plugins"}
    assert {name.split("/")[0] for name in in_wheel} == {*packages, info}
    assert not [name for name in in_wheel if "__pycache__" in name or "/tests/" in name]


def test_the_wheel_holds_what_is_no_code(in_wheel: list[str]) -> None:
    wanted = {
        "mlxkernel/py.typed",
        "mlxkernel_mlx/py.typed",
        "mlxkernel_plugins/py.typed",
        "mlxkernel_plugins/tiny/model/config.json",
        "mlxkernel_plugins/tiny/model/model.safetensors",
        "mlxkernel_plugins/tiny/model/tokenizer.json",
        "mlxkernel_plugins/templates/chatml.jinja",
    }
    assert wanted - set(in_wheel) == set()


def test_the_wheel_is_the_tree(in_wheel: list[str]) -> None:
    """A wheel that was built from the sdist lacks no module that the tree has."""
    modules = {
        path.relative_to(folder).as_posix()
        for folder in (ROOT / "kernel", ROOT / "plugins")
        for path in folder.rglob("*.py")
    }
    assert modules - set(in_wheel) == set()


def test_the_sdist_holds_what_is_needed_to_test_it(in_sdist: set[str]) -> None:
    wanted = {
        "pyproject.toml",
        "Makefile",
        ".ci/run",
        "mlx.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/index.md",
        "kernel/mlxkernel/cli/__init__.py",
        "tests/packaging/test_distributions.py",
    }
    assert wanted - in_sdist == set()
    assert not [name for name in in_sdist if "__pycache__" in name or ".venv" in name]


def test_the_name_the_version_and_the_license(metadata: Message) -> None:
    assert metadata["Name"] == "mlxkernel"
    assert metadata["Version"] == mlxkernel.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"


def test_linux_gets_a_backend_and_a_mac_has_one(metadata: Message) -> None:
    assert "mlx[cpu]" in _required(metadata, **LINUX)
    on_a_mac = _required(metadata, **MAC)
    assert "mlx" in on_a_mac
    assert "mlx[cpu]" not in on_a_mac
    assert "mlx[cuda13]" in _required(metadata, "cuda", **LINUX)
    assert "mlx[cuda13]" not in _required(metadata, "cuda", **MAC)


def test_one_minor_version_of_mlx_lm_for_each_python(metadata: Message) -> None:
    assert _required(metadata, **LINUX)["mlx-lm"].specifier.contains("0.32.2")
    assert not _required(metadata, **LINUX)["mlx-lm"].specifier.contains("0.33.0")
    oldest = _required(metadata, **{**LINUX, "python_version": "3.10"})["mlx-lm"].specifier
    assert oldest.contains("0.31.3")
    assert not oldest.contains("0.32.2")


def test_training_and_testing_cost_a_user_nothing(metadata: Message) -> None:
    assert {"torch", "pytest", "openai", "mypy"} & set(_required(metadata, **LINUX)) == set()
    assert "torch" in _required(metadata, "train", **LINUX)


def test_the_script_and_the_plugins_have_their_entries(built: Any) -> None:
    entries = _in_info(built, "entry_points.txt")
    assert "mlxkernel = mlxkernel.cli:main" in entries.splitlines()
    assert "[mlxkernel.v1]" in entries.splitlines()
    assert "mlx-text = mlxkernel_plugins.mlx_text" in entries.splitlines()
