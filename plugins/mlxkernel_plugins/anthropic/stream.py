"""The stream of one answer: blocks one after the other, and what stands before and after them.

A stream feeds one event per token, so a delta is not encoded anew: its head and tail are made once per
block and only the text between them changes. Tests hold that the bytes equal the encoded Structs.
"""

from __future__ import annotations

import msgspec

from mlxkernel import framing
from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.request import Request
from mlxkernel_plugins.anthropic import errors, replies
from mlxkernel_plugins.anthropic.replies import Block, StreamEvent, TextBlock, ThinkingBlock, ToolUseBlock
from mlxkernel_plugins.anthropic.thinking import SIGNATURE

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
"""A sign of life that has a name of its own."""

_json = msgspec.json.Encoder()

_DELTAS: dict[type[Block], bytes] = {
    TextBlock: b'"type":"text_delta","text":',
    ThinkingBlock: b'"type":"thinking_delta","thinking":',
    ToolUseBlock: b'"type":"input_json_delta","partial_json":',
}
_TAIL = b"}}\n\n"


class MessageEncoder:
    """One stream. `hides`: the thoughts are left out, and their blocks are not."""

    content_type: str = framing.EVENT_STREAM

    def __init__(self, request: Request, hides: bool) -> None:
        self._request = request
        self._hides = hides
        self._started = False
        self._open: type[Block] | None = None
        self._blocks = 0
        self._head = b""
        self._end: tuple[FinishReason, str | None] = (FinishReason.STOP, None)

    def feed(self, event: Event) -> bytes:
        """The events of Anthropic's that this one becomes."""
        match event:
            case TextDelta(text=text):
                return self._grown(TextBlock(""), text)
            case ReasoningDelta(text=text):
                return self._grown(ThinkingBlock("", ""), text)
            case ToolCallStarted(id=id, name=name):
                return self._begun(ToolUseBlock(id, name, {}))
            case ToolCallDelta(arguments=arguments):
                return self._delta(arguments) if arguments else b""
            case ToolCallEnded():
                return self._closed()
            case Started(prompt_tokens=prompt, cached_tokens=cached):
                return self._introduced(Usage(prompt_tokens=prompt, cached_tokens=cached))
            case ChoiceFinished(reason=reason, stop=stop):
                self._end = (reason, stop)
                return self._closed()
            case Finished(usage=usage):
                ending = replies.ending(self._request, *self._end, usage)
                return _event(replies.MessageDelta(ending, replies.usage(usage))) + _event(
                    replies.MessageStop()
                )
            case Failed(fault=fault):
                return framing.event(errors.body(fault, self._request.id), "error")
            case Progress() | Rendered() | Embedding():
                return b""
            case _:  # a kind that a newer kernel knows
                return b""

    def keep_alive(self) -> bytes:
        """A ping; before the first event a comment, for clients expect the message to come first."""
        return PING if self._started else framing.COMMENT

    def close(self) -> bytes:
        """Nothing: the last event says that it is the last."""
        return b""

    def _introduced(self, counted: Usage) -> bytes:
        self._started = True
        message = replies.Message(
            id=replies.wire_id(self._request),
            model=self._request.model,
            content=[],
            usage=replies.usage(counted),
        )
        return _event(replies.MessageStart(message))

    def _grown(self, block: TextBlock | ThinkingBlock, text: str) -> bytes:
        """The text in a block of this kind: the one that is open, or a new one. Empty text opens none."""
        if not text:
            return b""
        begun = b"" if self._open is type(block) else self._begun(block)
        hidden = self._hides and self._open is ThinkingBlock
        return begun if hidden else begun + self._delta(text)

    def _begun(self, block: Block) -> bytes:
        closed = self._closed()
        index = self._blocks
        self._open = type(block)
        self._head = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{%b'
            % (index, _DELTAS[self._open])
        )
        start = _event(replies.BlockStart(index, block))
        return closed + start + (b"" if index else PING)

    def _delta(self, text: str) -> bytes:
        return self._head + framing.one_line(_json.encode(text)) + _TAIL

    def _closed(self) -> bytes:
        """The end of the open block, if there is one."""
        if self._open is None:
            return b""
        signed = b""
        if self._open is ThinkingBlock:
            signed = _event(replies.BlockDelta(self._blocks, replies.SignatureDelta(SIGNATURE)))
        stop = _event(replies.BlockStop(self._blocks))
        self._open = None
        self._blocks += 1
        return signed + stop


def _event(event: StreamEvent) -> bytes:
    return framing.event(_json.encode(event), str(event.__struct_config__.tag))
