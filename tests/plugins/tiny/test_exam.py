"""What the exam counts as right: calls and objects by their values, styles to the letter."""

from __future__ import annotations

from mlxkernel_plugins.tiny.recipe.question import Question


def test_a_call_is_right_by_its_name_and_values() -> None:
    question = Question((), (), calls=(("add", {"a": 1, "b": 2}),))
    assert question.right('<tool_call>\n{"name": "add", "arguments": {"b": 2, "a": 1}}\n</tool_call>')
    assert not question.right('<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>')
    assert not question.right("3")


def test_an_object_is_right_in_any_order_and_a_style_only_to_the_letter() -> None:
    assert Question((), (), exact='{"a": 1, "b": 2}').right('{"b": 2, "a": 1}')
    assert not Question((), (), exact='{"a": 1}').right('{"a": 1')
    assert Question((), (), exact="PARIS").right("PARIS")
    assert not Question((), (), exact="PARIS").right("The capital is PARIS")


def test_every_value_must_be_in_the_answer() -> None:
    assert Question((), (), values=("21", "sunny")).right("It is sunny, with 21 degrees.")
    assert not Question((), (), values=("21", "sunny")).right("It is sunny.")
