"""Assembly: what a loaded model can be asked, put together from its files, its spec and the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from mlxkernel.api import ModelFamily, ModelSpec, WorkerToolbox
from mlxkernel_plugins.mlx_text import loading
from mlxkernel_plugins.mlx_text.constraints import Grammars, Guidance
from mlxkernel_plugins.mlx_text.detokenizer import Vocabulary
from mlxkernel_plugins.mlx_text.intake import Intake
from mlxkernel_plugins.mlx_text.library import Loaded
from mlxkernel_plugins.mlx_text.wishes import Wishes


class Habits(NamedTuple):
    """How requests to this model are prepared, and what is to be told of it.

    `spared` are tokens that XTC never removes, `context` the longest sequence in tokens.
    """

    intake: Intake
    tool_format: str | None
    reasoning_format: str | None
    context: int
    spared: Sequence[int]


def assemble(
    spec: ModelSpec,
    model_type: str,
    loaded: Loaded,
    family: ModelFamily | None,
    toolbox: WorkerToolbox,
    vocabulary: Vocabulary,
    width: int,
    trimmable: bool,
) -> Habits:
    """The habits of a loaded model. `width` is that of its logits, `trimmable` a trait of its states.

    Raises `ConfigError` for names in its spec that nobody registered.
    """
    tokenizer = loaded.tokenizer
    eos = loading.end_tokens(tokenizer)
    context = loading.context_of(loaded.config, tokenizer, spec.limits.context)
    calling, thinking = loading.formats(spec, model_type, tokenizer, family, toolbox)
    chat = loading.chat_format(spec, tokenizer, family, toolbox)
    encode = partial(tokenizer.encode, add_special_tokens=False)
    special = tokenizer._tokenizer.get_added_vocab()
    efforts = chat is not None and chat.takes("reasoning_effort")
    grammars = Grammars(tokenizer._tokenizer, width, sorted(eos))
    intake = Intake(
        spec=spec,
        tokenizer=tokenizer,
        chat=chat,
        wishes=Wishes(spec.name, calling, thinking, special, efforts=efforts),
        guidance=Guidance(grammars, thinking, encode, vocabulary.piece),
        generation=loaded.generation,
        processors=toolbox.samplers,
        context=context,
        vocabulary=width,
        eos=eos,
        boundaries=not trimmable and spec.cache != "none",
    )
    return Habits(
        intake,
        calling.name if calling is not None else None,
        thinking.name if thinking is not None else None,
        context,
        sorted({*eos, *encode("\n")[-1:]}),
    )
