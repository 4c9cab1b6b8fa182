"""``ask``: what goes to the server, what comes out, and what is said when it cannot be done."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from mlxkernel.events import ChoiceFinished, Event, Finished, FinishReason, Started, TextDelta, Usage
from mlxkernel.messages import Text
from mlxkernel.request import Request
from mlxkernel.testing import FakeEngine, RunningServer, fake_plugin, run_server

MODELS = {"models": {name: {"source": "x", "engine": "fake", "preload": True} for name in ("m", "n")}}

Run = Callable[..., subprocess.CompletedProcess[str]]


def picture(format: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (1, 2, 3)).save(file, format)
    return file.getvalue()


def answer(request: Request) -> list[Event]:
    words = [TextDelta(0, word) for word in ("A ", "red ", "square.")]
    reason = FinishReason.LENGTH if request.max_tokens == 3 else FinishReason.STOP
    usage = Usage(prompt_tokens=40, completion_tokens=3, cached_tokens=10)
    return [Started(40), *words, ChoiceFinished(0, reason), Finished(usage)]


@pytest.fixture
def engines() -> list[FakeEngine]:
    return []


@pytest.fixture
def server(engines: list[FakeEngine]) -> Iterator[RunningServer]:
    with run_server(MODELS, {"fake": fake_plugin(answer, engines, ("text", "image"))}) as running:
        yield running


def _asked(engines: list[FakeEngine]) -> Request:
    """The one request that came."""
    (request,) = (request for engine in engines for request in engine.requests)
    return request


def test_pictures_come_before_the_question_and_in_order(
    run: Run, server: RunningServer, engines: list[FakeEngine], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    # What a file is called says nothing about what it is.
    (tmp_path / "b.png").write_bytes(picture("JPEG"))
    done = run("ask", "Describe them.", "a.png", "b.png", "--server", server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "A red square.\n", "")
    (message,) = _asked(engines).input.messages
    first, second, question = message.parts
    assert (first.data, first.media_type) == (picture("PNG"), "image/png")
    assert (second.data, second.media_type) == (picture("JPEG"), "image/jpeg")
    assert question == Text("Describe them.")


def test_a_question_alone_with_all_its_options(
    run: Run, server: RunningServer, engines: list[FakeEngine]
) -> None:
    options = ["-m", "n", "--max-tokens", "3", "--temp", "0.5", "--system", "Be brief."]
    done = run("ask", "Why?", *options, "--server", server.url)
    assert (done.returncode, done.stdout) == (0, "A red square.\n")
    request = _asked(engines)
    assert (request.model, request.max_tokens, request.sampling.temperature) == ("n", 3, 0.5)
    system, user = request.input.messages
    assert (system.parts, user.parts) == ((Text("Be brief."),), (Text("Why?"),))


def test_times_and_tokens(run: Run, server: RunningServer) -> None:
    done = run("ask", "Why?", "--verbose", "--server", server.url)
    assert done.stdout == "A red square.\n"
    assert re.fullmatch(
        r"time to first token  \d+\.\d{3} s\n"
        r"prompt               40 tokens \(10 cached\), \d+\.\d tokens/s\n"
        r"answer               3 tokens, \d+\.\d tokens/s\n"
        r"total                \d+\.\d{3} s\n",
        done.stderr,
    )
    cut = run("ask", "Why?", "-v", "--max-tokens", "3", "--server", server.url)
    assert "tokens/s, cut off at the token limit\n" in cut.stderr


def test_a_url_is_left_to_the_server(run: Run, server: RunningServer) -> None:
    done = run("ask", "What?", "https://example.org/a.png", "--server", server.url)
    assert done.returncode == 1
    assert done.stderr == (
        f"mlxkernel: {server.url}: The picture at 'messages[0].content[0].image_url.url' is refused: "
        "this server fetches no pictures; send the picture itself, as base64, "
        "or the operator can set [media] fetch = true\n"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.png", "there is no file 'missing.png'"),
        (".", "'.' is a folder; name the pictures in it"),
        (
            "notes.txt",
            "'notes.txt' is no picture of a known format (png, jpeg, webp, gif, bmp, tiff, avif, heic)",
        ),
    ],
)
def test_what_is_no_picture_is_wrong_usage(run: Run, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "notes.txt").write_text("buy milk")
    done = run("ask", "What?", name, "--server", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr == (f"mlxkernel ask: Invalid value for PICTURE: {words} (see mlxkernel ask --help)\n")


def test_a_server_that_is_not_there(run: Run) -> None:
    done = run("ask", "Why?", "--server", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr == (
        "mlxkernel: no server answers on http://127.0.0.1:1 (ConnectError); is it running?\n"
    )


def test_with_a_model_of_its_own(run: Run, tmp_path: Path) -> None:
    done = run("ask", "Hello, my name is Ada.", "-m", "bundled:tiny", "--temp", "0", "-v")
    assert done.returncode == 0
    assert "Ada" in done.stdout
    assert done.stderr.startswith("time to first token  ")


def test_a_model_that_does_not_see_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    done = run("ask", "What?", "a.png", "-m", "bundled:tiny")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "'messages[0].content[0].image_url.url' is not supported: the model 'tiny' does not take pictures\n"
    )
