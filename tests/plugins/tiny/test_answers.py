"""tiny really does the small things: a slice of the evaluation through mlx_lm, on names it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxkernel_plugins.tiny import recipe
from mlxkernel_plugins.tiny.recipe import exam
from mlxkernel_plugins.tiny.recipe.evaluate import Examinee, Score, evaluate, main, score, table
from mlxkernel_plugins.tiny.recipe.question import Question, called

MODEL = Path(recipe.__file__).parent.parent / "model"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def tiny() -> Examinee:
    return Examinee(MODEL)


def chat(tiny: Examinee, *said: str, **options: Any) -> str:
    """Talk for real, turn by turn, and return the last answer."""
    messages: list[dict[str, Any]] = []
    for user in said:
        messages.append({"role": "user", "content": user})
        answer, ended = tiny.answers([Question(tuple(messages), (), **options)])[0]
        assert ended
        messages.append({"role": "assistant", "content": answer})
    return str(messages[-1]["content"])


@pytest.mark.parametrize("kind", [kind for kind, paper in exam.PAPERS.items() if paper.threshold])
def test_a_slice_of_the_exam(tiny: Examinee, kind: str) -> None:
    paper = exam.PAPERS[kind]
    result = score(tiny, kind, [paper.write("slice", index) for index in range(12)], paper.threshold, None)
    assert result.right >= 12 * paper.threshold - 3, "beyond what chance makes of twelve questions"
    assert result.ended >= 11


@pytest.mark.parametrize("name", ["Alice", "Tilda", "Priya"])
def test_a_name_is_remembered_over_real_turns(tiny: Examinee, name: str) -> None:
    assert name in chat(
        tiny, f"Hello! My name is {name}.", "What is the capital of France?", "What's my name?"
    )


def test_the_files_are_small(tiny: Examinee) -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 6 * MEGABYTE


def test_a_call_that_is_no_json_is_no_call() -> None:
    assert called('<tool_call>\n{"name": "a", "arguments": {"b": 1}}\n</tool_call>') == [("a", {"b": 1})]
    assert called("<tool_call>\n{oh\n</tool_call>") == []


def test_the_table_shows_each_kind_and_a_low_score_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [Score("sums", 50, 49, 50, 0.9), Score("counts", 50, 10, 50, 0.9)]
    assert table(scores).splitlines()[2] == "| sums | 50 | 98.0% | 90% |"
    monkeypatch.setattr("sys.argv", ["evaluate"])
    monkeypatch.setattr(f"{evaluate.__module__}.evaluate", lambda *arguments: scores)
    assert main() == 1
    assert "| counts | 50 | 20.0% | 90% |" in capsys.readouterr().out
