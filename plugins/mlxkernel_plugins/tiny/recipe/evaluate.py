"""The scores of tiny: held-out draws answered greedily through mlx_lm, by kind, against thresholds.

`python -m mlxkernel_plugins.tiny.recipe.evaluate` prints the table of the model's README and exits with 1
when a score lies under its threshold. Names, words and cities are of the held-out part; facts are those of
the training, since no model can know a fact that it was never told, but the sentences around them are drawn
anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import exam
from .question import Question

MODEL = Path(__file__).parent.parent / "model"
_LONGEST = 320


@dataclass(frozen=True)
class Score:
    """How one kind of question went: the share of right answers, and of answers that ended by themselves."""

    kind: str
    asked: int
    right: int
    ended: int
    threshold: float

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.asked


class Examinee:
    """A model loaded by mlx_lm, which answers many prompts in one batch, greedily."""

    def __init__(self, path: Path) -> None:
        from mlx_lm import load
        from transformers import AutoTokenizer

        loaded: tuple[Any, ...] = load(str(path))
        self.model: Any = loaded[0]
        self.tokenizer: Any = loaded[1]
        # mlx_lm's own wrapper asks every model that can think to think; here nothing said means nothing.
        self._template: Any = AutoTokenizer.from_pretrained(path)

    def prompt(self, question: Question) -> list[int]:
        """Return the tokens of the question's prompt, by the model's own chat template."""
        thinking = {} if question.thinking == "unsaid" else {"enable_thinking": question.thinking == "on"}
        text = self._template.apply_chat_template(
            list(question.messages),
            tools=list(question.tools) or None,
            add_generation_prompt=True,
            tokenize=False,
            **thinking,
        )
        ids: list[int] = self._template.encode(text, add_special_tokens=False)
        return ids

    def answers(self, questions: Sequence[Question]) -> list[tuple[str, bool]]:
        """Return for each question the answer's text and whether it ended by itself."""
        from mlx_lm.generate import BatchGenerator

        stops = [[token] for token in self.tokenizer.eos_token_ids]
        generator: Any = BatchGenerator(self.model, max_tokens=_LONGEST, stop_tokens=stops)
        uids = generator.insert([self.prompt(question) for question in questions])
        said: dict[int, list[int]] = {uid: [] for uid in uids}
        ended = dict.fromkeys(uids, False)
        while responses := generator.next_generated():
            for response in responses:
                if response.finish_reason == "stop":
                    ended[response.uid] = True
                else:
                    said[response.uid].append(response.token)
        generator.close()
        return [(self.tokenizer.decode(said[uid]), ended[uid]) for uid in uids]


def score(
    examinee: Examinee,
    kind: str,
    questions: Sequence[Question],
    threshold: float,
    report: Callable[[str], None] | None,
) -> Score:
    """Return the score of one kind; `report` is told of each wrong answer."""
    steps = [(number, step) for number, asked in enumerate(questions) for step in (asked, *asked.rest)]
    answers = examinee.answers([step for _, step in steps])
    wrong: set[int] = set()
    for (number, step), (answer, _) in zip(steps, answers, strict=True):
        if not step.right(answer):
            wrong.add(number)
            if report:
                wanted = step.calls or step.exact or step.values or step.wanted
                report(f"{kind}: {step.messages[-1]['content']!r} -> {answer!r}, wanted {wanted}")
    unended = {number for (number, _), (_, ended) in zip(steps, answers, strict=True) if not ended}
    return Score(kind, len(questions), len(questions) - len(wrong), len(questions) - len(unended), threshold)


def evaluate(
    path: Path, seed: str, count: int, report: Callable[[str], None] | None = None, kinds: str = ""
) -> list[Score]:
    """Return the scores of every kind whose name has `kinds` in it, of `count` questions each."""
    examinee = Examinee(path)
    scores = [
        score(examinee, kind, [paper.write(seed, index) for index in range(count)], paper.threshold, report)
        for kind, paper in exam.PAPERS.items()
        if kinds in kind
    ]
    asked, ended = sum(s.asked for s in scores), sum(s.ended for s in scores)
    return [*scores, Score("ends by itself", asked, ended, ended, 0.99)]


def table(scores: Sequence[Score]) -> str:
    """Return the scores as a Markdown table."""
    lines = ["| kind | asked | right | threshold |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {s.kind} | {s.asked} | {s.share:.1%} | {s.threshold:.0%} |" for s in scores]
    return "\n".join(lines)


def main() -> int:
    """Print the table of scores; the exit status is 1 when one lies under its threshold."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--seed", default="exam")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument("--kinds", default="", help="only the kinds with this text in their names")
    parser.add_argument("--wrong", action="store_true", help="print each wrong answer on stderr")
    arguments = parser.parse_args()
    report = (lambda line: print(line, file=sys.stderr)) if arguments.wrong else None
    scores = evaluate(arguments.model, arguments.seed, arguments.count, report, arguments.kinds)
    print(table(scores))
    return int(any(s.share < s.threshold for s in scores))


if __name__ == "__main__":
    sys.exit(main())
