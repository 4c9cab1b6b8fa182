"""Assembly: what a loaded model can be asked, put together from its files, its spec and the plugins."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import mlx.core as mx

from mlxkernel.api import CacheFactory, ModelFamily, ModelSpec, WorkerToolbox
from mlxkernel.errors import ConfigError
from mlxkernel.messages import Json
from mlxkernel_mlx import loading
from mlxkernel_mlx.constraints import Grammars, Guidance
from mlxkernel_mlx.detokenizer import Vocabulary
from mlxkernel_mlx.intake import Intake
from mlxkernel_mlx.network import Network, rows_agree, whole
from mlxkernel_mlx.reading import Reader
from mlxkernel_mlx.states import Traits
from mlxkernel_mlx.tokenizer import Tokenizer
from mlxkernel_mlx.wishes import Wishes

logger = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """What a model's folder holds, as an engine plugin has loaded it.

    `architecture` is config.json's ``model_type``, `config` the whole of it, `generation` is
    generation_config.json, and `modalities` are the kinds of input that the model takes.
    """

    architecture: str
    family: ModelFamily | None
    network: Network
    tokenizer: Tokenizer
    reader: Reader
    config: Mapping[str, Json]
    generation: Mapping[str, Json]
    parameters: int
    weight_bytes: int
    modalities: tuple[str, ...] = ("text",)


class Habits(NamedTuple):
    """How requests to this model are prepared, and what is to be told of it.

    `spared` are tokens that XTC never removes, `context` the longest sequence in tokens.
    """

    intake: Intake
    tool_format: str | None
    reasoning_format: str | None
    context: int
    spared: Sequence[int]


def cache_factory(spec: ModelSpec, toolbox: WorkerToolbox) -> CacheFactory:
    """The cache strategy that the spec names. Raises `ConfigError` if nobody registered it."""
    factory = toolbox.caches.get(spec.cache)
    if factory is None:
        known = ", ".join(toolbox.caches) or "none is installed"
        raise ConfigError(
            f"[models.{spec.name}] cache: there is no cache strategy '{spec.cache}' (known: {known})"
        )
    return factory


def warm_up(name: str, network: Network) -> tuple[int, Traits]:
    """One step, so that the first request need not wait for kernels; the width of the logits, and what states
    allow.
    """
    state, traits = network.fresh(), network.traits
    network.prefill(state, whole(network, [0, 0]))
    logits = network.step(state, mx.array([0]), [2])
    mx.eval(logits)
    if traits.batchable and not rows_agree(network):
        logger.warning(
            "model '%s' gives other answers in a batch than alone, so its requests run one after another",
            name,
        )
        traits = traits._replace(batchable=False, paddable=False)
    return int(logits.shape[-1]), traits


def assemble(
    spec: ModelSpec,
    loaded: Loaded,
    toolbox: WorkerToolbox,
    vocabulary: Vocabulary,
    width: int,
    trimmable: bool,
    embedding: int | None,
) -> Habits:
    """The habits of a loaded model. `width` is that of its logits, `trimmable` a trait of its states,
    `embedding` the components of its vectors.

    Raises `ConfigError` for names in its spec that nobody registered.
    """
    tokenizer = loaded.tokenizer
    eos = tokenizer.ends
    context = loading.context_of(loaded.config, tokenizer, spec.limits.context)
    calling, thinking = loading.formats(spec, loaded.architecture, tokenizer, loaded.family, toolbox)
    chat = loading.chat_format(spec, tokenizer, loaded.family, toolbox)
    special = tokenizer.hf.get_added_vocab()
    efforts = chat is not None and chat.takes("reasoning_effort")
    switch = chat is not None and (chat.takes("enable_thinking") or chat.takes("thinking"))
    grammars = Grammars(tokenizer.hf, width, sorted(eos))
    intake = Intake(
        spec=spec,
        tokenizer=tokenizer,
        reader=loaded.reader,
        chat=chat,
        wishes=Wishes(spec.name, calling, thinking, special, efforts=efforts, switch=switch),
        guidance=Guidance(grammars, thinking, tokenizer.encode, vocabulary.piece),
        generation=loaded.generation,
        processors=toolbox.samplers,
        context=context,
        vocabulary=width,
        eos=eos,
        embedding=embedding,
        boundaries=not trimmable and spec.cache != "none",
    )
    return Habits(
        intake,
        calling.name if calling is not None else None,
        thinking.name if thinking is not None else None,
        context,
        sorted({*eos, *tokenizer.encode("\n")[-1:]}),
    )
