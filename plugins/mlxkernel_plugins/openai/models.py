"""The list of models: every name and alias that a request may use."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from mlxkernel.api import HttpRequest, KernelView, Reply

OWNER = "mlxkernel"


class Model(Struct, frozen=True):
    """A model by one of its names. `created` is when the server started: weights bear no date."""

    id: str
    created: int
    object: Literal["model"] = "model"
    owned_by: str = OWNER


class ModelList(Struct, frozen=True):
    """All of them, in the order of the configuration, each followed by its aliases."""

    data: list[Model]
    object: Literal["list"] = "list"


async def listing(http: HttpRequest, kernel: KernelView) -> Reply:
    """``GET /v1/models``."""
    names = [name for spec in kernel.models() for name in (spec.name, *spec.aliases)]
    created = int(kernel.started)
    return Reply(body=msgspec.json.encode(ModelList([Model(name, created) for name in names])))


async def one(http: HttpRequest, kernel: KernelView) -> Reply:
    """``GET /v1/models/{id}``; the id comes decoded, so slashes and colons are part of it.

    Raises `RequestFailed` (not_found) for a name that no model answers to.
    """
    name = http.path_args["id"]
    kernel.resolve(name)
    return Reply(body=msgspec.json.encode(Model(name, int(kernel.started))))
