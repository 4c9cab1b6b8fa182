"""minGRU for mlxkernel: a recurrent architecture that mlx_lm does not know, and the top-nσ sampler.

What lives here: the plugin's hooks, the architecture (`model`), the chat template of its models
(`template`), a logits processor (`sampler`), and a command that makes a small model (`make`). This
module is imported in the kernel's process too, so it imports no MLX: what runs in a worker is
imported by the functions that a worker calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from mlxkernel import hookimpl
from mlxkernel.api import ChatTemplate, LogitsProcessor, ModelFamily
from mlxkernel.messages import Json
from mlxkernel.request import Sampling
from mlxkernel_mingru.template import TEMPLATE

__all__ = ["Config", "classes"]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """`[plugins.mingru]`: how many standard deviations below the best logit top-nσ still admits."""

    sigmas: Annotated[float, Meta(gt=0)] = 1.0


def classes(config: Mapping[str, Json]) -> tuple[type, type]:
    """The classes that build a minGRU model: ``get_model_classes`` of mlx_lm."""
    from mlxkernel_mingru.model import Model, ModelArgs

    return Model, ModelArgs


@hookimpl
def mlxkernel_register_families() -> list[ModelFamily]:
    """The family; its models carry no chat template, so it names the one below."""
    return [ModelFamily(name="mingru", model_types=("mingru",), classes=classes, template="mingru")]


@hookimpl
def mlxkernel_register_chat_templates() -> list[ChatTemplate]:
    """The template that the family names."""
    return [ChatTemplate(name="mingru", source=TEMPLATE)]


@hookimpl
def mlxkernel_register_samplers(config: Config) -> list[LogitsProcessor]:
    """The logits processor ``top-n-sigma``, which a request asks for by name, whatever its model."""

    def create(sampling: Sampling) -> Callable[[Any, Any], Any]:
        from mlxkernel_mingru.sampler import TopNSigma

        return TopNSigma(config.sigmas)

    return [LogitsProcessor(name="top-n-sigma", create=create)]
