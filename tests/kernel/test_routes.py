"""The table of routes, and the OpenAPI document made from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from msgspec import Struct
from openapi_spec_validator import OpenAPIV31SpecValidator

from mlxkernel.api import Description, Endpoint, HttpRequest, KernelView, Reply
from mlxkernel.errors import Fault, PluginError
from mlxkernel.routes import arguments, served, template
from mlxkernel.testing import run_server


class Wish(Struct):
    """What a client asks for."""

    name: str
    count: int = 1


class Given(Struct):
    """What it gets."""

    wishes: list[Wish]


async def nothing(http: HttpRequest, kernel: KernelView) -> Reply:
    return Reply()


class Small:
    """A dialect with these routes."""

    prefix = "/small"

    def __init__(self, name: str, *routes: Endpoint) -> None:
        self.name = name
        self._routes = routes

    def routes(self) -> Sequence[Endpoint]:
        return self._routes

    def error(self, fault: Fault, request_id: str) -> Reply:
        return Reply(status=fault.kind.status)


def plugin(kit: Any, name: str, *routes: Endpoint) -> Any:
    def mlxkernel_register_dialects() -> Sequence[Any]:
        return [Small(name, *routes)]

    return kit.entry(name, kit.plugin(mlxkernel_register_dialects), distribution=f"dist-{name}")


def endpoint(method: str, path: str, **description: Any) -> Endpoint:
    shown = Description(**description) if description else None
    return Endpoint(method=method, path=path, handle=nothing, description=shown)


def test_every_route_has_its_owner(kit: Any) -> None:
    host = kit.host(
        plugin(kit, "a", endpoint("GET", "/small/<path:id>"), endpoint("POST", "/small", summary="Wish")),
        plugin(kit, "b", endpoint("DELETE", "/small/<path:id>")),
    )
    assert [
        (one.entry.method, one.entry.path, one.entry.dialect, one.entry.plugin, one.entry.distribution)
        for one in served(host)
    ] == [
        ("GET", "/small/<path:id>", "a", "a", "dist-a"),
        ("POST", "/small", "a", "a", "dist-a"),
        ("DELETE", "/small/<path:id>", "b", "b", "dist-b"),
    ]


def test_two_owners_of_one_route_stop_the_start_and_are_named(kit: Any) -> None:
    host = kit.host(
        plugin(kit, "a", endpoint("GET", "/small/<id>")), plugin(kit, "b", endpoint("GET", "/small/<other>"))
    )
    with pytest.raises(PluginError) as caught:
        served(host)
    assert str(caught.value) == (
        "GET /small/<other> is claimed by dist-a (plugin a) and by dist-b (plugin b); "
        "disable one of them ([kernel] disabled)"
    )


def test_nobody_takes_the_kernels_own_routes(kit: Any) -> None:
    with pytest.raises(PluginError, match=r"GET /health is claimed by the kernel and by dist-a \(plugin a\)"):
        served(kit.host(plugin(kit, "a", endpoint("GET", "/health"))))


def test_arguments_of_a_path() -> None:
    assert arguments("/a/<x>/b/<path:y>") == ["x", "y"]
    assert template("/a/<x>/b/<path:y>") == "/a/{x}/b/{y}"


async def test_the_document_is_valid_and_says_what_the_routes_take_and_give(kit: Any) -> None:
    routes = (
        endpoint("POST", "/small/<id>", summary="Grant wishes", body=Wish, reply=Given, event=Wish),
        endpoint("GET", "/small/<id>"),
    )
    async with kit.serving(plugin(kit, "small", *routes)) as serving:
        document = (await serving.client.get("/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    post = document["paths"]["/small/{id}"]["post"]
    assert post["summary"] == "Grant wishes"
    assert post["tags"] == ["small"]
    assert post["parameters"][0]["name"] == "id"
    wish = {"$ref": "#/components/schemas/Wish"}
    assert post["requestBody"]["content"]["application/json"]["schema"] == wish
    assert post["responses"]["200"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Given"}},
        "text/event-stream": {"schema": wish},
    }
    assert document["components"]["schemas"]["Wish"]["required"] == ["name"]
    assert document["paths"]["/small/{id}"]["get"]["summary"] == "GET /small/<id>"
    assert document["paths"]["/health"]["get"]["security"] == []


def test_the_document_of_the_installed_plugins_is_valid_and_describes_every_route() -> None:
    with run_server({"auth": {"use": "open"}}) as server:
        document = httpx.get(server.url + "/openapi.json").json()
        operations = [
            (path, method, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]
    OpenAPIV31SpecValidator(document).validate()
    silent = [
        (path, method) for path, method, said in operations if said["summary"].startswith(method.upper())
    ]
    assert not silent, f"these routes have no description: {silent}"
    assert len(operations) > 5
