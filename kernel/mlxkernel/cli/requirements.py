"""What this distribution requires, as its metadata says it: the ranges stand in pyproject.toml alone."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

DISTRIBUTION = "mlxkernel"


def requirements() -> list[Requirement]:
    """The requirements that hold on this Python and platform, without those of the extras.

    Empty when mlxkernel runs from a source tree that was never installed.
    """
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    parsed = [Requirement(line) for line in lines]
    return [one for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})]


def specification(name: str) -> str | None:
    """The requirement of this name as pip takes it (``mlx[cpu]>=0.32.2,<0.33``), None without one."""
    for one in requirements():
        if one.name == name:
            # As a person writes it: the lower bound first.
            bounds = ",".join(sorted(map(str, one.specifier), reverse=True))
            extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
            return f"{one.name}{extras}{bounds}"
    return None


def unmet() -> list[str]:
    """The requirements that are missing or out of range, each with what is there instead."""
    faults: list[str] = []
    for one in requirements():
        try:
            installed = version(one.name)
        except PackageNotFoundError:
            faults.append(f"{one.name} is not installed")
            continue
        if not one.specifier.contains(installed, prereleases=True):
            faults.append(f"{one.name} {installed} is not in {one.specifier}")
    return faults
