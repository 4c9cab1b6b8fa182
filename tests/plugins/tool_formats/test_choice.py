"""``auto`` over the built-in table."""

from __future__ import annotations

from importlib.resources import files

import pytest

from mlxkernel.formats import Format, choose
from mlxkernel_plugins.tool_formats import FORMATS


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_a_template_with_a_format_s_markers_chooses_it(format: Format) -> None:
    chosen = choose("unknown", f"A template with {' and '.join(format.markers)} in it", FORMATS)
    found = next(other for other in FORMATS if other.name == chosen)
    assert found.markers == format.markers


def test_the_bundled_model_s_template_is_known() -> None:
    template = (files("mlxkernel_plugins.tiny") / "model" / "chat_template.jinja").read_text(encoding="utf-8")
    assert choose("qwen3", template, FORMATS) == "hermes"


@pytest.mark.parametrize(
    ("model_type", "markers", "expected"),
    [
        ("qwen3_moe", "<tool_call> arguments", "hermes"),
        ("qwen3_moe", "<tool_call>\n<function= <parameter= arguments", "qwen3-coder"),
        ("llama", "<TOOLCALL> arguments", "nemotron"),
        ("granitemoehybrid", "<tool_call> arguments", "granite4"),
        ("mistral", "[TOOL_CALLS] [ARGS]", "mistral"),
        ("mistral", "[TOOL_CALLS]", "mistral-array"),
        ("deepseek_v3", "<｜tool▁calls▁begin｜> <｜tool▁sep｜> ```json", "deepseek-v3"),
        ("deepseek_v3", "<｜tool▁calls▁begin｜> <｜tool▁sep｜>", "deepseek-v3.1"),
        ("gpt_oss", None, "harmony"),
        ("llama", "no functions here", None),
    ],
)
def test_families_and_templates(model_type: str, markers: str | None, expected: str | None) -> None:
    assert choose(model_type, markers, FORMATS) == expected
