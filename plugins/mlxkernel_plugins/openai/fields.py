"""What becomes of every top-level field: honoured, without effect, or refused.

This is the table behind docs/reference/openai.md. A row of `REFUSALS` leaves it when the server
learns what the row refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel import fields
from mlxkernel.errors import invalid, unsupported
from mlxkernel.fields import FieldTable, Refusal
from mlxkernel_plugins.openai.bodies import ChatBody, CompletionBody, GenerationBody

CHAT_REFUSALS = (
    Refusal("verbosity", "only 'medium', the model's own, is offered", ("medium",)),
    Refusal("modalities", "only ['text'] is offered", (["text"],)),
    Refusal("audio", "answers are text; leave it out"),
    Refusal("prediction", "predicted outputs are not offered; leave it out"),
    Refusal("web_search_options", "the server does not search the web; leave it out"),
    Refusal("moderation", "the server does not moderate; leave it out"),
    Refusal("prompt_cache_options", "the cache has no breakpoints and no tiers; leave it out"),
)

COMPLETION_REFUSALS = (Refusal("suffix", "text cannot be inserted before a suffix; leave it out", ("",)),)

WITHOUT_EFFECT = {
    "user": "whose request it is, for OpenAI's own records",
    "store": "nothing is stored",
    "metadata": "labels of stored answers; nothing is stored",
    "service_tier": "there is one tier",
    "prompt_cache_key": "prefixes are found by their tokens",
    "prompt_cache_retention": "prefixes are kept as long as the cache has room",
    "safety_identifier": "for OpenAI's own records",
}
"""Fields that are accepted and do not change the answer, and why."""

HONOURED = {
    "model": "a configured name or alias; the answer's `model` is the one that answered",
    "stream": "server-sent events, ended by `[DONE]`",
    "stream_options": "`include_usage`; only with `stream`. `include_obfuscation: true` is refused",
    "n": "1 to 128 answers from one prefill",
    "max_tokens": "at least 1; absent: up to the end of the model's context",
    "stop": "a string or up to 16 of them, none empty; not part of the answer",
    "temperature": "0 to 2; 0 takes the most probable token",
    "top_p": "over 0, up to 1",
    "presence_penalty": "-2 to 2",
    "frequency_penalty": "-2 to 2",
    "logit_bias": "token id (as a string) to -100 … 100",
    "seed": "a 64-bit integer; the same seed draws the same tokens, alone and in any batch",
    "top_k": "extension: 0 or -1 turn it off",
    "min_p": "extension: 0 to 1",
    "typical_p": "extension: over 0, up to 1",
    "xtc_probability": "extension: 0 to 1",
    "xtc_threshold": "extension: 0 to 0.5",
    "repetition_penalty": "extension: over 0, up to 10; 1 is neutral",
    "logits_processors": "extension: names of logits processors that plugins registered",
    "min_tokens": "extension: no end before this many tokens",
    "ignore_eos": "extension: go on after the model's own end of text",
    "stop_token_ids": "extension: token ids that end the answer",
    "messages": "roles system, developer, user, assistant, tool and function; see below",
    "tools": "functions, with `description`, `parameters` (a JSON Schema) and `strict`; see below",
    "tool_choice": '`"none"`, `"auto"`, `"required"`, a named function, or `allowed_tools`; see below',
    "parallel_tool_calls": "`false`: at most one call in an answer",
    "functions": "the predecessor of `tools`; the answer has the predecessor of `tool_calls`",
    "function_call": "the predecessor of `tool_choice`; only with `functions`",
    "response_format": "`text`, `json_object` or `json_schema`; see below",
    "reasoning_effort": (
        "`none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`; `none` turns thinking off; see below"
    ),
    "max_completion_tokens": "the same as `max_tokens`; both with different values are refused",
    "top_logprobs": "0 to 20; only with `logprobs`",
    "grammar": "extension: the answer follows this Lark grammar",
    "regex": "extension: the answer matches this regular expression from its beginning to its end",
    "guided_json": "extension: the same as `response_format` with this JSON Schema",
    "guided_regex": "extension: the same as `regex`",
    "guided_grammar": "extension: the same as `grammar`",
    "guided_choice": "extension: the answer is one of these strings, none empty",
    "enable_thinking": "extension: whether the model thinks before it answers; absent: as it is used to",
    "thinking_token_budget": "extension: at most this many tokens of thinking, from 0; see below",
    "chat_template_kwargs": "extension: arguments for the model's chat template, by name",
    "add_generation_prompt": "extension: `false` only together with `continue_final_message`",
    "continue_final_message": "extension: the model goes on with the last message, which is an assistant's",
    "prompt": "a string, a list of strings, a list of token ids, or a list of such lists; none empty",
    "echo": "the answer begins with its prompt; not together with `logprobs`",
    "best_of": "only the value of `n`",
    "logprobs": "chat: true or false; completions: 0 to 5 alternatives",
}
"""Fields that are honoured, with their range. All others are in `WITHOUT_EFFECT` or are refused."""

TABLE = FieldTable(
    {"chat": ChatBody, "completions": CompletionBody},
    HONOURED,
    WITHOUT_EFFECT,
    (*CHAT_REFUSALS, *COMPLETION_REFUSALS),
)


def refuse(body: GenerationBody, refusals: Sequence[Refusal]) -> None:
    """Raises `RequestFailed` for the first field that asks for what is not offered."""
    fields.refuse(body, refusals)
    options = body.stream_options
    if options is None:
        return
    if not body.stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise invalid(message, param="stream_options")
    if options.include_obfuscation:
        raise unsupported("stream_options.include_obfuscation", "streams are not padded; leave it out")
