"""Fixtures: the folder of a small model that sees, and engines on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.harness import Driver
from tests.plugins.mlx_vision.architectures import QWEN3_VL
from tests.plugins.mlx_vision.harness import open_engine, write_model


@pytest.fixture(scope="session")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model that sees."""
    return write_model(tmp_path_factory.mktemp("seeing") / "model", QWEN3_VL)


@pytest.fixture
def load(seeing: Path) -> Callable[..., Driver]:
    """Opens that model with a changed spec."""

    def opened(**changes: Any) -> Driver:
        return open_engine(seeing, **changes)

    return opened


@pytest.fixture(scope="module")
def driver(seeing: Path) -> Driver:
    """That model without prefix reuse, shared by the tests of a module."""
    return open_engine(seeing, cache="none")
