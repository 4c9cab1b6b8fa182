"""Samples: what each family writes, and what of it is thought. Written after the makers' templates."""

from __future__ import annotations

THOUGHT = "Oslo is in Norway.\n\nSo: Oslo."
ANSWER = "The capital is Oslo."

_WRITTEN: dict[str, str] = {
    "think": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    "hunyuan": f"<think>\n{THOUGHT}\n</think>\n<answer>\n{ANSWER}\n</answer>",
    "deepseek-v4": f"<think>{THOUGHT}</think>{ANSWER}",
    "hunyuan3": f"<think>{THOUGHT}</think>{ANSWER}",
    "think-response": f"<think>\n{THOUGHT}\n</think>\n\n<response>\n{ANSWER}\n</response>\n",
    "seed-oss": f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
    "mistral": f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    "longcat": f"<longcat_think>\n{THOUGHT}\n</longcat_think>\n{ANSWER}",
    "granite": f"Here is my thought process:\n{THOUGHT}\n\nHere is my response:\n\n{ANSWER}",
    "gemma4": f"<|channel>thought\n{THOUGHT}<channel|>{ANSWER}",
    "harmony": (
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
    ),
    "apertus": f"<|inner_prefix|>{THOUGHT}<|inner_suffix|>{ANSWER}",
    "cohere": (f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>"),
    "cohere4": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_TEXT|>{ANSWER}<|END_TEXT|>",
    "minicpm": f"<|thought_start|>\n{THOUGHT}\n<|thought_end|>\n{ANSWER}",
    "exaone": f"<thought>\n{THOUGHT}\n</thought>\n\n{ANSWER}",
    "kimi-vl": f"◁think▷{THOUGHT}◁/think▷\n\n{ANSWER}",
}


def written(name: str) -> str:
    """The answer of a model of this format: `THOUGHT`, then `ANSWER`. Raises `KeyError`."""
    return _WRITTEN[name]
