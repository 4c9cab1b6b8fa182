"""What becomes of every top-level field: honoured, without effect, or refused.

This is the table behind docs/reference/anthropic.md. A row of `REFUSALS` leaves it when the server
learns what the row refuses.
"""

from __future__ import annotations

from mlxkernel import fields
from mlxkernel.errors import unsupported
from mlxkernel.fields import FieldTable, Refusal
from mlxkernel_plugins.anthropic.bodies import CountBody, MessagesBody, PromptBody

THREADS = "thread_unsupported_request"
"""The code by which clients learn that they must send whole conversations; they then do."""

REFUSALS = (
    Refusal("service_tier", "there is one tier", ("auto", "standard_only")),
    Refusal("speed", "there is one speed", ("standard",)),
    Refusal("container", "there are no containers; leave it out"),
    Refusal("mcp_servers", "the server calls no tools, so the client must; leave it out", ([],)),
    Refusal("compaction", "the conversation is not edited; leave it out"),
    Refusal("diagnostics", "nothing of earlier requests is kept to compare with; leave it out"),
    Refusal("inference_geo", "the model runs where the server does; leave it out"),
    Refusal("billing_policy", "nothing is billed; leave it out"),
    Refusal("fallbacks", "the model that is named answers; leave it out", ([],)),
    Refusal("fallback_credit_token", "nothing is billed; leave it out"),
    Refusal("thread", "no conversation is kept; send all messages, and leave it out", code=THREADS),
)

WITHOUT_EFFECT = {
    "metadata": "`user_id`: for Anthropic's own records",
    "cache_control": "prefixes are found by their tokens and kept as long as the cache has room",
}
"""Fields that are accepted and do not change the answer, and why."""

HONOURED = {
    "model": "a configured name or alias; the answer's `model` is the one that answered",
    "messages": "roles user, assistant and system; see below",
    "system": "a string or a list of `text` blocks; see below",
    "max_tokens": "at least 1; where the context has less room, the answer ends with it; over "
    "`[models.<name>.limits]` it is refused",
    "stream": "server-sent events",
    "stop_sequences": "up to 16 strings, none empty; not part of the answer",
    "temperature": "0 to 2; 0 takes the most probable token",
    "top_p": "over 0, up to 1",
    "top_k": "0 or -1 turn it off",
    "tools": "tools that the client runs; see below",
    "tool_choice": "`auto`, `any`, `tool` and `none`; see below",
    "thinking": "`enabled`, `adaptive` and `disabled`; see below",
    "output_config": "`format` and `effort`; see below",
    "output_format": "the predecessor of `output_config.format`",
    "context_management": "`edits`: `clear_thinking_20251015` that keeps `all`, and no other",
}
"""Fields that are honoured, with their range. All others are in `WITHOUT_EFFECT` or are refused."""

TABLE = FieldTable({"messages": MessagesBody, "count_tokens": CountBody}, HONOURED, WITHOUT_EFFECT, REFUSALS)


def refuse(body: PromptBody) -> None:
    """Raises `RequestFailed` for the first field that asks for what is not offered."""
    fields.refuse(body, REFUSALS)
    if body.output_config is not None and body.output_config.task_budget is not None:
        raise unsupported("output_config.task_budget", "bound the answer by 'max_tokens'")
    edits = (body.context_management.edits if body.context_management else None) or ()
    for place, edit in enumerate(edits):
        if edit.keep not in ("all", {"type": "all"}):
            why = "the conversation is not edited; send 'all', or leave old thoughts out on the client's side"
            raise unsupported(f"context_management.edits[{place}].keep", why)
