"""What becomes of every field and every option: honoured, without effect, or refused.

These are the tables behind docs/reference/ollama.md. A row of a table of refusals leaves it when the server
learns what the row refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.fields import FieldTable, Refusal, refuse
from mlxkernel_plugins.ollama.bodies import (
    ChatBody,
    EmbedBody,
    EmbeddingsBody,
    GenerateBody,
    GenerationBody,
    Options,
)

HONOURED = {
    "model": "a configured name or alias, with or without `:latest`; answers name the model that answered",
    "options": "how tokens are drawn and when the answer ends; see below",
    "stream": "JSON lines, unless it is `false`",
    "format": '`"json"`: some JSON object; a JSON Schema: a document that it accepts; `""`: free',
    "think": "`true`, `false`, `low`, `medium`, `high` or `max`; absent: as the model is used to",
    "logprobs": "`true`: the tokens of each line with ln p",
    "top_logprobs": "0 to 20 alternatives; only with `logprobs`",
    "messages": "roles system, user, assistant and tool; an assistant's last message is gone on with; "
    "none of them: the model is loaded",
    "tools": "functions, with `description`, `parameters` (a JSON Schema) and `strict`",
    "prompt": "one message of the user; empty: the model is loaded",
    "system": "a system message before it",
    "raw": "`true`: the prompt as it is, without a chat template",
    "images": "base64, without a `data:` prefix",
    "input": "a string or a list of strings, none of the list's empty; absent or empty: the model is loaded",
    "dimensions": "that many first components of each vector, scaled to length 1; 0: all",
}
"""Fields that are honoured. All others are in `WITHOUT_EFFECT` or are refused."""

WITHOUT_EFFECT = {
    "keep_alive": "checked; a model stays loaded until the server ends, so there is nothing to prolong. "
    "An empty request with 0, which means to unload, is refused",
    "truncate": "a prompt or text that does not fit is refused, never cut",
    "shift": "an answer that reaches the end of the context ends there, with `length`",
}
"""Fields that are accepted and do not change the answer, and why."""

GENERATION_REFUSALS = (
    Refusal("debug_render_only", "prompts are not shown on this route; leave it out", (False,)),
)

GENERATE_REFUSALS = (
    Refusal("suffix", "text cannot be inserted before a suffix; leave it out", ("",)),
    Refusal("template", "the operator chooses a model's chat template in mlx.toml", ("",)),
    Refusal(
        "context", "token lists of earlier answers are not taken back; send messages to /api/chat", ([],)
    ),
    Refusal("width", "the models do not draw; leave it out", (0,)),
    Refusal("height", "the models do not draw; leave it out", (0,)),
    Refusal("steps", "the models do not draw; leave it out", (0,)),
)

OPTIONS_HONOURED = {
    "num_predict": "at most this many tokens, from 1, as far as the context has room; -1, -2: no other limit",
    "temperature": "0 takes the most probable token",
    "top_k": "0 or -1 turn it off",
    "top_p": "over 0, up to 1",
    "min_p": "0 to 1",
    "typical_p": "over 0, up to 1",
    "seed": "a 64-bit integer; the same seed draws the same tokens, alone and in any batch; -1: by chance",
    "stop": "a string or up to 64 of them, none empty; not part of the answer",
    "repeat_penalty": "over 0, up to 10; 1 is neutral",
    "presence_penalty": "-2 to 2",
    "frequency_penalty": "-2 to 2",
    "repeat_last_n": "-1, absent: penalties look at all tokens so far; 0 turns them off; another number: "
    "at that many last ones",
}
"""Options that are honoured. All others are in `OPTIONS_WITHOUT_EFFECT` or are refused."""

OPTIONS_WITHOUT_EFFECT = {
    "num_ctx": "the context is the model's own, or `limits.context` in mlx.toml, and grows as it is used",
    "num_keep": "nothing of a prompt is dropped, so there is nothing to keep",
    "num_batch": "prompts are processed in pieces of `limits.prefill_chunk` tokens",
    "num_gpu": "a model is never split between processors",
    "main_gpu": "there is one",
    "num_thread": "the runtime decides",
    "draft_num_predict": "how tokens are guessed ahead does not change them",
    "numa": "a matter of loading, which is the operator's",
    "low_vram": "a matter of loading, which is the operator's",
    "f16_kv": "a matter of loading, which is the operator's",
    "logits_all": "a matter of loading, which is the operator's",
    "vocab_only": "a matter of loading, which is the operator's",
    "use_mmap": "a matter of loading, which is the operator's",
    "use_mlock": "a matter of loading, which is the operator's",
    "embedding_only": "a matter of loading, which is the operator's",
    "mirostat_tau": "belongs to `mirostat`, which is refused",
    "mirostat_eta": "belongs to `mirostat`, which is refused",
}
"""Options that are accepted and do not change the answer, and why."""

OPTION_REFUSALS = (
    Refusal("mirostat", "this sampler is not offered; leave it out", (0,)),
    Refusal("tfs_z", "this sampler is not offered; leave it out", (1,)),
    Refusal("penalize_newline", "penalties treat line ends as any other token; leave it out", (True,)),
)


TABLE = FieldTable(
    {"chat": ChatBody, "generate": GenerateBody, "embed": EmbedBody, "embeddings": EmbeddingsBody},
    HONOURED,
    WITHOUT_EFFECT,
    (*GENERATION_REFUSALS, *GENERATE_REFUSALS),
)

OPTIONS_TABLE = FieldTable({"options": Options}, OPTIONS_HONOURED, OPTIONS_WITHOUT_EFFECT, OPTION_REFUSALS)


def refuse_generation(body: GenerationBody, refusals: Sequence[Refusal] = ()) -> None:
    """The same for a body that asks for an answer, and for its options."""
    refuse(body, (*GENERATION_REFUSALS, *refusals))
    refuse_options(body.options)


def refuse_options(options: Options | None) -> None:
    """The same for options."""
    if options is not None:
        refuse(options, OPTION_REFUSALS, "options")
