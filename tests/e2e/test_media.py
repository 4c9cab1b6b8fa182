"""Hostile pictures, sent to servers that answer a good request after each."""

from __future__ import annotations

import base64
import gzip
import io
import json
import socket
import struct
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from mlxkernel.testing import FakeEngine, fake_plugin, run_server, serve_process

# --- pictures -------------------------------------------------------------------------------------------


def picture(format: str = "PNG", size: tuple[int, int] = (64, 48), frames: int = 1) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    shots = [Image.new("RGB", size, (60 * number, 20, 90)) for number in range(frames)]
    more = {"save_all": True, "append_images": shots[1:]} if frames > 1 else {}
    shots[0].save(file, format, **more)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def zeros(size: int) -> bytes:
    """So many zeros, compressed."""
    packer = zlib.compressobj(1)
    piece = bytes(1024 * 1024)
    packed = [packer.compress(piece) for _ in range(size // len(piece))]
    return b"".join([*packed, packer.compress(bytes(size % len(piece))), packer.flush()])


def png_bomb(side: int) -> bytes:
    """A small file that says to be a square of so many black and white pixels, and is."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    lines = zeros(side * (side // 8 + 1))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def png_claim() -> bytes:
    """The largest size that a PNG can have, and one compressed byte."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zeros(1)) + chunk(b"IEND", b"")


def gif_bomb() -> bytes:
    """The largest canvas that a GIF can have, with one small frame."""
    return b"GIF89a\xff\xff\xff\xff\x80\0\0" + picture("GIF")[13:]


def webp_bomb() -> bytes:
    """The largest canvas that a WebP can have, and nothing on it."""
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xfe\x3f\0\xfe\x3f\0"
    return b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas


def text_bomb() -> bytes:
    """A small PNG with eighty megabytes of comment."""
    whole = picture()
    comment = chunk(b"zTXt", b"Comment\0\0" + zeros(80 * 1024 * 1024))
    return whole[:33] + comment + whole[33:]


def data_url(data: bytes, media_type: str = "image/png") -> str:
    """The bytes as a data: URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


# --- a web server that means no good ---------------------------------------------------------------------


class Web(BaseHTTPRequestHandler):
    """What a picture's server may answer. ``/to?URL`` redirects."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        getattr(self, f"answer_{path[1:].replace('.', '_')}", self.answer_missing)(query)
        self.close_connection = True

    def _send(self, content: bytes, media_type: str = "image/png", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        headers = {"Content_Length": str(len(content)), **headers}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def answer_missing(self, query: str) -> None:
        self._send(b"no such page", "text/plain", 404)

    def answer_ok_png(self, query: str) -> None:
        self._send(picture())

    def answer_to(self, query: str) -> None:
        self._send(b"", status=302, Location=query)

    def answer_loop(self, query: str) -> None:
        self._send(b"", status=307, Location="/loop")

    def answer_page(self, query: str) -> None:
        self._send(b"<html>secret</html>", "text/html")

    def answer_lie(self, query: str) -> None:
        self._send(picture("JPEG"), "image/png")

    def answer_cut(self, query: str) -> None:
        self._send(picture("JPEG", (400, 300))[:-900], "image/jpeg")

    def answer_short(self, query: str) -> None:
        self._send(b"\x89PNG", Content_Length="100")

    def answer_bomb(self, query: str) -> None:
        self._send(png_bomb(16_000))

    def answer_long(self, query: str) -> None:
        self._send(b"", Content_Length=str(10**12))

    def answer_zipped(self, query: str) -> None:
        self._send(gzip.compress(picture()), Content_Encoding="gzip")

    def answer_endless(self, query: str) -> None:
        self._send(b"", Content_Length=str(10**6), Transfer_Encoding="chunked")

    def answer_flood(self, query: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            return

    def answer_drip(self, query: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.over.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b"\x89")
        except OSError:
            return


class Farm(ThreadingHTTPServer):
    """The web server; `over` lets its slow answers end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Web)
        self.over = threading.Event()

    @property
    def origin(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"


@pytest.fixture(scope="module")
def web() -> Iterator[Farm]:
    with Farm() as farm:
        thread = threading.Thread(target=farm.serve_forever)
        thread.start()
        yield farm
        farm.over.set()
        farm.shutdown()
        thread.join()


# --- the requests ----------------------------------------------------------------------------------------

ADDRESS = "image_address_not_allowed"
HOST = "image_host_not_allowed"
URL = "invalid_image_url"
FETCH = "image_fetch_failed"
LARGE = "image_too_large"
PICTURE = "invalid_image"

URLS: list[tuple[str, str]] = [
    ("http://127.0.0.1/a.png", ADDRESS),
    ("http://127.255.0.1/a.png", ADDRESS),
    ("http://localhost/a.png", ADDRESS),
    ("http://LOCALHOST./a.png", ADDRESS),
    ("http://127.0.0.1:22/", HOST),
    ("http://localhost:6379/", HOST),
    ("http://0.0.0.0/", ADDRESS),
    ("http://10.0.0.1/", ADDRESS),
    ("http://172.16.0.1/", ADDRESS),
    ("http://192.168.0.1/", ADDRESS),
    ("http://100.64.0.1/", ADDRESS),
    ("http://224.0.0.1/", ADDRESS),
    ("http://255.255.255.255/", ADDRESS),
    ("http://169.254.169.254/latest/meta-data/", ADDRESS),
    ("http://metadata.google.internal/computeMetadata/v1/", ADDRESS),
    ("http://[::1]/", ADDRESS),
    ("http://[::]/", ADDRESS),
    ("http://[::ffff:127.0.0.1]/", ADDRESS),
    ("http://[::ffff:a9fe:a9fe]/", ADDRESS),
    ("http://[::127.0.0.1]/", ADDRESS),
    ("http://[fd00:ec2::254]/latest/", ADDRESS),
    ("http://[fe80::1]/", ADDRESS),
    ("http://[fe80::1%25eth0]/", ADDRESS),
    ("http://[64:ff9b::7f00:1]/", ADDRESS),
    ("http://[2002:7f00:1::]/", ADDRESS),
    ("http://[ff02::1]/", ADDRESS),
    ("http://inside.test/", ADDRESS),
    ("http://mixed.test/", ADDRESS),
    ("http://six.test/", ADDRESS),
    ("http://2130706433/", URL),
    ("http://0x7f000001/", URL),
    ("http://0x7f.0.0.1/", URL),
    ("http://017700000001/", URL),
    ("http://0177.0.0.1/", URL),
    ("http://127.1/", URL),
    ("http://0/", URL),
    ("http://me:secret@example.org/", URL),
    ("http://example.org@127.0.0.1/", URL),
    ("http://１２７.0.0.1/", URL),
    ("ftp://127.0.0.1/a.png", URL),
    ("gopher://127.0.0.1:6379/_INFO", URL),
    ("javascript:alert(1)", URL),
    ("http:///a.png", URL),
    ("http://" + "a" * 10_000, URL),
    ("file:///etc/passwd", "image_file_not_allowed"),
    ("file://localhost/proc/self/environ", "image_file_not_allowed"),
    ("cat.png", URL),
    ("data:image/png,abc", URL),
    ("data:text/html;base64,YQ==", URL),
    ("data:image/png;base64,@@@@", "invalid_base64"),
    ("data:image/png;base64,", URL),
]
"""URLs, and the code of the error that each of them brings."""

PAGES: list[tuple[str, str]] = [
    ("/missing", FETCH),
    ("/loop", FETCH),
    ("/to?http://127.0.0.1/", ADDRESS),
    ("/to?http://127.0.0.1:22/", HOST),
    ("/to?http://localhost/", ADDRESS),
    ("/to?http://169.254.169.254/latest/meta-data/", ADDRESS),
    ("/to?http://[::1]/", ADDRESS),
    ("/to?http://inside.test/", ADDRESS),
    ("/to?http://2130706433/", URL),
    ("/to?//0x7f.1/", URL),
    ("/to?file:///etc/passwd", URL),
    ("/to?data:image/png;base64,AAAA", URL),
    ("/to?/to?http://127.0.0.1/", ADDRESS),
    ("/page", PICTURE),
    ("/lie", PICTURE),
    ("/cut", PICTURE),
    ("/short", FETCH),
    ("/bomb", LARGE),
    ("/long", LARGE),
    ("/flood", LARGE),
    ("/zipped", FETCH),
    ("/endless", FETCH),
    ("/drip", FETCH),
]
"""Pages of the web server, which the configuration allows, and the code of the error."""

FILES: list[tuple[str, str, bytes, str]] = [
    ("a bomb", "image/png", png_bomb(16_000), LARGE),
    ("a bomb that only claims to be one", "image/png", png_claim(), LARGE),
    ("a bomb of a canvas", "image/gif", gif_bomb(), LARGE),
    ("the same as WebP", "image/webp", webp_bomb(), LARGE),
    ("a bomb in a comment", "image/png", text_bomb(), PICTURE),
    ("a film", "image/gif", picture("GIF", frames=30), LARGE),
    ("a film as PNG", "image/png", picture("PNG", frames=3), LARGE),
    ("a film as WebP", "image/webp", picture("WEBP", frames=3), LARGE),
    ("half a PNG", "image/png", picture("PNG", (300, 200))[:200], PICTURE),
    ("half a JPEG", "image/jpeg", picture("JPEG", (300, 200))[:-500], PICTURE),
    ("half a WebP", "image/webp", picture("WEBP", (300, 200))[:-20], PICTURE),
    ("half a GIF", "image/gif", picture("GIF", (300, 200))[:-200], PICTURE),
    ("half a BMP", "image/bmp", picture("BMP", (300, 200))[:-200], PICTURE),
    ("a JPEG by the name of PNG", "image/png", picture("JPEG"), PICTURE),
    ("a page by the name of PNG", "image/png", b"<html></html>", PICTURE),
    ("a drawing", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", PICTURE),
    ("a document", "image/png", b"%PDF-1.7\n", PICTURE),
    ("a program", "image/png", b"\x7fELF\x02\x01\x01", PICTURE),
    ("a signature alone", "image/png", b"\x89PNG\r\n\x1a\n", PICTURE),
    ("a TIFF", "image/tiff", picture("TIFF"), "unsupported_image_format"),
    ("too many bytes", "image/bmp", picture("BMP", (3000, 2000)), LARGE),
]
"""Files sent as data: URLs, and the code of the error."""

MAX_BYTES = 10_000_000


def shows(*urls: str) -> list[dict[str, Any]]:
    """Messages with a question about these pictures."""
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}]


# --- the server ------------------------------------------------------------------------------------------


class Target:
    """A server under attack, and the name of its model."""

    def __init__(self, url: str, model: str) -> None:
        self.url = url
        self.model = model

    def post(self, messages: list[dict[str, Any]], stream: bool = False) -> tuple[int, dict[str, Any]]:
        """Status and body of one request; of a stream that began, the words that came."""
        body = {
            "model": self.model,
            "messages": messages,
            "stream": stream,
            "max_tokens": 2,
            "temperature": 0,
        }
        request = urllib.request.Request(
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                answer = reply.read()
                return reply.status, {"stream": answer.decode()} if stream else json.loads(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def greet(self) -> str:
        """The answer to a request without pictures."""
        status, body = self.post([{"role": "user", "content": "Hello!"}])
        assert status == 200, body
        return str(body["choices"][0]["message"]["content"])

    def refuse(self, messages: list[dict[str, Any]], code: str, where: str, stream: bool = False) -> None:
        """The request is refused with this code and the path of this field; the next one is answered."""
        status, body = self.post(messages, stream)
        assert status == 400, (status, body)
        error = body["error"]
        assert (error["code"], error["param"]) == (code, where), error
        assert error["type"] == "invalid_request_error", error
        assert where in error["message"] or code == "too_many_images", error
        assert self.greet()


INSIDE = {
    "inside.test": ["10.1.2.3"],
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "six.test": ["::ffff:10.1.2.3"],
}
"""Names of the public DNS that lead inside."""


@pytest.fixture(scope="module")
def inside() -> Iterator[None]:
    """The system's look-ups, with these names."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in INSIDE:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in INSIDE[host]]
        return real(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def policy(web: Farm) -> dict[str, Any]:
    """`[media]` of the servers: pictures are fetched, also from the web server that means no good."""
    return {
        "fetch": True,
        "allowed_hosts": ["*", web.origin],
        "fetch_timeout": 3.0,
        "max_bytes": MAX_BYTES,
    }


@pytest.fixture(scope="module")
def engines() -> list[FakeEngine]:
    return []


@pytest.fixture(scope="module")
def fake(web: Farm, inside: None, engines: list[FakeEngine]) -> Iterator[Target]:
    """A server in this process, for which names lead inside, and an engine that remembers what came."""
    tables = {"models": {"sees": {"source": "x", "engine": "fake", "preload": True}}, "media": policy(web)}
    with run_server(tables, {"fake": fake_plugin(None, engines, ("text", "image"))}) as server:
        yield Target(server.url, "sees")


@pytest.fixture(scope="module")
def real(web: Farm) -> Iterator[Target]:
    """A server process with the bundled model that sees."""
    settings = {f"MLXKERNEL_MEDIA__{key.upper()}": json.dumps(value) for key, value in policy(web).items()}
    with serve_process("-m", "bundled:tiny-vision", environment=settings) as server:
        server.wait_ready()
        yield Target(server.url, "tiny-vision")
        assert server.health()["models"]["tiny-vision"].get("restarts", 0) == 0


@pytest.fixture(params=["fake", "real"])
def target(request: pytest.FixtureRequest) -> Target:
    """Both servers, one after the other."""
    chosen: Target = request.getfixturevalue(request.param)
    return chosen


PATH = "messages[0].content[1].image_url.url"


@pytest.mark.parametrize(("url", "code"), URLS, ids=[url[:60] for url, _ in URLS])
def test_urls(target: Target, url: str, code: str) -> None:
    target.refuse(shows(url), code, PATH)


@pytest.mark.parametrize(("page", "code"), PAGES)
def test_pages(target: Target, web: Farm, page: str, code: str) -> None:
    target.refuse(shows(f"http://{web.origin}{page}"), code, PATH)


@pytest.mark.parametrize(
    ("media_type", "data", "code"), [file[1:] for file in FILES], ids=[file[0] for file in FILES]
)
def test_files(target: Target, media_type: str, data: bytes, code: str) -> None:
    target.refuse(shows(data_url(data, media_type)), code, PATH)


def test_two_hundred_pictures(target: Target) -> None:
    many = shows(*[data_url(picture())] * 200)
    target.refuse(many, "too_many_images", "messages[0].content[33].image_url.url")


def test_the_second_picture_of_the_third_message_is_the_one_that_is_named(target: Target) -> None:
    good, bad = data_url(picture()), data_url(b"no picture")
    turns = [*shows(good), {"role": "assistant", "content": "A plain."}, *shows(good, bad)]
    target.refuse(turns, PICTURE, "messages[2].content[2].image_url.url")


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (
            {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
            "messages[0].content[0].type",
        ),
        ({"type": "file", "file": {"file_id": "f"}}, "messages[0].content[0].type"),
        ({"type": "video_url", "video_url": {"url": "http://a"}}, "messages[0].content[0].type"),
        ({"type": "image_url", "image_url": {"url": 5}}, "messages[0].content[0].image_url.url"),
        ({"type": "image_url", "image_url": {}}, "messages[0].content[0].image_url.url"),
        ({"type": "image_url"}, "messages[0].content[0].image_url"),
    ],
)
def test_parts_that_are_no_pictures(target: Target, part: dict[str, Any], param: str) -> None:
    status, body = target.post([{"role": "user", "content": [part]}])
    assert (status, body["error"]["param"]) == (400, param), body
    assert target.greet()


@pytest.mark.parametrize("page", ["/to?http://169.254.169.254/", "/drip", "/bomb"])
def test_a_stream_is_refused_like_an_answer(target: Target, web: Farm, page: str) -> None:
    code = dict(PAGES).get(page, ADDRESS)
    target.refuse(shows(f"http://{web.origin}{page}"), code, PATH, stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_good_pictures_are_answered_before_and_after(target: Target, web: Farm, stream: bool) -> None:
    formats = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
    urls = [data_url(picture(name), f"image/{name.lower()}") for name in formats]
    urls += [f"http://{web.origin}/ok.png", f"http://{web.origin}/to?/ok.png"]
    status, body = target.post(shows(*urls), stream)
    assert status == 200, body


def test_what_reaches_the_engine_are_bytes(fake: Target, web: Farm, engines: list[FakeEngine]) -> None:
    fake.post(shows(f"http://{web.origin}/ok.png"))
    _, image = engines[0].requests[-1].input.messages[0].parts
    assert (image.data, image.url, image.media_type) == (picture(), None, "image/png")


def test_nothing_hostile_ever_reached_an_engine(fake: Target, engines: list[FakeEngine]) -> None:
    """Every picture that an engine was given is one of an accepted format, and nothing is left under way."""
    seen = {
        part.media_type
        for request in engines[0].requests
        for message in request.input.messages
        for part in message.parts
        if hasattr(part, "media_type")
    }
    assert seen <= {"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"}
    assert engines[0].live == {}
