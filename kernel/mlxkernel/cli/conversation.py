"""The conversation of a terminal chat: its turns, its settings and the commands that change them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from mlxkernel.cli.remote import Turn
from mlxkernel.config import nearest

HELP = """\
/help            this list
/clear           forget the conversation, keep the system text
/system [TEXT]   show or set the system text; '/system -' removes it
/model [NAME]    show the models or change to another
/temp [NUMBER]   show or set the temperature; '/temp -' leaves it to the model
/save FILE       write the conversation, as JSON for a name that ends in .json, else as Markdown
/exit            leave (also Ctrl-D)

A line that ends with \\ goes on in the next one; \"\"\" begins and ends a text of several lines.
Ctrl-C stops an answer."""

HOTTEST = 2.0
"""The highest temperature that the API takes."""


class Leave(Exception):
    """The user wants to leave."""


class CommandError(Exception):
    """A command that cannot be done; the message says why."""


Command: TypeAlias = Callable[[str], str]


class Conversation:
    """Turns and settings. `models` are the names that the server knows, the first is the one in use."""

    def __init__(self, models: Sequence[str], model: str, temperature: float | None = None) -> None:
        self.models = list(models)
        self.model = model
        self.temperature = temperature
        self.system: str | None = None
        self.turns: list[Turn] = []
        self._commands: dict[str, Command] = {
            "/help": lambda _: HELP,
            "/clear": self._clear,
            "/system": self._system,
            "/model": self._model,
            "/temp": self._temperature,
            "/save": self._save,
            "/exit": self._exit,
        }

    @property
    def messages(self) -> list[Turn]:
        """What is sent: the system text, if there is one, and all turns."""
        head = [{"role": "system", "content": self.system}] if self.system else []
        return [*head, *self.turns]

    def ask(self, text: str) -> None:
        """Add the user's next turn."""
        self.turns.append({"role": "user", "content": text})

    def answered(self, text: str) -> None:
        """Add the answer; one that was stopped before its first word takes its question back."""
        if text:
            self.turns.append({"role": "assistant", "content": text})
        else:
            self.turns.pop()

    def command(self, line: str) -> str:
        """Run one /command and return what to show. Raises `CommandError` or `Leave`."""
        word, _, rest = line.strip().partition(" ")
        run = self._commands.get(word)
        if run is None:
            raise CommandError(f"there is no command {word}; {nearest(word, self._commands)}")
        return run(rest.strip())

    def _clear(self, _: str) -> str:
        self.turns.clear()
        return "the conversation is forgotten"

    def _system(self, text: str) -> str:
        if text:
            self.system = None if text == "-" else text
        return f"system text: {self.system or 'none'}"

    def _model(self, name: str) -> str:
        if not name:
            return "\n".join(f"{'*' if known == self.model else ' '} {known}" for known in self.models)
        if name not in self.models:
            raise CommandError(f"the server has no model '{name}'; {nearest(name, self.models)}")
        self.model = name
        return f"model: {name}"

    def _temperature(self, text: str) -> str:
        if text == "-":
            self.temperature = None
        elif text:
            try:
                wished = float(text)
            except ValueError:
                raise CommandError(f"'{text}' is no number") from None
            if not 0 <= wished <= HOTTEST:
                raise CommandError(f"a temperature is between 0 and {HOTTEST:g}")
            self.temperature = wished
        return f"temperature: {'left to the model' if self.temperature is None else f'{self.temperature:g}'}"

    def _save(self, name: str) -> str:
        if not name:
            raise CommandError("name a file: /save FILE")
        path = Path(name).expanduser()
        if path.suffix == ".json":
            content = msgspec.json.format(msgspec.json.encode(self.messages)).decode() + "\n"
        else:
            content = "\n".join(f"## {turn['role']}\n\n{turn['content']}\n" for turn in self.messages)
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from None
        return f"written: {path}"

    def _exit(self, _: str) -> str:
        raise Leave
