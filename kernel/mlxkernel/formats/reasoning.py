"""Reasoning formats: what a model thinks before it answers, told apart from the answer.

A format is data: the markers around the thinking, and what may stand around the answer. Whether the
thinking is already open when the model begins is read from the end of the prompt, where many chat
templates put the opening marker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlxkernel.events import ChoiceFinished, Event, ReasoningDelta, TextDelta
from mlxkernel.formats.reader import markers
from mlxkernel.request import Request


class TaggedReasoning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thinking between markers; implements `mlxkernel.api.ReasoningFormat`.

    `opens` and `closes` are the markers that begin and end it. `answer` are markers around the answer that
    are dropped (``<answer>``). With `repeats` thinking may come again after text; without, only at the
    start, so that a text about markers stays a text. `model_types` and `families` are for ``auto``:
    config.json's ``model_type``, and markers of chat templates.
    """

    name: str
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    answer: tuple[str, ...] = ()
    repeats: bool = False
    model_types: tuple[str, ...] = ()

    def parser(self, request: Request, prompt_end: str) -> ReasoningParser:
        """A fresh parser for one choice; `prompt_end` is the end of the rendered prompt."""
        return ReasoningParser(self, self.is_open(prompt_end))

    def is_open(self, prompt_end: str) -> bool:
        """Whether the prompt ends inside the thinking: its last marker is an opening one."""
        words = [*self.opens, *self.closes]
        found = re.findall(
            "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), prompt_end
        )
        return bool(found) and found[-1] in self.opens and found[-1] not in self.closes


class ReasoningParser:
    """Splits one choice's text into what was thought and what is answered.

    White space beside a marker belongs to the marker. A token counts as thought when its text, or the
    last of it, is thinking or the marker that ends it.
    """

    def __init__(self, format: TaggedReasoning, inside: bool) -> None:
        self._closing = markers(*format.closes)
        self._opening = markers(*format.opens, *format.answer)
        self._answering = markers(*format.answer)
        self._opens = frozenset(format.opens)
        self._repeats = format.repeats
        self._inside = inside
        self._may_think = not inside
        self._trim = inside
        self._held = ""
        self._space = ""
        self._tokens = 0

    def feed(self, event: Event) -> Sequence[Event]:
        """`TextDelta` becomes reasoning, text or both; the end says what was held back."""
        match event:
            case TextDelta():
                return self._text(event)
            case ChoiceFinished(index=index):
                return [*self._flush(index), event]
            case _:
                return (event,)

    def _text(self, event: TextDelta) -> list[Event]:
        self._held += event.text
        self._tokens += event.tokens
        thought = self._inside
        out: list[Event] = []
        while self._held:
            before = (self._inside, len(self._held))
            self._advance(event, out)
            if (self._inside, len(self._held)) == before:
                break
        return self._counted(event, out, thought or self._inside)

    def _advance(self, event: TextDelta, out: list[Event]) -> None:
        """Take from the held text what is certain, up to one marker."""
        words = self._closing if self._inside else self._opening if self._may_think else self._answering
        place, word = words.find(self._held, 0)
        stop = place if word else len(self._held) - words.held(self._held, 0)
        text, self._held = self._held[:stop], self._held[stop + len(word) :]
        if text:
            self._put(event.index, text, out)
        if word:
            self._pass(word)

    def _pass(self, word: str) -> None:
        """Go over a marker."""
        if self._inside:
            self._inside, self._may_think = False, self._repeats
        elif word in self._opens:
            self._inside = True
        self._space, self._trim = "", True

    def _put(self, index: int, text: str, out: list[Event]) -> None:
        if self._trim:
            text = text.lstrip()
            if not text:
                return
            self._trim = False
        text = self._space + text
        # White space may stand before a marker; where none can come, it is the answer's own.
        bare = text.rstrip() if self._inside or self._may_think else text
        self._space = text[len(bare) :]
        if not bare:
            return
        if self._inside:
            out.append(ReasoningDelta(index, bare, 0))
        else:
            self._may_think = self._repeats
            out.append(TextDelta(index, bare, 0))

    def _counted(self, event: TextDelta, out: list[Event], thought: bool) -> list[Event]:
        """Give the tokens to the last of the deltas; those of a marker alone to the thinking.

        Tokens whose text is still held wait for it. Logprobs go with the answer's text.
        """
        if self._held and not out:
            return [TextDelta(event.index, "", 0, event.logprobs)] if event.logprobs and not thought else []
        tokens, self._tokens = self._tokens, 0
        if not out:
            if thought:
                return [ReasoningDelta(event.index, "", tokens)] if tokens else []
            return [TextDelta(event.index, "", tokens, event.logprobs)] if tokens or event.logprobs else []
        last = out[-1]
        match last:
            case TextDelta():
                out[-1] = replace(last, tokens=tokens, logprobs=event.logprobs)
            case ReasoningDelta():
                out[-1] = replace(last, tokens=tokens)
            case _:
                pass
        return out

    def _flush(self, index: int) -> list[Event]:
        text, self._held, self._space = self._space + self._held, "", ""
        if self._trim:
            text = text.lstrip()
        if not text and not self._tokens:
            return []
        tokens, self._tokens = self._tokens, 0
        return [ReasoningDelta(index, text, tokens) if self._inside else TextDelta(index, text, tokens)]
