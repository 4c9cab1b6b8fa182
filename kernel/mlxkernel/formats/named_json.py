"""Named JSON: the name, a mark, and the arguments as an object."""

from __future__ import annotations

import re
from functools import lru_cache

from mlxkernel.formats import json_text
from mlxkernel.formats.frame import Call, Frame
from mlxkernel.formats.json_text import dumped
from mlxkernel.formats.lark import Rules
from mlxkernel.formats.names import LIMIT, NAME
from mlxkernel.formats.reader import Reader, Reading, markers
from mlxkernel.formats.schema import parameters
from mlxkernel.formats.toolset import Toolset
from mlxkernel.request import Tool

_LOOSE_HEADER = re.compile(r"(?:functions\.)?(?P<name>[^\s<>]+)(?:\s*<.*|\s+\w+)?")
"""What models write in place of a header of several parts: the name, then a channel, a type, or nothing."""


class NamedJson(Frame, frozen=True, kw_only=True, tag_field="shape", tag="named-json"):
    """A call as its name, a mark, and its arguments as a JSON object.

    `headers` are what may stand before `mark`, with ``{name}`` and, where the format has them, ``{id}`` or
    ``{index}``; the first is written. With an index the whole header is the call's id.
    """

    mark: str
    headers: tuple[str, ...] = ("{name}",)

    def __post_init__(self) -> None:
        """Raises `ValueError` when the markers cannot be told apart or a header has no name."""
        super().__post_init__()
        markers(self.mark.strip(), self.call[1].strip())
        if not self.mark.strip() or not all("{name}" in header for header in self.headers):
            raise ValueError("a call needs a mark before its arguments, and a {name} in each header")

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """Header, mark, object."""
        mark, close = self.mark.strip(), self.call[1].strip()
        header, word = yield from reader.until(markers(mark, close), LIMIT)
        match = self._match(header.strip())
        if match is None and word == mark:
            match = _LOOSE_HEADER.fullmatch(header.strip())
        if not word or match is None or not NAME.fullmatch(match["name"]):
            return False
        groups = match.groupdict()
        reader.begin_call(match["name"], header.strip() if groups.get("index") else groups.get("id"))
        if word == close:
            reader.back(len(word))
            return True
        return (yield from json_text.arguments(reader, reader.argue))

    def _match(self, header: str) -> re.Match[str] | None:
        """The header's parts, by the first pattern that fits with a name that is one."""
        matches = (_header(pattern).fullmatch(header) for pattern in self.headers)
        return next((match for match in matches if match is not None and NAME.fullmatch(match["name"])), None)

    def write_call(self, call: Call, number: int) -> str:
        """Header, mark, object."""
        match = _header(self.headers[0]).fullmatch(call.id)
        head = self.headers[0].format(name=call.name, id=call.id, index=number)
        if match is not None and match.groupdict().get("index"):
            head = call.id
        return head + self.mark + dumped(call.arguments)

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """The header with the tool's name, the mark, and arguments that its schema accepts."""
        parts = re.split(r"(\{id\}|\{index\})", self.headers[0].replace("{name}", tool.name) + self.mark)
        kinds = {"{id}": "[a-zA-Z0-9]{9}", "{index}": "[0-9]{1,2}"}
        head = " ".join(
            rules.regex(kinds[part]) if part in kinds else rules.text(part) for part in parts if part
        )
        return f"{head} {rules.json(parameters(tool))}"


@lru_cache(maxsize=256)
def _header(pattern: str) -> re.Pattern[str]:
    regex = re.escape(pattern).replace(r"\{name\}", "(?P<name>.+?)")
    return re.compile(regex.replace(r"\{id\}", "(?P<id>.*?)").replace(r"\{index\}", "(?P<index>[0-9]+)"))
