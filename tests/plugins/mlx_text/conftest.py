"""Fixtures: the plain model's folder, and engines on it.

These engines are not closed: closing clears the MLX streams of the thread, which is pytest's own.
test_lifecycle.py closes one in a thread made for it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import Driver, open_engine, write_model

from mlxkernel.api import WorkerToolbox


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small plain attention model."""
    return write_model(tmp_path_factory.mktemp("plain") / "model", PLAIN)


@pytest.fixture
def load(plain: Path) -> Callable[..., Driver]:
    """Opens the plain model with a changed spec."""

    def opened(box: WorkerToolbox | None = None, **changes: Any) -> Driver:
        return open_engine(plain, box, **changes)

    return opened


@pytest.fixture(scope="module")
def driver(plain: Path) -> Driver:
    """The plain model without prefix reuse, shared by the tests of a module."""
    return open_engine(plain, cache="none")
