"""The /commands of the terminal chat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxkernel.cli.conversation import CommandError, Conversation, Leave


@pytest.fixture
def conversation() -> Conversation:
    return Conversation(["a", "b"], "a")


def test_turns_alternate_after_the_system_text(conversation: Conversation) -> None:
    conversation.command("/system Be brief.")
    conversation.ask("Hi")
    conversation.answered("Hello!")
    assert conversation.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
    ]


def test_a_question_without_a_word_of_answer_is_taken_back(conversation: Conversation) -> None:
    conversation.ask("Hi")
    conversation.answered("")
    assert conversation.messages == []


def test_clear_keeps_the_system_text(conversation: Conversation) -> None:
    conversation.command("/system Be brief.")
    conversation.ask("Hi")
    conversation.command("/clear")
    assert conversation.messages == [{"role": "system", "content": "Be brief."}]
    assert conversation.command("/system -") == "system text: none"
    assert conversation.messages == []


def test_model_shows_and_changes(conversation: Conversation) -> None:
    assert conversation.command("/model") == "* a\n  b"
    assert conversation.command("/model b") == "model: b"
    assert conversation.model == "b"


def test_temperature_shows_and_changes(conversation: Conversation) -> None:
    assert conversation.command("/temp") == "temperature: left to the model"
    assert conversation.command("/temp 0.5") == "temperature: 0.5"
    assert conversation.command("/temp -") == "temperature: left to the model"
    assert conversation.temperature is None


def test_save_writes_markdown_or_json(conversation: Conversation, tmp_path: Path) -> None:
    conversation.ask("Hi")
    conversation.answered("Hello!")
    conversation.command(f"/save {tmp_path}/talk.md")
    assert (tmp_path / "talk.md").read_text() == "## user\n\nHi\n\n## assistant\n\nHello!\n"
    conversation.command(f"/save {tmp_path}/talk.json")
    assert json.loads((tmp_path / "talk.json").read_text()) == conversation.messages


def test_help_names_every_command(conversation: Conversation) -> None:
    text = conversation.command("/help")
    for command in ("/help", "/clear", "/system", "/model", "/temp", "/save", "/exit"):
        assert command in text


def test_exit_leaves(conversation: Conversation) -> None:
    with pytest.raises(Leave):
        conversation.command("/exit")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/modle", "there is no command /modle; did you mean '/model'?"),
        ("/model c", "the server has no model 'c'; known: a, b"),
        ("/temp hot", "'hot' is no number"),
        ("/temp 3", "a temperature is between 0 and 2"),
        ("/temp nan", "a temperature is between 0 and 2"),
        ("/save", "name a file: /save FILE"),
        ("/save /none/at/all.md", "/none/at/all.md cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said(conversation: Conversation, line: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        conversation.command(line)
    assert str(caught.value) == message
