"""What an answer must follow in a format whose answers have a header, and how much may be thought."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import (
    Conversation,
    Grammar,
    Input,
    JsonSchema,
    Prompts,
    ReasoningWish,
    Request,
    RequiredTool,
    Tool,
)
from mlxkernel.testing.grammars import Walker, accepts
from mlxkernel_mlx.wishes import Wishes
from mlxkernel_plugins.reasoning import mlxkernel_register_reasoning_formats
from mlxkernel_plugins.tool_formats import mlxkernel_register_tool_formats

THINKING = {format.name: format for format in mlxkernel_register_reasoning_formats()}
CALLING = {format.name: format for format in mlxkernel_register_tool_formats()}

SPECIAL = ("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>", "<|return|>")
HARMONY = Walker(SPECIAL, (), ends=("<|call|>", "<|return|>"))
PROMPT_END = "<|end|><|start|>assistant"

PLACES = {"type": "object", "properties": {"at": {"enum": ["a", "b"]}}, "required": ["at"]}
TOOL = Tool("look", parameters=PLACES)
SCHEMA = JsonSchema({"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]})

THOUGHT = "<|channel|>analysis<|message|>Two and two.<|end|><|start|>assistant"
FINAL = "<|channel|>final<|message|>"
DOCUMENT = '{"sum": 4}'
CALL = '<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"at": "a"}<|call|>'


def wishes(thinking: str = "harmony", calling: str = "harmony", **changes: Any) -> Wishes:
    values = {"special": HARMONY.special, "efforts": True, **changes}
    return Wishes("m", CALLING[calling], THINKING[thinking], **values)


def ask(**changes: Any) -> Request:
    hello: Input = Conversation((Message(Role.USER, (Text("Hello!"),)),))
    return Request(id="r", model="m", **{"input": hello, **changes})


def left(request: Request, text: str, prompt_end: str = PROMPT_END, may_think: bool = False) -> str:
    """What of the text harmony's grammar for this request does not allow."""
    form = wishes().form(request, prompt_end, may_think)
    assert form is not None
    return accepts(HARMONY, form.source, text)


@pytest.mark.parametrize("thought", ["", THOUGHT])
def test_a_document_stands_in_the_final_channel(thought: str) -> None:
    request = ask(response_format=SCHEMA)
    assert left(request, thought + FINAL + DOCUMENT) == ""
    assert left(request, thought + DOCUMENT) == DOCUMENT
    assert left(request, thought + CALL)


@pytest.mark.parametrize("thought", ["", THOUGHT])
def test_a_forced_call_may_write_the_marker_that_ends_the_answer(thought: str) -> None:
    request = ask(tools=(TOOL,), tool_choice=RequiredTool(), parallel_tool_calls=False)
    assert left(request, thought + CALL) == ""
    assert left(request, thought + CALL.replace("<|call|>", "")) == "<the text ends too early>"
    assert left(request, thought + FINAL + "No.")


def test_a_forced_call_is_over_once_its_marker_is_written() -> None:
    request = ask(tools=(TOOL,), tool_choice=RequiredTool(), parallel_tool_calls=False)
    form = wishes().form(request, PROMPT_END, False)
    assert form is not None
    matcher, marker = HARMONY.matcher(form.source), HARMONY.special["<|call|>"]
    for part in re.findall(r"<\|[a-z]+\|>|[^<]+", CALL.removesuffix("<|call|>")):
        for token in [HARMONY.special[part]] if part in HARMONY.special else HARMONY(part):
            assert matcher.consume_token(token)
    assert HARMONY.allowed(matcher) == {marker}
    assert matcher.consume_token(marker)
    assert matcher.is_stopped() and not matcher.is_error()


@pytest.mark.parametrize("thought", ["", THOUGHT])
def test_a_strict_tool_leaves_the_final_channel_free(thought: str) -> None:
    request = ask(tools=(Tool(TOOL.name, "", TOOL.parameters, strict=True),))
    for text in (f"{FINAL}Hello <there>.\n", FINAL, CALL):
        assert left(request, thought + text) == ""
    assert left(request, thought + CALL.replace('"a"', '"c"'))


def test_a_document_or_a_call_with_tools_at_hand() -> None:
    request = ask(response_format=SCHEMA, tools=(TOOL,))
    for text in (FINAL + DOCUMENT, CALL, THOUGHT + FINAL + DOCUMENT, THOUGHT + CALL):
        assert left(request, text) == ""


def test_an_answer_that_has_begun_goes_on_without_header() -> None:
    continued = Conversation((Message(Role.ASSISTANT, (Text("{"),)),), continue_last=True)
    request = ask(input=continued, response_format=Grammar("regex", "ab"))
    assert left(request, "ab", f"{PROMPT_END}{FINAL}x") == ""
    assert left(ask(input=Prompts(("x",)), response_format=Grammar("regex", "ab")), "ab", "") == ""


def test_what_is_turned_off_is_not_thought() -> None:
    request = ask(response_format=SCHEMA, reasoning=ReasoningWish(enabled=False))
    assert left(request, FINAL + DOCUMENT) == ""
    assert left(request, THOUGHT + FINAL + DOCUMENT)


def test_asking_for_effort_is_asking_to_think() -> None:
    walker = Walker((), ())
    request = ask(response_format=Grammar("regex", "ab"), reasoning=ReasoningWish(effort="low"))
    form = wishes("think", "hermes", special={}).form(request, "<|im_start|>assistant\n", False)
    assert form is not None
    assert accepts(walker, form.source, "<think>\nHm.\n</think>\n\nab") == ""
    assert accepts(walker, form.source, "ab") == ""


# --- effort ---------------------------------------------------------------------------------------


def taking(*efforts: str) -> TaggedReasoning:
    """A format whose template takes these efforts, by words of its own."""
    words = {effort: f"its {effort}" for effort in efforts}
    return TaggedReasoning(name="t", opens=("<t>",), closes=("</t>",), efforts=words)


@pytest.mark.parametrize(
    ("efforts", "effort", "told"),
    [
        (("low", "medium", "high"), "none", "low"),
        (("low", "medium", "high"), "minimal", "low"),
        (("low", "medium", "high"), "medium", "medium"),
        (("low", "medium", "high"), "xhigh", "high"),
        (("low", "medium", "high"), "max", "high"),
        (("none", "high"), "none", "none"),
        (("none", "high"), "minimal", "high"),
        (("high", "max"), "low", "high"),
        (("high", "max"), "xhigh", "max"),
    ],
)
def test_a_template_is_told_the_nearest_effort_that_it_takes(
    efforts: tuple[str, ...], effort: str, told: str
) -> None:
    model = Wishes("m", None, taking(*efforts), {}, efforts=True)
    arguments = model.template_arguments(ReasoningWish(effort=effort))
    assert arguments["reasoning_effort"] == f"its {told}"
    assert arguments["enable_thinking"] is (effort != "none")
    assert model.budget(ReasoningWish(effort=effort)) is None


def test_an_effort_that_turns_thinking_on_and_off_follows_the_switch() -> None:
    model = Wishes("m", None, taking("none", "high"), {}, efforts=True, switch=False)
    assert model.template_arguments(ReasoningWish(enabled=False))["reasoning_effort"] == "its none"
    assert model.template_arguments(ReasoningWish(enabled=True))["reasoning_effort"] == "its high"
    assert model.budget(ReasoningWish(enabled=False)) is None
    assert model.template_arguments(ReasoningWish()) == {}


@pytest.mark.parametrize(
    ("effort", "tokens"),
    [("minimal", 512), ("low", 2048), ("medium", 8192), ("high", None), ("xhigh", None), ("max", None)],
)
def test_where_the_template_takes_no_effort_it_is_a_bound(effort: str, tokens: int | None) -> None:
    model = wishes("think", "hermes", efforts=False)
    wish = ReasoningWish(effort=effort)
    assert "reasoning_effort" not in model.template_arguments(wish)
    assert model.budget(wish) == tokens
    assert model.budget(ReasoningWish(effort=effort, budget_tokens=7)) == 7


def test_a_model_that_cannot_be_told_not_to_think_may_think_no_token() -> None:
    off = ReasoningWish(effort="none", enabled=False)
    assert wishes("think", "hermes", efforts=False, switch=False).budget(off) == 0
    assert wishes("think", "hermes", efforts=False, switch=True).budget(off) is None
    assert wishes("harmony").budget(off) == 0
