"""A training step by one thread, by all, and in two halves at once, over random candidates: where the borders lie.

Run: python -m tests.benchmarks.bench_threads [--space asc] [--clip 5s] [--batches 16 32] [--n 30]
Prints a table in Markdown with the date, the commit and the machine: candidates by the values that an operation puts
out for a batch (what `training.threads` goes by), and the median, least and largest of the ratios of times within each
range: one thread to all threads, and two halves to all threads.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.frontend import Task
from nas_asc.layers import Architecture
from nas_asc.models import build_model
from nas_asc.propose import Screen
from nas_asc.recipe import Recipe
from nas_asc.space import load_space
from nas_asc.training import CPU, Clips, Trainer, Way, prepare_process
from nas_asc.training.split_batch import can_split
from nas_asc.training.threads import count_mean_output
from nas_asc.units import parse_duration_s
from tests.benchmarks.heading import machine, made_by

N_BATCHES, N_ROUNDS = 5, 4
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
EDGES = (0, 50_000, 100_000, 150_000, 200_000, 300_000, 400_000, 600_000, 1_000_000, 10**9)


@dataclass(frozen=True)
class Measured:
    """One candidate: values that an operation puts out for a batch, and times in relation to that of all threads."""

    batch_size: int
    n_values: float
    alone: float
    halves: float


def draw_architectures(space_name: str, clip_s: float, n: int) -> list[Architecture]:
    """The first random candidates that fit and whose batches can be split."""
    space = load_space(space_name)
    screen, rng, found = Screen(space, Task(n_classes=10, clip_s=clip_s), budget=BUDGET), np.random.default_rng(0), []
    while len(found) < n:
        for proposal in screen.admit_all(space.draw_many(rng, 16), origin="random", n_most=16):
            if can_split(build_model(proposal.design.architecture)):
                found.append(proposal.design.architecture)
    return found[:n]


def build_trainer(architecture: Architecture, way: Way, batch_size: int) -> Trainer:
    """A trainer that computes in this way."""
    n_clips = batch_size * N_BATCHES
    clips = Clips(torch.randn(n_clips, *architecture.in_shape), torch.arange(n_clips) % architecture.n_classes)
    return Trainer(
        build_model(architecture),
        clips,
        recipe=Recipe(batch_size=batch_size),
        n_classes=architecture.n_classes,
        n_epochs=N_ROUNDS,
        seed=0,
        torch_device=CPU,
        way=way,
    )


def time_step(trainer: Trainer) -> float:
    """Seconds of a step, the mean of an epoch's."""
    started = time.perf_counter()
    with trainer.epoch() as batches:
        for batch in batches:
            trainer.step(*trainer.build_batch(batch))
    return (time.perf_counter() - started) / N_BATCHES


def measure(architecture: Architecture, batch_size: int) -> Measured:
    """Medians over rounds in which the three ways take turns; the first round is not counted."""
    trainers = [build_trainer(architecture, way, batch_size) for way in (Way.ALONE, Way.TOGETHER, Way.HALVES)]
    seconds = [[time_step(trainer) for trainer in trainers] for _ in range(N_ROUNDS)][1:]
    alone, together, halves = (median(column) for column in zip(*seconds, strict=True))
    n_values = batch_size * count_mean_output(build_model(architecture), architecture.in_shape)
    return Measured(batch_size, n_values, alone / together, halves / together)


def format_table(rows: Sequence[Measured]) -> str:
    """Markdown table of the ratios by batch size and values."""
    lines = [
        "| batch | values an operation and batch | candidates | one / all threads | halves / all threads |",
        "|---|---|---|---|---|",
    ]
    for batch_size in sorted({row.batch_size for row in rows}):
        for low, high in pairwise(EDGES):
            within = [row for row in rows if row.batch_size == batch_size and low <= row.n_values < high]
            if within:
                name = f"{low:,} to {high:,}" if high < EDGES[-1] else f"from {low:,}"
                ratios = " | ".join(_spread([getattr(row, way) for row in within]) for way in ("alone", "halves"))
                lines.append(f"| {batch_size} | {name} | {len(within)} | {ratios} |")
    return "\n".join(lines)


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="asc")
    parser.add_argument("--clip", default="5s")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--n", type=int, default=30)
    args = parser.parse_args()
    prepare_process()
    architectures = draw_architectures(args.space, parse_duration_s(args.clip, what="--clip"), args.n)
    rows = [measure(architecture, batch_size) for architecture in architectures for batch_size in args.batches]
    print(f"{made_by()}, {machine()}; {args.n} random candidates of {args.space}, {BUDGET.describe()}\n")
    print(format_table(rows))


if __name__ == "__main__":
    main()
