"""Browsers: which pages may use the server, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

PAGE = "https://chat.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


async def test_no_foreign_page_reads_an_answer_unless_it_is_allowed(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.get("/toy/who/x", headers={"Origin": PAGE})
        assert reply.status_code == 200
        assert "access-control-allow-origin" not in reply.headers
        preflight = await serving.client.options("/toy/say", headers={"Origin": PAGE, **PREFLIGHT})
        assert not [name for name in preflight.headers if name.startswith("access-control")]
        assert preflight.headers["vary"] == "Origin"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_foreign_page_sends_without_asking_is_refused(kit: Any, content_type: str) -> None:
    async with kit.serving() as serving:
        headers = {"Origin": PAGE, **({"Content-Type": content_type} if content_type else {})}
        reply = await serving.client.post("/toy/say", content=b"{}", headers=headers)
        assert reply.status_code == 403
        assert (
            f"Pages of the origin '{PAGE}' may not use this server; the operator can add it to "
            "[server] allow_origins" in reply.text
        )
        assert serving.toy.engine.requests == []


async def test_programs_send_no_origin_and_may_send_any_content_type(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.get("/toy/who/x", headers={"Content-Type": "text/plain"})
        assert reply.status_code == 200


async def test_a_page_of_the_server_itself_is_at_home(kit: Any) -> None:
    async with kit.serving() as serving:
        host = serving.client.base_url.netloc.decode()
        reply = await serving.client.get("/toy/who/x", headers={"Origin": f"http://{host}"})
        assert reply.status_code == 200


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"allow_origins": [PAGE]}, PAGE),
        ({"allow_origins": [PAGE + "/"]}, PAGE),
        ({"allow_origins": ["*"]}, "http://anything.example:8080"),
        ({"allow_desktop": True}, "tauri://localhost"),
        ({"allow_desktop": True}, "http://tauri.localhost"),
        ({"allow_desktop": True}, "null"),
        ({"allow_desktop": True}, "file://"),
        ({"allow_desktop": True}, "vscode-webview://1k2j3"),
    ],
)
async def test_an_allowed_page_may_ask_send_and_read(kit: Any, settings: dict[str, Any], origin: str) -> None:
    async with kit.serving(server=settings, auth={"use": "password"}) as serving:
        asked = await serving.client.options("/toy/say", headers={"Origin": origin, **PREFLIGHT})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == origin
        assert asked.headers["access-control-allow-methods"] == "POST"
        assert asked.headers["access-control-allow-headers"] == "authorization, content-type"
        key = {"Authorization": "Bearer sesame"}
        said = await serving.client.get("/toy/who/x", headers={"Origin": origin, **key})
        assert said.status_code == 200
        assert said.headers["access-control-allow-origin"] == origin
        assert "X-Request-Id" in said.headers["access-control-expose-headers"]
        stranger = await serving.client.get("/toy/who/x", headers={"Origin": origin})
        assert stranger.status_code == 401
        assert stranger.headers["access-control-allow-origin"] == origin


async def test_desktop_windows_are_foreign_until_they_are_allowed(kit: Any) -> None:
    async with kit.serving(server={"allow_origins": [PAGE]}) as serving:
        reply = await serving.client.post("/toy/say", content=b"{}", headers={"Origin": "tauri://localhost"})
        assert reply.status_code == 403


async def test_a_page_on_the_internet_may_ask_for_this_network_only_if_allowed(kit: Any) -> None:
    asking = {"Origin": PAGE, **PREFLIGHT, "Access-Control-Request-Private-Network": "true"}
    async with kit.serving(server={"allow_origins": [PAGE]}) as serving:
        allowed = await serving.client.options("/toy/say", headers=asking)
        assert allowed.headers["access-control-allow-private-network"] == "true"
    async with kit.serving() as serving:
        refused = await serving.client.options("/toy/say", headers=asking)
        assert "access-control-allow-private-network" not in refused.headers


async def test_the_head_of_a_route_has_no_body(kit: Any) -> None:
    async with kit.serving() as serving:
        reply = await serving.client.head("/toy/who/x")
        assert (reply.status_code, reply.content) == (200, b"")


async def test_a_slash_at_the_end_changes_nothing(kit: Any) -> None:
    async with kit.serving() as serving:
        assert (await serving.client.get("/toy/who/x/")).status_code == 200
