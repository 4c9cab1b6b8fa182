"""The official openai client and pictures by URL, from a web server that the configuration allows."""

from __future__ import annotations

import asyncio
import base64
import io
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_plugins.tiny.vision_recipe import exam
from mlxkernel_plugins.tiny.vision_recipe.drawing import draw
from mlxkernel_plugins.tiny.vision_recipe.scenes import Picture

MODEL = "tiny-vision"
ASKED = 5


class Gallery(ThreadingHTTPServer):
    """Serves pictures by number; `asked` are the paths that were."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Room)
        self.pictures: list[bytes] = []
        self.asked: list[str] = []

    @property
    def origin(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    def hang(self, picture: bytes) -> str:
        """Add a picture; its URL."""
        self.pictures.append(picture)
        return f"http://{self.origin}/{len(self.pictures) - 1}"


class Room(BaseHTTPRequestHandler):
    """``/moved/N`` redirects to ``/N``."""

    server: Gallery

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/moved"):
            self.send_response(301)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
            return
        content = self.server.pictures[int(self.path[1:])]
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    with Gallery() as gallery:
        thread = threading.Thread(target=gallery.serve_forever)
        thread.start()
        yield gallery
        gallery.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(gallery: Gallery) -> Iterator[ServeProcess]:
    settings = {
        "MLXKERNEL_MEDIA__FETCH": "true",
        "MLXKERNEL_MEDIA__ALLOWED_HOSTS": f'["{gallery.origin}"]',
    }
    with serve_process("-m", "bundled:tiny-vision", environment=settings) as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def png(picture: Picture) -> bytes:
    file = io.BytesIO()
    draw(picture).save(file, "PNG")
    return file.getvalue()


def data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def shown(*parts: str) -> list[Any]:
    """A user's message: text, and pictures by their URLs."""
    content = [
        {"type": "image_url", "image_url": {"url": part, "detail": "auto"}}
        if part.startswith(("http:", "data:"))
        else {"type": "text", "text": part}
        for part in parts
    ]
    return [{"role": "user", "content": content}]


async def ask(client: openai.AsyncOpenAI, messages: list[Any]) -> str:
    done = await client.chat.completions.create(model=MODEL, messages=messages, temperature=0, max_tokens=80)
    return done.choices[0].message.content or ""


async def streamed(client: openai.AsyncOpenAI, messages: list[Any]) -> str:
    stream = await client.chat.completions.create(
        model=MODEL, messages=messages, temperature=0, max_tokens=80, stream=True
    )
    return "".join([choice.delta.content or "" async for chunk in stream for choice in chunk.choices])


@pytest.mark.parametrize("kind", ["describes one to three shapes, all right", "difference of two pictures"])
async def test_pictures_by_url_are_answered_like_pictures_that_are_sent(
    client: openai.AsyncOpenAI, gallery: Gallery, kind: str
) -> None:
    paper = exam.PAPERS[kind]
    right = 0
    for number in range(ASKED):
        (turn,) = paper.write("by url", number).turns
        files = [part if isinstance(part, str) else png(part) for part in turn.user]
        sent = shown(*(part if isinstance(part, str) else data_url(part) for part in files))
        linked = shown(*(part if isinstance(part, str) else gallery.hang(part) for part in files))
        answers = await asyncio.gather(ask(client, sent), ask(client, linked), streamed(client, linked))
        assert len(set(answers)) == 1, answers
        right += turn.right(answers[0])
    assert right >= int(paper.threshold * ASKED)


async def test_redirects_within_what_is_allowed_are_followed(
    client: openai.AsyncOpenAI, gallery: Gallery
) -> None:
    (turn,) = exam.PAPERS["colour of a single shape"].write("by url", 0).turns
    (picture,) = (part for part in turn.user if not isinstance(part, str))
    url = gallery.hang(png(picture))
    moved = url.replace(gallery.origin, f"{gallery.origin}/moved")
    assert await ask(client, shown(moved, "What colour is it?")) == await ask(
        client, shown(url, "What colour is it?")
    )
    assert moved.removeprefix(f"http://{gallery.origin}") in gallery.asked


async def test_other_servers_are_refused_by_the_field_s_path(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await ask(client, shown("http://example.org/a.png", "What colour is it?"))
    assert caught.value.param == "messages[0].content[0].image_url.url"
    assert caught.value.code == "image_host_not_allowed"
