"""The dialect object: its routes and the shape of its errors."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.api import Reply, Route
from mlxkernel.errors import Fault
from mlxkernel_plugins.anthropic import errors
from mlxkernel_plugins.anthropic.messages import CountTokens, Messages
from mlxkernel_plugins.anthropic.system_lines import SystemLines


class Anthropic:
    """Anthropic's Messages API. `lines` are the rules for system texts."""

    name: str = "anthropic"
    prefix: str = "/v1/messages"
    base: str = ""

    def __init__(self, lines: SystemLines) -> None:
        self._lines = lines

    def routes(self) -> Sequence[Route]:
        """One route that answers, one that counts."""
        return (Messages(self._lines), CountTokens(self._lines))

    def error(self, fault: Fault, request_id: str) -> Reply:
        """Anthropic's error object with the status that its clients choose their exception by."""
        return errors.reply(fault, request_id)
