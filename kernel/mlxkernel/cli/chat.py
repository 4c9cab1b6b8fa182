"""``mlxkernel chat``: a conversation in the terminal, with a running server or with a model of one's own."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from mlxkernel.cli.options import DEFAULT_SERVER

if TYPE_CHECKING:
    from mlxkernel.cli.conversation import Conversation
    from mlxkernel.cli.remote import Remote

PROMPT = "> "
MORE = "… "
BLOCK = '"""'


def chat(
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
        typer.Option(metavar="URL", help=f"The server to talk to ({DEFAULT_SERVER}, if it answers)."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key that the server asks for, if not in MLXKERNEL_KEY.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The system text.")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temp", min=0.0, max=2.0, help="The temperature.")
    ] = None,
) -> None:
    """Chat in the terminal; /help lists what can be done."""
    from mlxkernel.cli.conversation import Conversation
    from mlxkernel.cli.session import open_session

    with ExitStack() as stack:
        session = open_session(stack, "chat -m bundled:tiny", model=model, server=server, key=key)
        remote = session.remote
        conversation = Conversation(session.models, session.model, temperature)
        conversation.system = system
        if sys.stdin.isatty():
            _dim(f"{conversation.model} on {remote.url}; /help lists the commands")
        Talk(remote, conversation).run()


class Talk:
    """The loop: read, run a command or ask, show the answer as it comes."""

    def __init__(self, remote: Remote, conversation: Conversation) -> None:
        self._remote = remote
        self._conversation = conversation

    def run(self) -> None:
        """Talk until the user leaves."""
        from mlxkernel.cli.conversation import CommandError, Leave

        if sys.stdin.isatty():
            import readline  # noqa: F401  # importing it gives `input` its editing and history
        while True:
            try:
                text = _read().strip()
                if text.startswith("/"):
                    _dim(self._conversation.command(text))
                elif text:
                    self._answer(text)
            except CommandError as error:
                _dim(str(error))
            except KeyboardInterrupt:
                _dim("\n/exit or Ctrl-D leaves")
            except (EOFError, Leave):
                return

    def _answer(self, text: str) -> None:
        """Ask and stream; a Ctrl-C stops the answer and keeps what has come of it."""
        from mlxkernel.cli.remote import AnswerFailed, End

        conversation = self._conversation
        conversation.ask(text)
        said: list[str] = []
        began = time.monotonic()
        first: float | None = None
        end: End | None = None
        try:
            for event in self._remote.answer(
                conversation.model, conversation.messages, conversation.temperature
            ):
                if isinstance(event, End):
                    end = event
                    break
                first = first or time.monotonic()
                if not event.thought:
                    said.append(event.text)
                    print(event.text, end="", flush=True)
        except KeyboardInterrupt:
            _dim(" [stopped]")
        except AnswerFailed as error:
            _dim(f"{'' if not said else chr(10)}the server: {error}")
        conversation.answered("".join(said))
        if end is not None:
            print()
            if sys.stdout.isatty():
                _dim(_figures(end, (first or time.monotonic()) - began, time.monotonic() - began))


def _figures(end: object, first: float, total: float) -> str:
    """How long the answer was and how fast it came."""
    from mlxkernel.cli.remote import End

    assert isinstance(end, End)
    figures = [f"first word after {first:.2f} s"]
    tokens = end.completion_tokens
    if tokens:
        figures.insert(0, f"{tokens} tokens")
        if tokens > 1 and total > first:
            figures.append(f"{(tokens - 1) / (total - first):.0f} tokens/s")
    if end.reason == "length":
        figures.append("cut off at the token limit")
    return ", ".join(figures)


def _read() -> str:
    """One input: a line, lines joined by a backslash at their end, or a block between triple quotes."""
    show = sys.stdin.isatty()
    line = input(PROMPT if show else "")
    if line.strip().startswith(BLOCK):
        lines = [line.strip()[len(BLOCK) :]]
        while not lines[-1].rstrip().endswith(BLOCK):
            lines.append(input(MORE if show else ""))
        lines[-1] = lines[-1].rstrip()[: -len(BLOCK)]
        return "\n".join(lines)
    lines = [line]
    while lines[-1].endswith("\\"):
        lines[-1] = lines[-1][:-1]
        lines.append(input(MORE if show else ""))
    return "\n".join(lines)


def _dim(text: str) -> None:
    """Say something that is not part of the conversation."""
    print(f"\x1b[2m{text}\x1b[0m" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)
