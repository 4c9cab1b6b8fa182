"""A running server that asks for keys: no route of any plugin is open but its health."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from mlxkernel.routes import OWN, served
from mlxkernel.testing import run_server
from mlxkernel.testing.fake import fake_plugin
from mlxkernel_plugins.auth_keys.entries import Entry, hash_of, new_key
from mlxkernel_plugins.auth_keys.keyring import Keyring


def test_every_route_asks_for_the_key_and_revoking_it_needs_no_restart(tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "keys.toml"
    Keyring(path).change(lambda entries: (Entry(name="laptop", hash=hash_of(key)),))
    tables = {
        "models": {"m": {"source": "none", "engine": "fake"}},
        "auth": {"use": "keys"},
        "plugins": {"auth-keys": {"file": str(path)}},
    }
    with (
        run_server(tables, {"fake": fake_plugin()}) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        entries = [OWN[1], *(one.entry for one in served(server.kernel.host))]
        routes = [(entry.method, re.sub("<[^>]+>", "m", entry.path)) for entry in entries]
        assert {"openai", "anthropic", "ollama"} <= {entry.dialect for entry in entries}
        for method, route in [*routes, ("GET", "/v1/nothing"), ("GET", "/nothing")]:
            reply = client.request(method, route)
            assert reply.status_code == 401, route
            assert reply.headers["www-authenticate"] == "Bearer"
            assert reply.json()["error"]
        assert client.get("/health").status_code == 200
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        bearer, header = {"authorization": f"Bearer {key}"}, {"x-api-key": key}
        assert client.post("/v1/chat/completions", json=body, headers=bearer).status_code == 200
        assert client.get("/v1/models", headers=header).status_code == 200
        Keyring(path).change(lambda entries: ())
        assert client.get("/v1/models", headers=header).status_code == 401
