"""What `serve` tells when it is ready: the base URLs that clients are configured with."""

from __future__ import annotations

import logging
import os
from typing import Any, cast

import msgspec
import pytest

from mlxkernel.api import ModelSpec
from mlxkernel.cli import readiness
from mlxkernel.server import Server


class Api:
    def __init__(self, name: str, prefix: str, **more: str) -> None:
        self.name = name
        self.prefix = prefix
        vars(self).update(more)


class Registries:
    dialects = {
        "one": Api("one", "/v1"),
        "two": Api("two", "/v1/messages", base=""),
    }


class Host:
    registries = Registries()


class Kernel:
    host = Host()
    version = "1.2.3"

    def models(self) -> list[ModelSpec]:
        return [ModelSpec(name="tiny", source="bundled:tiny")]


class Listening:
    """What `announce` looks at of a server."""

    kernel = Kernel()
    url = "http://127.0.0.1:8000"
    port = 8000


def test_each_api_is_told_by_the_base_url_of_its_clients(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    server: Any = Listening()
    readiness.announce(cast(Server, server))
    assert caplog.messages == [
        "mlxkernel 1.2.3 serves tiny (one at http://127.0.0.1:8000/v1, two at http://127.0.0.1:8000); "
        "Ctrl-C stops it"
    ]
    ready = msgspec.json.decode(capsys.readouterr().out)
    assert ready == {"event": "ready", "url": "http://127.0.0.1:8000", "port": 8000, "pid": os.getpid()}
