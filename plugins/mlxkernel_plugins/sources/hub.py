"""Models on the Hugging Face hub, kept in its local cache."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlxkernel.api import LoadProgress
from mlxkernel.errors import MlxKernelError

PATTERNS = (
    "*.json",
    "*.safetensors",
    "*.txt",
    "*.jinja",
    "*.jsonl",
    "tokenizer.model",
    "*.tiktoken",
    "tiktoken.model",
    "*.py",
)
"""What mlx_lm reads of a repository; weights in other formats are not downloaded."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?")


class HubSource:
    """Claims ``owner/name`` and ``owner/name@revision``."""

    name = "hub"

    def claims(self, reference: str) -> bool:
        """Whether the reference has a hub id's form."""
        return _HUB_ID.fullmatch(reference) is not None

    def resolve(self, reference: str, progress: LoadProgress) -> Path:
        """The snapshot's folder; downloads what is missing. Raises `MlxKernelError` with the mend."""
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        repository, _, revision = reference.partition("@")
        try:
            return Path(
                snapshot_download(
                    repository,
                    revision=revision or None,
                    allow_patterns=list(PATTERNS),
                    tqdm_class=_bar_class(progress),
                )
            )
        except LocalEntryNotFoundError:
            raise MlxKernelError(
                f"'{reference}' is not in the local hub cache and the hub cannot be reached; "
                "connect this machine, or give the path of a folder that holds the model"
            ) from None
        except (HfHubHTTPError, HFValidationError) as error:
            raise MlxKernelError(f"the hub did not give '{reference}': {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _bar_class(progress: LoadProgress) -> Any:
    """A tqdm that draws nothing and reports the share of the bytes instead.

    The hub's library keeps several bars (files, bytes, bytes on the wire); the furthest one in bytes is
    what a person waits for.
    """
    from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

    furthest = 0.0

    class Report(tqdm):  # type: ignore[misc, unused-ignore]  # tqdm brings no types of its own
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # tqdm counts nothing while it is disabled, which it is by itself without a terminal.
            super().__init__(*args, **{**kwargs, "disable": False})

        def display(self, *args: object, **kwargs: object) -> None:
            """Called by tqdm when it would draw."""
            nonlocal furthest
            if self.total and self.unit == "B" and self.n / self.total > furthest:
                furthest = min(1.0, self.n / self.total)
                progress("download", furthest)

    return Report
