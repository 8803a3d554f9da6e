"""How long a training must be to tell which network will be the best: Kendall's tau between lengths.

Run: python -m tests.benchmarks.bench_length --keep FILE [--data DATA] [--part K/N] and without --part for the table
Each network, of all families and sizes, guesses of `asc` among them, is trained anew at every length and scored on the
validation clips. A training is appended to FILE as soon as it is done, so that an interrupted run goes on. The table
has tau between the lengths, and what is lost by shipping the network that is the best at a shorter length.
"""

import argparse
import json
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from nas_asc.budget import Budget, parse_budget
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, evaluate_candidate
from nas_asc.metrics import score_predictions
from nas_asc.propose import Proposal, Screen
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import load_space
from nas_asc.training import Run, default_epochs, prepare_process
from tests.benchmarks.heading import machine, made_by

_BORDERS = (0.0, 0.15, 0.4, 1.0)  # shares of the limit on MACs: random networks come from each range by turns
_N_DRAWS = 20_000


def choose(screen: Screen, n: int) -> list[Proposal]:
    """The guesses, then random networks that are trained without compression, small, middling and large by turns.

    Args:
        screen: Knows what fits.
        n: How many.
    """
    chosen = list(warm_start(screen, seed=0))
    rng, limit = np.random.default_rng(2026), screen.budget.limits["macs"]
    draws = iter(screen.space.draw_many(rng, _N_DRAWS))
    while len(chosen) < n:
        low, high = _BORDERS[len(chosen) % 3 :][:2]
        candidate = next(draws)
        cost = screen.cost(candidate)
        is_plain = candidate.values["compression"] == "none" and not candidate.values["qat"]
        if cost is None or not is_plain or not low * limit <= cost.macs < high * limit:
            continue
        proposal = screen.admit(candidate, origin="random", seen={each.design.key for each in chosen})
        if proposal is not None:
            chosen.append(proposal)
    return chosen


def train(proposal: Proposal, prepared: PreparedData, *, epochs: int, seed: int) -> dict[str, Any]:
    """What one training reached on the validation clips."""
    design = replace(proposal.design, recipe=replace(proposal.design.recipe, epochs=epochs))
    started = time.perf_counter()
    outcome = evaluate_candidate(design, prepared, Run(seed))
    scores = score_predictions(prepared.validation_clips(design.log_mel).labels, outcome.probabilities)
    return {
        "origin": proposal.origin,
        "params": proposal.cost.params,
        "macs": proposal.cost.macs,
        "epochs": epochs,
        "log_loss": scores.log_loss,
        "accuracy": scores.accuracy,
        "seconds": time.perf_counter() - started,
    }


def format_table(rows: list[dict[str, Any]]) -> str:
    """Tau of every two lengths, and the loss by the choice at the shorter one, in Markdown."""
    lengths = sorted({row["epochs"] for row in rows})
    losses = {(row["index"], row["epochs"]): row["log_loss"] for row in rows}
    whole = sorted({index for index, _ in losses if all((index, length) in losses for length in lengths)})
    table = np.array([[losses[index, length] for length in lengths] for index in whole])
    lines = [
        f"{made_by()}, {machine()}; {len(whole)} networks",
        "",
        "| epochs | epochs | tau | of the better half | worse than the best by |",
        "|---|---|---|---|---|",
    ]
    for short, long in combinations(range(len(lengths)), 2):
        early, late = table[:, short], table[:, long]
        better = late <= np.median(late)
        lines.append(
            f"| {lengths[short]} | {lengths[long]} | {kendalltau(early, late)[0]:.2f}"
            f" | {kendalltau(early[better], late[better])[0]:.2f} | {late[early.argmin()] - late.min():.3f} nats |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="default: synthetic scenes")
    parser.add_argument("--test-fold", type=int)
    parser.add_argument("--params", default="128k")
    parser.add_argument("--macs", default="30M")
    parser.add_argument("--n", type=int, default=16, help="networks")
    parser.add_argument("--lengths", default="1,3,9", help="multiples of the usual number of epochs")
    parser.add_argument("--keep", type=Path, required=True, help="file of what is done")
    parser.add_argument("--part", help="K/N: train what the K-th of N processes trains")
    options = parser.parse_args()
    if options.part is not None:
        _train_part(options)
    print(format_table([json.loads(line) for line in options.keep.read_text().splitlines()]))


def _train_part(options: argparse.Namespace) -> None:
    prepare_process()
    data_set = load_data_set(options.data)
    prepared = PreparedData(data_set, split_data_set(data_set, seed=0, test_fold=options.test_fold))
    budget: Budget = parse_budget({"params": options.params, "macs": options.macs}, rules=None, bits=8)
    screen = Screen(load_space("asc"), prepared.task, budget=budget)
    usual = default_epochs(prepared.n_train)
    part, n_parts = map(int, options.part.split("/"))
    jobs = [(index, int(times) * usual) for times in options.lengths.split(",") for index in range(options.n)]
    chosen = choose(screen, options.n)
    options.keep.touch()
    for index, epochs in jobs:
        done = {(row["index"], row["epochs"]) for row in map(json.loads, options.keep.read_text().splitlines())}
        if index % n_parts == part and (index, epochs) not in done:
            row = {"index": index, **train(chosen[index], prepared, epochs=epochs, seed=1_000 * index + epochs)}
            with options.keep.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


if __name__ == "__main__":
    main()
