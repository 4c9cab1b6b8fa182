"""Training: `python -m mlxkernel_plugins.tiny.recipe.train --work DIR --out MODEL` makes the weights from a
seed.

A run is known by its seed and its plan. It may be stopped at any time and is taken up again at its last
checkpoint; the text of a step depends on the seed and the step's number alone, so a run in pieces sees what
a run in one go sees. Needs PyTorch, which nothing else in the project does.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from .network import Network, Shape
from .packing import Batch, Packer
from .plan import PLAN, phase_at, rate, total
from .rendering import END_OF_TEXT, SPECIAL

CONTEXT = 4096
_AVERAGE = 0.995
_SAVE_EVERY = 150
_LOG_EVERY = 50


@dataclass
class Run:
    """The state of a run: the network, the running average of its weights that is exported, and the
    optimisers.
    """

    network: Network
    average: dict[str, Tensor]
    optimisers: list[torch.optim.Optimizer]
    rates: list[float]
    step: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").rename(path)

    def load(self, path: Path) -> None:
        """Take up the run at a checkpoint."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step = state["step"]


def new_run(shape: Shape, seed: int, muon: float, adam: float) -> Run:
    """Return a run at its first step: Muon for the matrices of the layers, AdamW for the embedding and the
    norms.
    """
    torch.manual_seed(seed)
    network = Network(shape)
    matrices = [
        weight for name, weight in network.named_parameters() if weight.dim() == 2 and "embed" not in name
    ]
    others = [weight for name, weight in network.named_parameters() if weight.dim() != 2 or "embed" in name]
    adamw = torch.optim.AdamW(
        others if muon else [*matrices, *others], lr=adam, betas=(0.9, 0.98), weight_decay=0.01
    )
    optimisers: list[torch.optim.Optimizer] = [adamw]
    if muon:
        optimisers.append(
            torch.optim.Muon(matrices, lr=muon, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
        )
    average = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    return Run(network, average, optimisers, [adam, muon])


def _loss(network: Network, batch: Batch) -> Tensor:
    ids, targets, learnt, document = (
        torch.from_numpy(a) for a in (batch.ids, batch.targets, batch.learnt, batch.document)
    )
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(ids, document, learnt)
    return functional.cross_entropy(logits.float(), targets[learnt])


def advance(run: Run, batch: Batch, factor: float) -> float:
    """Do one step at `factor` of the learning rates and return its loss."""
    for optimiser, full in zip(run.optimisers, run.rates, strict=False):
        for group in optimiser.param_groups:
            group["lr"] = full * factor
    loss = _loss(run.network, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    for optimiser in run.optimisers:
        optimiser.step()
        optimiser.zero_grad()
    keep = min(_AVERAGE, (run.step + 1) / (run.step + 10))
    with torch.no_grad():
        for name, weight in run.network.named_parameters():
            run.average[name].lerp_(weight, 1 - keep)
    run.step += 1
    return loss.item()


def export(run: Run, out: Path) -> None:
    """Write the averaged weights as float16, config.json and generation_config.json."""
    weights = {name: weight.to(torch.float16).contiguous() for name, weight in run.average.items()}
    save_file(weights, out / "model.safetensors.new", metadata={"format": "pt"})
    (out / "model.safetensors.new").chmod(0o644)
    (out / "model.safetensors.new").rename(out / "model.safetensors")
    end, pad = SPECIAL.index("<|im_end|>"), SPECIAL.index(END_OF_TEXT)
    config = run.network.shape.config(end, pad, CONTEXT)
    sampling = {"do_sample": True, "temperature": 0.3, "top_p": 0.9}
    generation = {**sampling, "eos_token_id": [end, pad], "pad_token_id": pad}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")


def follow(run: Run, tokenizer: Tokenizer, arguments: argparse.Namespace) -> None:
    """Run the plan to its end, or until the minutes or steps given are over, with a checkpoint every so
    often.
    """
    steps = total(PLAN)
    until = min(steps, arguments.steps or steps)
    started = time.monotonic()
    losses: list[float] = []
    tokens = 0
    while run.step < until and time.monotonic() - started < arguments.minutes * 60:
        phase = phase_at(PLAN, run.step)
        packer = Packer(tokenizer, str(arguments.seed), phase.stage, phase.rows, phase.length)
        losses.append(advance(run, packer.batch(run.step), rate(PLAN, run.step)))
        tokens += phase.rows * phase.length
        if run.step % _LOG_EVERY == 0:
            speed = tokens / (time.monotonic() - started)
            print(
                f"step {run.step} {phase.stage} loss {np.mean(losses):.4f} {speed:.0f} tokens/s", flush=True
            )
            losses.clear()
        if run.step % _SAVE_EVERY == 0:
            run.save(arguments.work / "checkpoint.pt")
    run.save(arguments.work / "checkpoint.pt")


def main() -> None:
    """Train, or take up a training, and export the weights into the folder that holds the tokenizer."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="the model's folder, with tokenizer.json in it"
    )
    parser.add_argument("--work", type=Path, required=True, help="the folder of the checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--steps", type=int, default=0, help="stop at this step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--muon", type=float, default=0.004, help="the learning rate of Muon; 0 takes AdamW for all"
    )
    parser.add_argument("--adam", type=float, default=0.004, help="the learning rate of AdamW")
    parser.add_argument(
        "--export-only", action="store_true", help="export the last checkpoint and train nothing"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(arguments.out / "tokenizer.json"))
    run = new_run(Shape(vocab=tokenizer.get_vocab_size()), arguments.seed, arguments.muon, arguments.adam)
    if (arguments.work / "checkpoint.pt").exists():
        run.load(arguments.work / "checkpoint.pt")
    if not arguments.export_only:
        follow(run, tokenizer, arguments)
    export(run, arguments.out)


if __name__ == "__main__":
    main()
