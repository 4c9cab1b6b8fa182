"""The list of models: every name and alias that a request may use."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mlxkernel.api import Description, Endpoint, Health, HttpRequest, KernelView, Reply
from mlxkernel_plugins.openai.capabilities import Capabilities, capabilities

OWNER = "mlxkernel"


class Model(Struct, frozen=True):
    """A model by one of its names. `created` is when the server started: weights bear no date.

    `capabilities` are told of one model, not in the list of all.
    """

    id: str
    created: int
    object: Literal["model"] = "model"
    owned_by: str = OWNER
    capabilities: Capabilities | UnsetType = UNSET


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
    spec = kernel.resolve(name)
    health = kernel.health().get(spec.name, Health(state="stopped"))
    known = capabilities(spec, kernel.info(spec.name), health)
    return Reply(body=msgspec.json.encode(Model(name, int(kernel.started), capabilities=known)))


ROUTES = (
    Endpoint(
        method="GET",
        path="/v1/models",
        handle=listing,
        description=Description(summary="List the models", reply=ModelList),
    ),
    Endpoint(
        method="GET",
        path="/v1/models/<path:id>",
        handle=one,
        description=Description(summary="Show a model and what it can do", reply=Model),
    ),
)
"""Both routes."""
