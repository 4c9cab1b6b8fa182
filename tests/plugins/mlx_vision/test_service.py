"""A model that sees, behind HTTP in a worker of its own: chosen by its config, streamed, bound, cancelled."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.plugins.mlx_vision.harness import part, picture

from mlxkernel.testing import ServeProcess, serve_process


@pytest.fixture(scope="module")
def server(seeing: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    config = tmp_path_factory.mktemp("server") / "mlx.toml"
    config.write_text(f"[models.seeing]\nsource = {json.dumps(str(seeing))}\n")
    with serve_process("-c", str(config)) as running:
        yield running


def image(seed: int) -> dict[str, Any]:
    data = base64.b64encode(part(picture(seed)).data or b"").decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def ask(server: ServeProcess, content: list[dict[str, Any]], **fields: Any) -> httpx.Response:
    body = {"model": "seeing", "messages": [{"role": "user", "content": content}], "max_tokens": 8, **fields}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=120)


def test_a_picture_is_answered_and_the_next_turn_reuses_it(server: ServeProcess) -> None:
    cold = ask(server, [image(1), text("What is it?")], temperature=0)
    assert cold.status_code == 200, cold.text
    usage = cold.json()["usage"]
    assert usage["prompt_tokens"] > 20
    answer = cold.json()["choices"][0]["message"]["content"]
    history = [
        {"role": "user", "content": [image(1), text("What is it?")]},
        {"role": "assistant", "content": "A fox."},
        {"role": "user", "content": "And now?"},
    ]
    warm = ask(server, [], messages=history, temperature=0).json()
    assert warm["usage"]["prompt_tokens_details"]["cached_tokens"] >= usage["prompt_tokens"] - 3
    again = ask(server, [image(1), text("What is it?")], temperature=0).json()
    assert again["choices"][0]["message"]["content"] == answer
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"] - 1


def test_a_stream_tells_what_the_whole_answer_tells(server: ServeProcess) -> None:
    whole = ask(server, [text("Look: "), image(2), image(3)], temperature=0).json()
    body = {
        "model": "seeing",
        "messages": [{"role": "user", "content": [text("Look: "), image(2), image(3)]}],
        "max_tokens": 8,
        "temperature": 0,
        "stream": True,
    }
    pieces = []
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=120) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                pieces.extend(
                    choice["delta"].get("content") or "" for choice in json.loads(line[6:])["choices"]
                )
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]


def test_an_answer_about_a_picture_follows_a_schema(server: ServeProcess) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "seen", "schema": schema}}
    reply = ask(server, [image(1), text("Which colour?")], response_format=form, max_tokens=60, seed=1)
    assert reply.status_code == 200, reply.text
    assert json.loads(reply.json()["choices"][0]["message"]["content"])["colour"] in ("red", "blue")


def test_a_client_that_goes_away_frees_its_row(server: ServeProcess) -> None:
    body = {
        "model": "seeing",
        "messages": [{"role": "user", "content": [image(4), text("Tell me all.")]}],
        "max_tokens": 900,
        "logit_bias": {"2": -100},
        "stream": True,
    }
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=120) as response:
        lines = response.iter_lines()
        while not next(lines).startswith("data: {"):
            pass
    assert ask(server, [text("Hello")]).status_code == 200


def test_a_damaged_picture_is_a_400_that_names_its_part_and_the_next_request_is_answered(
    server: ServeProcess,
) -> None:
    data = base64.b64encode((part(picture(1)).data or b"")[:300]).decode()
    damaged = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    reply = ask(server, [text("See "), damaged])
    assert reply.status_code == 400
    assert "messages[0].content[1]" in reply.json()["error"]["message"]
    assert ask(server, [image(1), text("And this?")]).status_code == 200
