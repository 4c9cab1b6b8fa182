"""The scores of tiny-vision: held-out draws answered greedily through mlx_vlm, by kind, against thresholds.

`python -m mlxkernel_plugins.tiny.vision_recipe.evaluate` prints the table of the model's README and exits
with 1 when a score lies under its threshold. Pictures are drawn anew, from a seed that the training never
used; names and words are of the held-out part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..recipe.evaluate import Score, table
from . import exam
from .conversation import Conversation, Part
from .drawing import draw
from .rendering import pictures

MODEL = Path(__file__).parent.parent / "vision_model"
_LONGEST = 80


def content(parts: tuple[Part, ...]) -> list[dict[str, str]]:
    """Return a message's parts as chat templates take them."""
    return [{"type": "text", "text": part} if isinstance(part, str) else {"type": "image"} for part in parts]


def messages(question: Conversation) -> list[dict[str, Any]]:
    """Return the messages of a question: all but its last answer, the earlier ones as they should be."""
    sent: list[dict[str, Any]] = []
    if question.system:
        sent.append({"role": "system", "content": question.system})
    for turn in question.turns:
        sent.append({"role": "user", "content": content(turn.user)})
        sent.append({"role": "assistant", "content": turn.answer})
    return sent[:-1]


class Examinee:
    """A model loaded by mlx_vlm, which answers greedily."""

    def __init__(self, path: Path) -> None:
        import mlx_vlm

        self._vlm: Any = mlx_vlm
        self.model, self.processor = self._vlm.load(str(path))

    def answer(self, question: Conversation) -> tuple[str, bool]:
        """Return the last answer and whether it ended by itself."""
        prompt = self.processor.apply_chat_template(
            messages(question), tokenize=False, add_generation_prompt=True
        )
        shown = [draw(picture) for picture in pictures(question)]
        said = self._vlm.generate(
            self.model, self.processor, prompt, image=shown or None, max_tokens=_LONGEST, temperature=0.0,
            verbose=False,
        )  # fmt: skip
        return said.text, said.finish_reason == "stop"


def score(
    examinee: Examinee,
    kind: str,
    questions: Sequence[Conversation],
    threshold: float,
    report: Callable[[str], None] | None = None,
) -> Score:
    """Return the score of one kind; `report` is told of each wrong answer."""
    right = ended = 0
    for question in questions:
        answer, stopped = examinee.answer(question)
        last = question.turns[-1]
        good = last.right(answer)
        right += good
        ended += stopped
        if not good and report:
            asked = " ".join(part for part in last.user if isinstance(part, str))
            report(f"{kind}: {asked!r} -> {answer!r}, wanted {last.answer!r}")
    return Score(kind, len(questions), right, ended, threshold)


def evaluate(path: Path, seed: str, count: int, report: Callable[[str], None] | None = None) -> list[Score]:
    """Return the scores of every kind, of `count` questions each."""
    examinee = Examinee(path)
    scores = [
        score(examinee, kind, [paper.write(seed, index) for index in range(count)], paper.threshold, report)
        for kind, paper in exam.PAPERS.items()
    ]
    asked, ended = sum(s.asked for s in scores), sum(s.ended for s in scores)
    return [*scores, Score("ends by itself", asked, ended, ended, 0.99)]


def main() -> int:
    """Print the table of scores; the exit status is 1 when one lies under its threshold."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--seed", default="exam")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument("--wrong", action="store_true", help="print each wrong answer on stderr")
    arguments = parser.parse_args()
    report = (lambda line: print(line, file=sys.stderr)) if arguments.wrong else None
    scores = evaluate(arguments.model, arguments.seed, arguments.count, report)
    print(table(scores))
    return int(any(s.share < s.threshold for s in scores))


if __name__ == "__main__":
    sys.exit(main())
