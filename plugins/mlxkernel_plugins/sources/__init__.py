"""Model sources: a folder on this machine, and a repository of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Sequence

import mlxkernel
from mlxkernel.api import ModelSource
from mlxkernel_plugins.sources.folder import FolderSource
from mlxkernel_plugins.sources.hub import HubSource


@mlxkernel.hookimpl
def mlxkernel_register_model_sources() -> Sequence[ModelSource]:
    """A path is tried before a hub id, so that a folder beside you wins over a repository far away."""
    return [FolderSource(), HubSource()]
