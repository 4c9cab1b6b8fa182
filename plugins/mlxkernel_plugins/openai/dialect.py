"""The dialect object: its routes and the shape of its errors."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

from mlxkernel.api import Reply, Route
from mlxkernel.errors import Fault
from mlxkernel_plugins.openai import errors, models
from mlxkernel_plugins.openai.chat import ChatCompletions
from mlxkernel_plugins.openai.completions import Completions
from mlxkernel_plugins.openai.embeddings import EmbeddingsOperation
from mlxkernel_plugins.openai.rendering import ChatRendering
from mlxkernel_plugins.openai.responses.counting import InputTokenCount
from mlxkernel_plugins.openai.responses.endpoints import KeptResponses
from mlxkernel_plugins.openai.responses.operation import Responses
from mlxkernel_plugins.openai.responses.store import Store
from mlxkernel_plugins.openai.tokens import Detokenize, Tokenize


class OpenAI:
    """OpenAI's API. `clock` gives the time in seconds since the epoch, for ``created``; `stored_responses`
    and `stored_bytes` bound what is kept of answers.
    """

    name: str = "openai"
    prefix: str = "/v1"

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        stored_responses: int = 1024,
        stored_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._clock = clock
        self._store = Store(stored_responses, stored_bytes)

    def routes(self) -> Sequence[Route]:
        """All of them."""
        chat = ChatCompletions(self._clock)
        responses = Responses(self._clock, self._store, lambda: uuid.uuid4().hex)
        return (
            chat,
            Completions(self._clock),
            responses,
            InputTokenCount(responses),
            *KeptResponses(self._store).routes(),
            EmbeddingsOperation(),
            ChatRendering(chat),
            Tokenize(),
            Detokenize(),
            *models.ROUTES,
        )

    def error(self, fault: Fault, request_id: str) -> Reply:
        """OpenAI's error object with the status that its clients choose their exception by."""
        return errors.reply(fault)
