"""Routes that work on a prompt and never stream."""

from __future__ import annotations

from mlxkernel.api import Encoder
from mlxkernel.request import Request


class WholeOperation:
    """The common part of such routes: their requests never say ``stream``, so no encoder is asked for."""

    method: str = "POST"

    def encoder(self, request: Request) -> Encoder:
        """Raises `TypeError`: there is none."""
        raise TypeError(f"{type(self).__name__} does not stream")
