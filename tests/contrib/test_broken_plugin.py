"""A broken plugin from outside: what is said of it, and that the server goes on without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process

FAULT = (
    "plugin 'example-broken' of mlxkernel-example-broken 0.1.0 cannot be used (validate): "
    "there is no hook mlxkernel_register_dialect; did you mean 'mlxkernel_register_dialects'?"
)
MEND = (
    "pip install --upgrade mlxkernel-example-broken, or switch it off with "
    '[kernel] disabled = ["example-broken"]'
)


@pytest.fixture(scope="module")
def server(broken: Any) -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny", python=broken.python) as process:
        process.wait_ready()
        yield process


def test_the_server_goes_on_and_answers(server: ServeProcess) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "Hello!"}], temperature=0
        )
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content


def test_the_start_says_who_is_broken_and_what_mends_it(server: ServeProcess) -> None:
    said = [line for line in server.log.splitlines() if "WARNING mlxkernel.plugins" in line]
    assert [line.split("mlxkernel.plugins: ")[1] for line in said] == [
        f"{FAULT} The server goes on without it. Mend: {MEND}"
    ]


def test_the_list_says_it_too(broken: Any) -> None:
    done = broken.run("-m", "mlxkernel", "plugins", "list", "--json")
    assert done.returncode == 1
    rows = json.loads(done.stdout)
    assert rows[-1] == {
        "name": "example-broken",
        "distribution": "mlxkernel-example-broken",
        "version": "0.1.0",
        "state": "broken",
        "brings": [],
        "fault": FAULT,
        "mend": MEND,
    }
    assert {row["state"] for row in rows[:-1]} == {"loaded"}


def test_strict_plugins_stops_the_start(broken: Any) -> None:
    done = broken.run("-m", "mlxkernel", "serve", "-m", "bundled:tiny", "--port", "0", "--strict-plugins")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"mlxkernel: {FAULT} Mend: {MEND}\n"


def test_a_plugin_that_the_configuration_names_must_work(broken: Any, tmp_path: Path) -> None:
    file = tmp_path / "mlx.toml"
    file.write_text('[models.tiny]\nsource = "bundled:tiny"\n\n[plugins.example-broken]\n', encoding="utf-8")
    done = broken.run("-m", "mlxkernel", "serve", "-c", file, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"mlxkernel: {FAULT} Mend: {MEND}\n"


def test_switched_off_it_is_not_heard_of(broken: Any, tmp_path: Path) -> None:
    file = tmp_path / "mlx.toml"
    file.write_text('[kernel]\ndisabled = ["example-broken"]\n', encoding="utf-8")
    done = broken.run("-m", "mlxkernel", "plugins", "list", "--json", "-c", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[-1]["state"] == "disabled"
