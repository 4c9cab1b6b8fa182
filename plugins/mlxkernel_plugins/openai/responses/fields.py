"""What becomes of every field of ``POST /v1/responses``: honoured, without effect, or refused.

This is the table behind the section on responses of docs/reference/openai.md.
"""

from __future__ import annotations

from mlxkernel.fields import FieldTable, Refusal
from mlxkernel_plugins.openai.responses.bodies import ResponseBody

HONOURED = {
    "model": "a configured name or alias; the answer's `model` is the one that answered",
    "input": "a string, or a list of items; absent only with `previous_response_id`; see below",
    "instructions": "the first system message; those of an earlier response do not come with it",
    "previous_response_id": "the items of that response, its input and its output, come before `input`",
    "store": "`false`: the answer is not kept; `true` is refused where the operator keeps none",
    "metadata": "up to 16 labels, kept with the answer",
    "stream": "server-sent events; see below",
    "stream_options": "`include_obfuscation: true` is refused",
    "include": "`message.output_text.logprobs`, `message.input_image.image_url` and "
    "`reasoning.encrypted_content`; others are refused",
    "tools": "functions and namespaces of functions; see below",
    "tool_choice": '`"auto"`, `"none"`, `"required"`, a function, or `allowed_tools`',
    "parallel_tool_calls": "`false`: at most one call in an answer",
    "text": "`format`: `text`, `json_object` or `json_schema`; `verbosity` only `medium`",
    "reasoning": "`effort`, and `summary` `auto` or `detailed`; see below",
    "max_output_tokens": "at least 1, thoughts included; absent: up to the end of the model's context",
    "temperature": "0 to 2; 0 takes the most probable token",
    "top_p": "over 0, up to 1",
    "top_logprobs": "0 to 20; only with `include` of `message.output_text.logprobs`",
    "stop": "extension: a string or up to 16 of them, none empty; not part of the answer",
    "seed": "extension: a 64-bit integer; the same seed draws the same tokens",
    "top_k": "extension: 0 or -1 turn it off",
    "min_p": "extension: 0 to 1",
    "repetition_penalty": "extension: over 0, up to 10; 1 is neutral",
    "presence_penalty": "extension: -2 to 2",
    "frequency_penalty": "extension: -2 to 2",
    "chat_template_kwargs": "extension: arguments for the model's chat template, by name",
}
"""Fields that are honoured, with their range."""

WITHOUT_EFFECT = {
    "max_tool_calls": "it counts calls of built-in tools, and there are none",
    "user": "for OpenAI's own records",
    "safety_identifier": "for OpenAI's own records",
    "service_tier": "there is one tier",
    "prompt_cache_key": "prefixes are found by their tokens",
    "prompt_cache_retention": "prefixes are kept as long as the cache has room",
    "client_metadata": "what a client says of itself",
}
"""Fields that are accepted and do not change the answer, and why."""

REFUSALS = (
    Refusal("truncation", "no part of a conversation is dropped; leave it out", ("disabled",)),
    Refusal("background", "an answer is made while its client waits; send 'stream': true", (False,)),
    Refusal("conversation", "conversations are not kept; send 'previous_response_id'"),
    Refusal("prompt", "prompt templates are not kept; send 'instructions' and 'input'"),
    Refusal("context_management", "no part of a conversation is dropped or compacted; leave it out", ([],)),
    Refusal("moderation", "the server does not moderate; leave it out"),
    Refusal("prompt_cache_options", "the cache has no breakpoints and no tiers; leave it out"),
)

TABLE = FieldTable({"responses": ResponseBody}, HONOURED, WITHOUT_EFFECT, REFUSALS)
