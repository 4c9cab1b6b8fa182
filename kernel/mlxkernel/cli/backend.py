"""MLX as seen from outside: a child process imports it, so that the kernel process never does."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

PATIENCE = 60.0
"""Seconds that the import may take; the first one after an installation reads hundreds of megabytes."""

PROGRAM = """
import importlib.util, json
found = {}
try:
    import mlx.core as mx
    mx.eval(mx.zeros(1) + 1)
    found["device"] = str(mx.default_device())
    found["mlx"] = mx.__version__
except BaseException as error:
    found["fault"] = f"{type(error).__name__}: {error}"
found["has_mlx"] = importlib.util.find_spec("mlx") is not None
found["has_mlx_lm"] = importlib.util.find_spec("mlx_lm") is not None
print(json.dumps(found))
"""


class Backend(Struct, frozen=True, kw_only=True):
    """What the child found. `device` is MLX's own word (``Device(gpu, 0)``), None without a backend."""

    has_mlx: bool = False
    has_mlx_lm: bool = False
    device: str | None = None
    mlx: str | None = None
    fault: str | None = None


class Probe:
    """A child process that tries to import MLX and to compute with it; it runs while the caller goes on."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def result(self) -> Backend:
        """What the child found; waits for it."""
        try:
            output, _ = self._child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            return Backend(has_mlx=True, has_mlx_lm=True, fault=f"its import took more than {PATIENCE:g} s")
        lines = output.splitlines()
        if not lines:
            code = self._child.returncode
            return Backend(has_mlx=True, has_mlx_lm=True, fault=f"its import ended Python with code {code}")
        return msgspec.json.decode(lines[-1], type=Backend)


def look() -> Backend:
    """Whether the packages are there, without importing them: all that can be known in no time."""
    return Backend(has_mlx=_has("mlx"), has_mlx_lm=_has("mlx_lm"))


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def missing(backend: Backend) -> tuple[str, str] | None:
    """What keeps the models from running and the command that mends it; None when all is well.

    ``serve`` and ``doctor`` say it in these words.
    """
    if backend.has_mlx and backend.has_mlx_lm and backend.fault is None:
        return None
    from mlxkernel.cli.requirements import specification

    wanted = specification("mlx") or _fallback()
    if wanted is None:
        where = f"{platform.system()} {platform.machine()}"
        return f"MLX runs on Apple silicon and on Linux, not on {where}", "use such a machine"
    if not backend.has_mlx:
        return "MLX is not installed", _pip(wanted)
    if backend.fault is not None:
        why = " ".join(backend.fault.split())
        return f"MLX is installed and does not work ({why})", _pip(wanted, "--force-reinstall")
    return "mlx-lm is not installed", _pip(specification("mlx-lm") or "mlx-lm")


def libraries() -> list[str]:
    """The distributions that own MLX's library, if more than one does: they overwrite one another's file."""
    from importlib.metadata import distributions

    owners: dict[str, int | None] = {}
    size: int | None = None
    for found in distributions():
        name = str(found.metadata["Name"])
        if not name.startswith("mlx-"):
            continue
        for file in found.files or ():
            if file.parts[-2:] == ("lib", "libmlx.so"):
                owners[name] = file.size
                place = Path(str(file.locate()))
                size = place.stat().st_size if place.is_file() else None
    if len(owners) < 2:
        return []
    # The owner whose size the file has comes first: it is the one that MLX uses.
    return sorted(owners, key=lambda name: owners[name] != size)


def _fallback() -> str | None:
    """MLX's requirement for a source tree that was never installed."""
    if sys.platform == "linux":
        return "mlx[cpu]"
    return "mlx" if sys.platform == "darwin" and platform.machine() == "arm64" else None


def _pip(requirement: str, *options: str) -> str:
    return " ".join(["pip install", *options, f"'{requirement}'"])
