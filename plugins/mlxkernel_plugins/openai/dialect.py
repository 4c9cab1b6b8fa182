"""The dialect object: its routes and the shape of its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from mlxkernel.api import Endpoint, Reply, Route
from mlxkernel.errors import Fault
from mlxkernel_plugins.openai import errors, models
from mlxkernel_plugins.openai.chat import ChatCompletions
from mlxkernel_plugins.openai.completions import Completions


class OpenAI:
    """OpenAI's API. `clock` gives the time in seconds since the epoch, for ``created``."""

    name: str = "openai"
    prefix: str = "/v1"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def routes(self) -> Sequence[Route]:
        """Two routes that generate, two that list."""
        return (
            ChatCompletions(self._clock),
            Completions(self._clock),
            Endpoint(method="GET", path="/v1/models", handle=models.listing),
            Endpoint(method="GET", path="/v1/models/<path:id>", handle=models.one),
        )

    def error(self, fault: Fault, request_id: str) -> Reply:
        """OpenAI's error object with the status that its clients choose their exception by."""
        return errors.reply(fault)
