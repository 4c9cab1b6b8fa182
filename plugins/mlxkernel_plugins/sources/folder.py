"""Models in a folder on this machine."""

from __future__ import annotations

from pathlib import Path

from mlxkernel.api import LoadProgress
from mlxkernel.errors import MlxKernelError


class FolderSource:
    """Claims what looks like a path (``./x``, ``~/x``, ``/x``) and whatever exists as a folder."""

    name = "path"

    def claims(self, reference: str) -> bool:
        """Whether the reference is written as a path, or is one that exists."""
        return reference.startswith((".", "/", "~")) or Path(reference).is_dir()

    def resolve(self, reference: str, progress: LoadProgress) -> Path:
        """The folder itself. Raises `MlxKernelError` when it is not there."""
        folder = Path(reference).expanduser()
        if not folder.is_dir():
            raise MlxKernelError(
                f"there is no folder '{reference}'; give the path of a model's folder, or a hub id"
            )
        return folder.resolve()
