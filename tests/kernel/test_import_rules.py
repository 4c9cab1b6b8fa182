"""The rules that hold the architecture together, read from the syntax trees."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

ROOT = Path(__file__).resolve().parents[2]
KERNEL = ROOT / "kernel"
PLUGINS = ROOT / "plugins"
CONTRIB = ROOT / "contrib"

HEAVY = frozenset(
    ("mlx", "mlx_lm", "mlx_vlm", "transformers", "tokenizers", "huggingface_hub", "numpy", "torch")
)
"""What belongs into a worker; the kernel process stays small without it."""

PUBLIC = frozenset(
    f"mlxkernel.{name}"
    for name in (
        "api",
        "bodies",
        "embedded",
        "errors",
        "events",
        "fields",
        "fold",
        "formats",
        "framing",
        "hookspecs",
        "messages",
        "problems",
        "request",
        "testing",
        "tools",
    )
)
"""The modules of the kernel that a plugin may import, besides the names of `mlxkernel` itself."""

LONGEST_MODULE = 430
LONGEST_FUNCTION = 60

GUARDS = {
    "kernel/mlxkernel/app.py",
    "kernel/mlxkernel/cli/program.py",
    "kernel/mlxkernel/hooks.py",
    "kernel/mlxkernel/host.py",
    "kernel/mlxkernel/pipeline.py",
    "kernel/mlxkernel/worker/runtime.py",
    "plugins/mlxkernel_mlx/adjustments.py",
}
"""Where everything may be caught: around third-party code and a worker's step, and at the last line."""

VAGUE = frozenset(("utils", "util", "helpers", "helper", "common", "misc", "manager"))


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in the file, with its line; relative ones in full."""
    package = module_of(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from package import module` and `from module import name` look alike.
                yield node.lineno, f"{module}:{alias.name}"


def top(module: str) -> str:
    return re.split(r"[.:]", module)[0]


def test_there_is_something_to_read() -> None:
    assert len(sources(KERNEL)) > 20
    assert len(sources(PLUGINS)) > 20


def test_the_kernel_imports_neither_plugins_nor_mlx() -> None:
    found = [
        f"{relative(path)}:{line} imports {module}"
        for path in sources(KERNEL)
        for line, module in imports(path, KERNEL)
        if top(module) in HEAVY or top(module) in ("mlxkernel_plugins", "mlxkernel_mlx")
    ]
    assert found == []


def _public(module: str) -> bool:
    """Whether a plugin may have this from the kernel."""
    base, _, name = module.partition(":")
    if base == "mlxkernel":
        return name in ("", "hookimpl", "__version__") or f"mlxkernel.{name}" in PUBLIC
    return base in PUBLIC or base.startswith(("mlxkernel.formats.", "mlxkernel.testing."))


def _plugin_of(module: str) -> str:
    """The package below mlxkernel_plugins that the module is in."""
    return [*re.split(r"[.:]", module), ""][1]


@pytest.mark.parametrize("folder", [PLUGINS, CONTRIB], ids=["built-in", "contrib"])
def test_a_plugin_imports_the_public_interface_only(folder: Path) -> None:
    found = [
        f"{relative(path)}:{line} imports {module}"
        for path in sources(folder)
        for line, module in imports(path, folder)
        if top(module) == "mlxkernel" and not _public(module)
    ]
    assert found == []


def test_a_plugin_imports_nothing_of_another() -> None:
    found = [
        f"{relative(path)}:{line} imports {module}"
        for path in sources(PLUGINS)
        for line, module in imports(path, PLUGINS)
        if top(module) == "mlxkernel_plugins" and _plugin_of(module) != _plugin_of(module_of(path, PLUGINS))
    ]
    assert found == []


def test_the_library_of_the_engines_imports_no_plugin_and_no_model_library() -> None:
    found = [
        f"{relative(path)}:{line} imports {module}"
        for path in sources(PLUGINS / "mlxkernel_mlx")
        for line, module in imports(path, PLUGINS)
        if top(module) in ("mlxkernel_plugins", "mlx_lm", "mlx_vlm")
    ]
    assert found == []


def test_every_built_in_plugin_has_an_entry_point() -> None:
    tables = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    entries = tables["project"]["entry-points"]["mlxkernel.v1"]
    packages = {path.parent.name for path in (PLUGINS / "mlxkernel_plugins").glob("*/__init__.py")}
    assert set(entries.values()) == {f"mlxkernel_plugins.{name}" for name in packages}
    assert set(entries) == {name.replace("_", "-") for name in packages}


def test_modules_are_short_and_named_for_what_they_hold() -> None:
    found = [
        f"{relative(path)} has {lines} lines"
        for path in sources(KERNEL, PLUGINS)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    ]
    found += [f"{relative(path)} says nothing" for path in sources(KERNEL, PLUGINS) if path.stem in VAGUE]
    assert found == []


def test_functions_are_short() -> None:
    found = []
    for path in sources(KERNEL, PLUGINS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.append(f"{relative(path)}:{node.lineno} {node.name} has {lines} lines")
    assert found == []


def _catches_everything(node: ast.ExceptHandler) -> bool:
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
        for kind in caught
    )


def test_everything_is_caught_at_the_guards_only() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in sources(KERNEL, PLUGINS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and _catches_everything(node)
        and relative(path) not in GUARDS
        and "testing" not in path.parts
    ]
    assert found == []


def test_nothing_is_left_to_be_done() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX)\b")
    found = [
        f"{relative(path)}:{number} {line.strip()}"
        for path in sources(KERNEL, PLUGINS, CONTRIB)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


def test_a_kernel_with_all_its_plugins_has_nothing_heavy_in_memory() -> None:
    program = (
        "import json, sys\n"
        "import mlxkernel.cli.serve, mlxkernel.cli.readiness, mlxkernel.server\n"
        "from mlxkernel.config import load_config\n"
        "from mlxkernel.kernel import Kernel\n"
        "from mlxkernel.app import build_app\n"
        "from pathlib import Path\n"
        "kernel = Kernel(load_config(Path(sys.argv[1]), environment={}))\n"
        "build_app(kernel)\n"
        "print(json.dumps([[p.name for p in kernel.host.loaded], sorted(sys.modules)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "mlx.toml")], capture_output=True, text=True, check=True
    )
    plugins, modules = json.loads(done.stdout)
    assert {"openai", "mlx-text", "tiny"} <= set(plugins)
    assert sorted({top(module) for module in modules} & HEAVY) == []
