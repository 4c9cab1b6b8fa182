"""``mlxkernel ask``: one question, about pictures or not, and the answer as it comes."""

from __future__ import annotations

import base64
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from mlxkernel.cli.options import DEFAULT_SERVER
from mlxkernel.errors import StartError
from mlxkernel.media.formats import MEDIA_TYPES, sniff

if TYPE_CHECKING:
    from mlxkernel.cli.remote import End
    from mlxkernel.cli.session import Session

_WEB = re.compile(r"https?://", re.IGNORECASE)


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask.")],
    pictures: Annotated[
        list[str] | None, typer.Argument(metavar="PICTURE", help="Files, or http(s) URLs.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="A model of the server, or one to load here: bundled:tiny, a folder, a hub id.",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"The server to ask ({DEFAULT_SERVER}, if it answers)."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key that the server asks for, if not in MLXKERNEL_KEY.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The system text.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="The longest answer, in tokens.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temp", min=0.0, max=2.0, help="The temperature.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print times and tokens after the answer, on stderr.")
    ] = False,
) -> None:
    """Ask one question, about pictures if there are any, and print the answer as it comes."""
    from mlxkernel.cli.session import open_session

    shown = [_picture(entry) for entry in pictures or ()]
    turns = [{"role": "system", "content": system}] if system else []
    turns.append({"role": "user", "content": _content(question, shown)})
    # Whoever names a URL here wants it fetched; a server of others decides for itself.
    settings = {"media.fetch": True} if any(_WEB.match(url) for url in shown) else {}
    with ExitStack() as stack:
        example = "ask -m bundled:tiny-vision" if shown else "ask -m bundled:tiny"
        session = open_session(stack, example, model=model, server=server, key=key, settings=settings)
        figures = _stream(session, turns, temperature, max_tokens)
    if verbose:
        print(figures.words(), file=sys.stderr)


def _picture(entry: str) -> str:
    """A picture's URL: its own, or a data: URL of the file. Raises `typer.BadParameter` (exit code 2)."""
    if _WEB.match(entry):
        return entry
    path = Path(entry).expanduser()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _bad(f"there is no file '{entry}'") from None
    except IsADirectoryError:
        raise _bad(f"'{entry}' is a folder; name the pictures in it") from None
    except OSError as error:
        raise _bad(f"'{entry}' cannot be read: {error.strerror}") from None
    name = sniff(data)
    if name is None:
        raise _bad(f"'{entry}' is no picture of a known format ({', '.join(MEDIA_TYPES)})")
    return f"data:{MEDIA_TYPES[name]};base64,{base64.b64encode(data).decode()}"


def _bad(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="PICTURE")


def _content(question: str, urls: list[str]) -> Any:
    """The question, behind the pictures that it is about."""
    if not urls:
        return question
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [*parts, {"type": "text", "text": question}]


class Figures(Struct, frozen=True):
    """How long an answer took: seconds to its first token, thoughts included, and to its end."""

    first: float
    total: float
    end: End

    def words(self) -> str:
        """One line each for the time to the first token, the prompt, the answer and the whole."""
        lines = [f"time to first token  {self.first:.3f} s"]
        prompt, cached, made = self.end.prompt_tokens, self.end.cached_tokens, self.end.completion_tokens
        if prompt is not None:
            told = f" ({cached} cached)" if cached else ""
            lines.append(f"prompt               {prompt} tokens{told}{_rate(prompt - cached, self.first)}")
        if made is not None:
            cut = ", cut off at the token limit" if self.end.reason == "length" else ""
            lines.append(f"answer               {made} tokens{_rate(made - 1, self.total - self.first)}{cut}")
        return "\n".join([*lines, f"total                {self.total:.3f} s"])


def _rate(tokens: int, seconds: float) -> str:
    return f", {tokens / seconds:.1f} tokens/s" if tokens > 0 and seconds > 0 else ""


def _stream(
    session: Session, turns: list[dict[str, Any]], temperature: float | None, max_tokens: int | None
) -> Figures:
    """Print the answer as it comes. Raises `StartError` with the server's words when it fails."""
    from mlxkernel.cli.remote import AnswerFailed, End

    began = time.monotonic()
    first: float | None = None
    end = End()
    said = False
    try:
        for event in session.remote.answer(session.model, turns, temperature, max_tokens):
            if isinstance(event, End):
                end = event
                break
            first = first or time.monotonic()
            if not event.thought:
                said = True
                print(event.text, end="", flush=True)
    except AnswerFailed as error:
        raise StartError(f"{session.remote.url}: {error}") from None
    finally:
        if said:
            print()
    done = time.monotonic()
    return Figures((first or done) - began, done - began, end)
