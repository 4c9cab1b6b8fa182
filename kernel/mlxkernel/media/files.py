"""Files: pictures that a ``file:`` URL names, below the directories that the operator allows."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlxkernel.media.refusal import PictureRefused

_UNREADABLE = (OSError, ValueError, RuntimeError)
"""What a path can raise; RuntimeError stands for links in a circle before Python 3.13."""


class Files:
    """Reads below `directories`, which must be there. Raises `ValueError` for one that is not."""

    def __init__(self, directories: Sequence[str], max_bytes: int) -> None:
        self._directories = tuple(_directory(entry) for entry in directories)
        self._max_bytes = max_bytes

    def read(self, url: str) -> bytes:
        """The file's bytes, one more than `max_bytes` at most. Raises `PictureRefused`.

        A file outside and a file that does not exist are refused in the same words.
        """
        refused = PictureRefused(
            "image_file_not_allowed",
            "it is no file below a folder that this server may read; "
            "the operator can add the folder to [media] allowed_directories",
        )
        if not self._directories:
            raise refused
        try:
            descriptor = os.open(self._allowed(url), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except _UNREADABLE:
            raise refused from None
        try:
            if not self._is_still_allowed(descriptor, url):
                raise refused
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(self._max_bytes + 1)
        finally:
            os.close(descriptor)

    def _is_still_allowed(self, descriptor: int, url: str) -> bool:
        """Whether what was opened is what the URL leads to: a folder on the way may have been exchanged."""
        opened = os.fstat(descriptor)
        try:
            return stat.S_ISREG(opened.st_mode) and os.path.samestat(opened, os.stat(self._allowed(url)))
        except _UNREADABLE:
            return False

    def _allowed(self, url: str) -> Path:
        """The real path, links resolved. Raises one of `_UNREADABLE`."""
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise ValueError(url)
        path = Path(url2pathname(parts.path)).resolve(strict=True)
        if not any(path.is_relative_to(directory) for directory in self._directories):
            raise ValueError(url)
        return path


def _directory(entry: str) -> Path:
    try:
        path = Path(entry).expanduser().resolve(strict=True)
    except (OSError, RuntimeError):
        raise ValueError(f"'{entry}' is not there") from None
    if not path.is_dir():
        raise ValueError(f"'{entry}' is no folder")
    return path
