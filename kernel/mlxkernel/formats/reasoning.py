"""Reasoning formats: what a model thinks before it answers, told apart from the answer.

A format is data: the markers around the thinking, and what may stand around the answer. Whether the
thinking is already open when the model begins is read from the end of the prompt, where many chat
templates put the opening marker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from mlxkernel.events import ChoiceFinished, Event, ReasoningDelta, TextDelta, TokenLogprob
from mlxkernel.formats.reader import markers
from mlxkernel.request import Conversation, Request

_EFFORTS = {"low": "low", "medium": "medium", "high": "high"}


class TaggedReasoning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thinking between markers; implements `mlxkernel.api.ReasoningFormat`.

    `opens` and `closes` are the markers that begin and end it. `answer` are markers around the answer that
    are dropped (``<answer>``). With `repeats` thinking may come again after text; without, only at the
    start, so that a text about markers stays a text. `unasked`: its models think without being asked.

    For answers that are bound: `tight` markers stand without line ends, `turn` stands between the thinking
    and what follows, and `reply` around the answer, but not around a call. `efforts` are the values that
    the chat templates take for ``reasoning_effort``, by OpenAI's names for them.
    `model_types` are for ``auto``: values of config.json's ``model_type``. `source` names the publisher's
    template or documentation.
    """

    name: str
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    answer: tuple[str, ...] = ()
    repeats: bool = False
    unasked: bool = False
    tight: bool = False
    turn: str = ""
    reply: tuple[str, str] = ("", "")
    efforts: dict[str, str] = field(default_factory=lambda: dict(_EFFORTS))
    model_types: tuple[str, ...] = ()
    source: str = ""

    @property
    def cut(self) -> str:
        """What ends the thinking before its time: the closing marker, and the line ends around it."""
        return self.closes[0] if self.tight else f"\n{self.closes[0]}\n\n"

    def parser(self, request: Request, prompt_end: str) -> ReasoningParser:
        """A fresh parser for one choice; `prompt_end` is the end of the rendered prompt."""
        continues = isinstance(request.input, Conversation) and request.input.continue_last
        return ReasoningParser(self, self.is_open(prompt_end, continues))

    def is_open(self, prompt_end: str, continues: bool = False) -> bool:
        """Whether the answer begins inside the thinking.

        The chat template has opened it when the prompt ends with the marker: a marker before that may be
        what the user wrote. With `continues` the end is the answer's own first part, and its last marker
        tells.
        """
        if not continues:
            return prompt_end.rstrip().endswith(self.opens)
        words = sorted({*self.opens, *self.closes}, key=len, reverse=True)
        found = re.findall("|".join(map(re.escape, words)), prompt_end)
        return bool(found) and found[-1] in self.opens and found[-1] not in self.closes


class ReasoningParser:
    """Splits one choice's text into what was thought and what is answered.

    White space beside a marker belongs to the marker. A token counts as thought when its text, or the
    last of it, is thinking or the marker that ends it. Logprobs go with the answer's tokens. The work is
    linear in the text: a character is looked at again only while it may be the beginning of a marker.
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
        self._space: list[str] = []
        self._tokens = 0
        self._logprobs: tuple[TokenLogprob, ...] = ()

    def feed(self, event: Event) -> Sequence[Event]:
        """`TextDelta` becomes reasoning, text or both; the end says what was held back."""
        match event:
            case TextDelta():
                return (event,) if self._answers_only else self._text(event)
            case ChoiceFinished(index=index):
                return [*self._flush(index), event]
            case _:
                return (event,)

    @property
    def _answers_only(self) -> bool:
        """Whether what comes is the answer as it is: no marker can, and nothing is held."""
        free = not (self._inside or self._may_think or self._answering.words)
        return free and not (self._trim or self._held or self._space or self._tokens)

    def _text(self, event: TextDelta) -> list[Event]:
        text, at, began = self._held + event.text, 0, self._inside
        thought_first: bool | None = None
        out: list[Event] = []
        while at < len(text):
            start, at = at, self._advance(event.index, text, at, out)
            if at == start:
                break
            if thought_first is None:
                thought_first = began or self._inside
        self._held = text[at:]
        if text and thought_first is None:  # all of it is held, and its tokens wait for it
            self._tokens += event.tokens
            self._logprobs += event.logprobs
            return []
        waiting = self._settled(event.index, bool(thought_first))
        if self._held and not out:
            self._tokens, self._logprobs = event.tokens, event.logprobs
            return waiting
        return self._counted(event, waiting, out, began or self._inside)

    def _advance(self, index: int, text: str, at: int, out: list[Event]) -> int:
        """Take from the text what is certain, up to one marker; returns where the rest begins."""
        words = self._closing if self._inside else self._opening if self._may_think else self._answering
        place, word = words.find(text, at)
        stop = place if word else len(text) - words.held(text, at)
        late = word in self._opens and not self._inside and not self._repeats
        if late and not text[at:place].isspace() and place > at:
            self._may_think = False  # the answer has begun before it, so that it is no marker
            return self._advance(index, text, at, out)
        if stop > at:
            self._put(index, text[at:stop], out)
        if word:
            self._pass(word)
        return stop + len(word)

    def _pass(self, word: str) -> None:
        """Go over a marker."""
        if self._inside:
            self._inside, self._may_think = False, self._repeats
        elif word in self._opens:
            self._inside = True
        self._trim = True
        self._space.clear()

    def _put(self, index: int, text: str, out: list[Event]) -> None:
        if self._trim:
            text = text.lstrip()
            if not text:
                return
            self._trim = False
        # White space may stand before a marker; where none can come, it is the answer's own.
        held = self._inside or self._may_think or bool(self._answering.words)
        bare = text.rstrip() if held else text
        if bare:
            said = "".join((*self._space, bare))
            self._space.clear()
            self._say(index, said, out)
        if len(bare) < len(text):
            self._space.append(text[len(bare) :])

    def _say(self, index: int, text: str, out: list[Event]) -> None:
        if self._inside:
            out.append(ReasoningDelta(index, text, 0))
        else:
            self._may_think = self._repeats
            out.append(TextDelta(index, text, 0))

    def _settled(self, index: int, thought: bool) -> list[Event]:
        """The tokens that waited, now that it is known what their text is."""
        tokens, logprobs = self._tokens, self._logprobs
        self._tokens, self._logprobs = 0, ()
        if thought:
            return [ReasoningDelta(index, "", tokens)] if tokens else []
        return [TextDelta(index, "", tokens, logprobs)] if tokens or logprobs else []

    def _counted(
        self, event: TextDelta, waiting: list[Event], out: list[Event], thought: bool
    ) -> list[Event]:
        """Give this delta's tokens to the last of what came of it; a marker's alone go to the thinking."""
        last = out.pop() if out else None
        if isinstance(last, ReasoningDelta) or (last is None and thought):
            out.append(ReasoningDelta(event.index, last.text if last else "", event.tokens))
        else:
            text = last.text if isinstance(last, TextDelta) else ""
            out.append(TextDelta(event.index, text, event.tokens, event.logprobs))
        if last is not None and not waiting and len(out) == 1:
            return out
        return _joined([*waiting, *out])

    def _flush(self, index: int) -> list[Event]:
        text = "".join((*self._space, self._held))
        self._held = ""
        self._space.clear()
        tokens, logprobs = self._tokens, self._logprobs
        self._tokens, self._logprobs = 0, ()
        if self._trim:
            text = text.lstrip()
        if not text and not tokens and not logprobs:
            return []
        return [
            ReasoningDelta(index, text, tokens) if self._inside else TextDelta(index, text, tokens, logprobs)
        ]


def _joined(events: Sequence[Event]) -> list[Event]:
    """The events with neighbours of one kind made one; what says nothing and counts nothing is left out."""
    joined: list[Event] = []
    for event in events:
        match event, joined[-1] if joined else None:
            case TextDelta(index, text, tokens, logprobs), TextDelta() as last:
                joined[-1] = TextDelta(
                    index, last.text + text, last.tokens + tokens, last.logprobs + logprobs
                )
            case ReasoningDelta(index, text, tokens), ReasoningDelta() as last:
                joined[-1] = ReasoningDelta(index, last.text + text, last.tokens + tokens)
            case ((TextDelta(text="", tokens=0, logprobs=()) | ReasoningDelta(text="", tokens=0)), _):
                pass
            case _:
                joined.append(event)
    return joined
