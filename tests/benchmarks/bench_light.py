"""A step in two halves against one on a single thread, over random candidates that are small: where the border lies.

Run: python -m tests.benchmarks.bench_light [--space asc] [--clip 5s] [--n 40]
Prints a table in Markdown with the date, the commit and the machine: candidates by the values that an operation puts
out for a batch of 32 (what `training.light` goes by), and the median of the ratio of both times within each range.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.frontend import Task
from nas_asc.layers import Architecture
from nas_asc.models import build_model
from nas_asc.recipe import Recipe
from nas_asc.search import Screen
from nas_asc.space import load_space
from nas_asc.training import Clips, Trainer, light, prepare_process
from nas_asc.training.split_batch import can_split
from nas_asc.units import parse_duration_s
from tests.benchmarks.heading import machine, made_by

BATCH_SIZE, N_BATCHES, N_ROUNDS = 32, 5, 4
BUDGET = Budget(max_params=128_000, max_macs=3_000_000)
EDGES = (0, 50_000, 100_000, 150_000, 200_000, 300_000, 10**9)


def draw_architectures(space_name: str, clip_s: float, n: int) -> list[Architecture]:
    """The first random candidates that fit and whose batches can be split."""
    space = load_space(space_name)
    screen, rng, found = Screen(space, Task(n_classes=10, clip_s=clip_s), budget=BUDGET), np.random.default_rng(0), []
    while len(found) < n:
        for proposal in screen.admit_all(space.draw_many(rng, 16), origin="random", n_most=16):
            if can_split(build_model(proposal.design.architecture)):
                found.append(proposal.design.architecture)
    return found[:n]


def build_trainer(architecture: Architecture, *, is_light: bool) -> Trainer:
    """A trainer that takes the network for light, or not, whatever it is."""
    border, light._LIGHT = light._LIGHT, 10**15 if is_light else 0
    try:
        n_clips = BATCH_SIZE * N_BATCHES
        clips = Clips(torch.randn(n_clips, *architecture.in_shape), torch.arange(n_clips) % architecture.n_classes)
        options = {"n_classes": architecture.n_classes, "n_epochs": N_ROUNDS, "seed": 0}
        recipe = Recipe(batch_size=BATCH_SIZE)
        return Trainer(build_model(architecture), clips, recipe=recipe, torch_device=torch.device("cpu"), **options)
    finally:
        light._LIGHT = border


def time_step(trainer: Trainer) -> float:
    """Seconds of a step, the mean of an epoch's."""
    started = time.perf_counter()
    with trainer.epoch() as batches:
        for rows in batches:
            trainer.step(*trainer.draw_batch(rows))
    return (time.perf_counter() - started) / N_BATCHES


def measure(architecture: Architecture) -> tuple[float, float]:
    """Values that an operation puts out for a batch, and seconds in two halves over seconds on one thread."""
    trainers = [build_trainer(architecture, is_light=is_light) for is_light in (False, True)]
    seconds = [[time_step(trainer) for trainer in trainers] for _ in range(N_ROUNDS)][1:]
    halves, alone = (median(column) for column in zip(*seconds, strict=True))
    return BATCH_SIZE * light.count_mean_output(build_model(architecture), architecture.in_shape), halves / alone


def format_table(pairs: Sequence[tuple[float, float]]) -> str:
    """Markdown table of the ratios by size."""
    lines = [
        "| values an operation and batch | candidates | in halves / on one thread | from | to |",
        "|---|---|---|---|---|",
    ]
    for low, high in pairwise(EDGES):
        ratios = [ratio for size, ratio in pairs if low <= size < high]
        if ratios:
            name = f"{low:,} to {high:,}" if high < EDGES[-1] else f"from {low:,}"
            lines.append(f"| {name} | {len(ratios)} | {median(ratios):.2f} | {min(ratios):.2f} | {max(ratios):.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="asc")
    parser.add_argument("--clip", default="5s")
    parser.add_argument("--n", type=int, default=40)
    args = parser.parse_args()
    prepare_process()
    clip_s = parse_duration_s(args.clip, what="--clip")
    pairs = [measure(architecture) for architecture in draw_architectures(args.space, clip_s, args.n)]
    print(f"{made_by()}, {machine()}; {args.n} random candidates of {args.space}, {BUDGET.describe()}, batches of 32\n")
    print(format_table(pairs))


if __name__ == "__main__":
    main()
