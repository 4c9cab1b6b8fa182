"""Training: `python -m mlxkernel_plugins.tiny.vision_recipe.train --work DIR --out MODEL` makes the weights.

A run is known by its seed, its plan and the weights of `tiny` that the language half starts from. It may be
stopped at any time and is taken up again at its last checkpoint; the pictures and the text of a step depend
on the seed and the step's number alone, so a run in pieces sees what a run in one go sees. Needs PyTorch and
Pillow.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from ..recipe.network import Shape
from . import sight
from .export import export, prepare
from .network import Network, VisionShape
from .packing import Cut, Encoded, batch
from .plan import PLAN, Phase, phase_at, rate, total
from .rendering import IMAGE, number

TEXT_MODEL = Path(__file__).parent.parent / "model"
_AVERAGE = 0.995
_SIGHT = 0.2
"""How much the first lesson goes on to count while the model learns to talk."""
_LOUDER = 2.0
"""So many times the size of a word's token is a picture's when the model begins to talk."""
_SAVE_EVERY = 100
_LOG_EVERY = 25


class Student(nn.Module):
    """The network and the reader of its first lesson."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.reader = sight.Reader(network.language.hidden)


@dataclass
class Run:
    """The state of a run: what learns, the running average of its weights that is exported, the optimisers of
    the phase.
    """

    student: Student
    average: dict[str, Tensor]
    optimisers: list[torch.optim.Optimizer] = field(default_factory=list)
    step: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "student": self.student.state_dict(),
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").rename(path)

    def load(self, path: Path, plan: tuple[Phase, ...]) -> None:
        """Take up the run at a checkpoint."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.average = state["average"]
        self.step = state["step"]
        if self.step < total(plan):
            phase, inside = phase_at(plan, self.step)
            if inside:
                self.begin(phase)
                for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
                    optimiser.load_state_dict(saved)

    def learning(self, phase: Phase) -> list[tuple[str, nn.Parameter]]:
        """Return the weights that learn in a phase: first not the language half."""
        network = self.student.network
        learning = network.model.visual if phase.stage == "sight" else network
        return [*learning.named_parameters(), *self.student.reader.named_parameters()]

    def begin(self, phase: Phase) -> None:
        """Make the optimisers of a phase: Muon for the matrices of the layers, AdamW for all else."""
        named = self.learning(phase)
        outer = ("embed_tokens.weight", "pos_embed.weight", "read.weight", "place.weight")
        inner = [w for n, w in named if w.dim() == 2 and not n.endswith(outer)]
        others = [w for n, w in named if w.dim() != 2 or n.endswith(outer)]
        self.optimisers = [
            torch.optim.AdamW(others, lr=phase.adam, betas=(0.9, 0.98), weight_decay=0.01),
            torch.optim.Muon(inner, lr=phase.muon, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        ]


def new_run(text_model: Path, vocabulary: int, seed: int) -> Run:
    """Return a run at its first step: the language half as `tiny` is, the vision half by chance."""
    torch.manual_seed(seed)
    known = json.loads((text_model / "config.json").read_text())
    language = Shape(
        vocab=vocabulary,
        hidden=known["hidden_size"],
        layers=known["num_hidden_layers"],
        heads=known["num_attention_heads"],
        kv_heads=known["num_key_value_heads"],
        head_dim=known["head_dim"],
        intermediate=known["intermediate_size"],
        theta=known["rope_theta"],
        eps=known["rms_norm_eps"],
    )
    student = Student(Network(language, VisionShape()))
    body = dict(student.network.model.language_model.named_parameters())
    with torch.no_grad():
        for name, weight in load_file(text_model / "model.safetensors").items():
            # The rows behind the entries of tiny's tokenizer are those of the marks of pictures.
            body[name.removeprefix("model.")][: weight.shape[0]] = weight.float()
    average = {n: w.detach().clone() for n, w in student.network.named_parameters()}
    return Run(student, average)


Given = list[Cut] | Encoded
"""What a step learns from: pictures alone, or conversations."""


@dataclass(frozen=True)
class Source:
    """Makes the pictures and texts of a step; another process may do it ahead of time."""

    vocabulary: Path
    seed: str

    def __call__(self, step: int) -> Given:
        """Return what the step learns from."""
        phase, inside = phase_at(PLAN, step)
        if phase.stage == "sight":
            return sight.lesson(self.seed, inside, phase.size)
        tokenizer = Tokenizer.from_file(str(self.vocabulary))
        return batch(tokenizer, self.seed, phase.stage, inside, phase.size)


def ahead(source: Source, first: int, last: int, many: int = 3) -> Iterator[Given]:
    """Yield the steps from `first` to before `last`, made by one other process while this one learns."""
    with ProcessPoolExecutor(1) as pool:
        waiting: list[Future[Given]] = []
        for step in range(first, last):
            waiting += [
                pool.submit(source, later) for later in range(step + len(waiting), min(last, step + many))
            ]
            yield waiting.pop(0).result()


def _seeing(student: Student, pictures: list[Cut]) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Return the tokens of the pictures, the loss of the first lesson and what of it went right."""
    together, known = sight.looked(pictures), sight.all_labels(pictures)
    tokens = together.tokens(student.network.model.visual(together.pixels, together.grids))
    scores = student.reader(tokens)
    return tokens, sight.loss(scores, known), sight.share_right(scores, known)


def _talking(student: Student, text: Encoded, image: int) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of the answers, with a part of that of the first lesson, and what went right."""
    ids, targets, asked, positions = (
        torch.from_numpy(a) for a in (text.ids, text.targets, text.asked, text.positions)
    )
    tokens, unseen, right = _seeing(student, text.cut)
    logits = student.network(ids, positions, text.lengths, asked, tokens, image)
    wanted = targets[asked]
    loss = functional.cross_entropy(logits.float(), wanted)
    right = {"answers": loss.item(), "tokens": (logits.argmax(1) == wanted).float().mean().item(), **right}
    return loss + _SIGHT * unseen, right


def settle(student: Student, pictures: list[Cut]) -> None:
    """Bring the tokens of pictures near the size of those of words, so that the language half can work on
    them.
    """
    together = sight.looked(pictures)
    merger = student.network.model.visual.merger.linear_fc2
    with torch.no_grad():
        tokens = together.tokens(student.network.model.visual(together.pixels, together.grids))
        words = student.network.model.language_model.embed_tokens.weight
        shrink = _LOUDER * (words.pow(2).mean() / tokens.float().pow(2).mean()).sqrt()
        merger.weight *= shrink
        merger.bias *= shrink
        student.reader.read.weight /= shrink
        student.reader.place.weight /= shrink


def advance(run: Run, given: Given, phase: Phase, inside: int, image: int) -> dict[str, float]:
    """Do one step and return its loss and what went right."""
    if not inside:
        run.begin(phase)
        if phase.stage == "talk" and isinstance(given, Encoded):
            settle(run.student, given.cut)
    factor = rate(phase, inside)
    for optimiser, full in zip(run.optimisers, (phase.adam, phase.muon), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = full * factor
    with torch.autocast("cpu", torch.bfloat16):
        if isinstance(given, Encoded):
            loss, right = _talking(run.student, given, image)
        else:
            _, loss, right = _seeing(run.student, given)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([weight for _, weight in run.learning(phase)], 1.0)
    for optimiser in run.optimisers:
        optimiser.step()
        optimiser.zero_grad()
    keep = min(_AVERAGE, (inside + 1) / (inside + 10))
    with torch.no_grad():
        for name, weight in run.student.network.named_parameters():
            run.average[name].lerp_(weight, 1 - keep)
    run.step += 1
    return {"loss": loss.item(), **right}


def mean(noted: list[dict[str, float]], name: str) -> float:
    """Return the mean of what was noted under this name."""
    values = [note[name] for note in noted if name in note]
    return sum(values) / len(values)


def follow(run: Run, arguments: argparse.Namespace, tokenizer: Tokenizer) -> None:
    """Run the plan to its end, or to the step given, with a checkpoint every so often."""
    until = min(total(PLAN), arguments.steps or total(PLAN))
    source = Source(arguments.out / "tokenizer.json", str(arguments.seed))
    image = number(tokenizer, IMAGE)
    started = time.monotonic()
    noted: list[dict[str, float]] = []
    for given in ahead(source, run.step, until):
        phase, inside = phase_at(PLAN, run.step)
        noted.append(advance(run, given, phase, inside, image))
        if run.step % _LOG_EVERY == 0 or inside + 1 == phase.steps:
            said = " ".join(f"{name} {mean(noted, name):.4f}" for name in noted[-1])
            print(f"step {run.step} {phase.stage} {said} {time.monotonic() - started:.0f} s", flush=True)
            noted.clear()
        if run.step % _SAVE_EVERY == 0 or inside + 1 == phase.steps:
            run.save(arguments.work / "checkpoint.pt")
    run.save(arguments.work / "checkpoint.pt")


def main() -> None:
    """Train, or take up a training, and export the weights."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the model's folder")
    parser.add_argument("--work", type=Path, required=True, help="the folder of the checkpoints")
    parser.add_argument("--text-model", type=Path, default=TEXT_MODEL, help="the folder of tiny")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="stop at this step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--export-only", action="store_true", help="export the last checkpoint, train nothing"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    prepare(arguments.text_model, arguments.out)
    tokenizer = Tokenizer.from_file(str(arguments.out / "tokenizer.json"))
    run = new_run(arguments.text_model, tokenizer.get_vocab_size(), arguments.seed)
    if (arguments.work / "checkpoint.pt").exists():
        run.load(arguments.work / "checkpoint.pt", PLAN)
    if not arguments.export_only:
        follow(run, arguments, tokenizer)
    export(run.student.network, run.average, tokenizer, arguments.out)


if __name__ == "__main__":
    main()
