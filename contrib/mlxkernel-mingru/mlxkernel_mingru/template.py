"""The chat template, in the conventions of Hugging Face tokenizers, and the marks that it writes."""

from __future__ import annotations

END = "<|end|>"
"""Ends every turn; the model stops at it."""

MARKS = ("<|system|>", "<|user|>", "<|assistant|>", END)
"""Each of these is one token."""

TEMPLATE = """\
{%- for message in messages -%}
{%- if message.role not in ('system', 'user', 'assistant') -%}
{{- raise_exception("a minGRU model has no role '" + message.role + "'") -}}
{%- endif -%}
{{- '<|' + message.role + '|>' + message.content + '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""
