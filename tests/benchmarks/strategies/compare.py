"""Search strategies compared on the table of real trainings: the true log loss of their best against seconds spent.

Run: python -m tests.benchmarks.strategies.compare --seeds 30
The best is looked for inside the full limits, a half, a quarter and an eighth of them. Prints the surrogate's quality
and a table in Markdown with date and commit, and writes a figure. Every run is kept in a file as soon as it is done, so
that an interrupted comparison goes on.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np

from nas_asc.cores import count_processors
from tests.benchmarks.heading import machine, made_by
from tests.benchmarks.strategies.contestants import CONTESTANTS, available
from tests.benchmarks.strategies.durations import Durations
from tests.benchmarks.strategies.figure import draw_lines
from tests.benchmarks.strategies.surrogate import Quality, Surrogate, build_screen
from tests.benchmarks.strategies.trainings import COMMITTED, EPOCHS, RUNGS, read_trainings
from tests.benchmarks.strategies.world import SHARES, SpentError, World

_STEPS = 60
_OURS = "ours"


@cache
def build_surrogate(table: Path) -> Surrogate:
    """The surrogate of a table, made once a process."""
    return Surrogate(read_trainings(table), build_screen().space)


@cache
def build_durations(table: Path) -> Durations:
    """The seconds of a table's trainings, learned once a process."""
    return Durations(read_trainings(table), build_surrogate(table))


def build_world(table: Path, *, n_seconds: float, seed: int) -> World:
    """A world of a table's trainings in which nothing is spent yet."""
    return World(build_surrogate(table), build_durations(table), build_screen(), n_seconds, seed)


def run(name: str, seed: int, *, n_trainings: int, table: Path) -> dict[str, object]:
    """One contestant's best log losses after each part of the time, and its own seconds without any training."""
    started = time.perf_counter()
    world = build_world(table, n_seconds=n_trainings * build_durations(table).mean, seed=seed)
    with contextlib.suppress(SpentError):
        CONTESTANTS[name](world, seed)
    return {
        "history": world.history(_STEPS).tolist(),
        "whole": len(world.finished),
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30, help="of each contestant")
    parser.add_argument("--trainings", type=int, default=100, help="mean trainings whose time each may spend")
    parser.add_argument("--only", nargs="+", default=available(), help="contestants")
    parser.add_argument("--table", type=Path, default=COMMITTED)
    parser.add_argument("--keep", type=Path, default=Path("strategies.json"), help="file of what is done")
    parser.add_argument("--figure", type=Path, default=Path("strategies.svg"))
    parser.add_argument("--processes", type=int, default=count_processors())
    options = parser.parse_args()
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    jobs = [(name, seed) for seed in range(options.seeds) for name in options.only]
    missing = [job for job in jobs if key_of(*job, options.trainings) not in done]
    context = multiprocessing.get_context("spawn")  # one thread a process, which a fork could not be told any more
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        futures = {
            pool.submit(run, name, seed, n_trainings=options.trainings, table=options.table): (name, seed)
            for name, seed in missing
        }
        for future in as_completed(futures):
            name, seed = futures[future]
            if future.exception() is not None:
                for waiting in futures:  # a shutdown that cancels is undone by the one that ends the block
                    waiting.cancel()
            done[key_of(name, seed, options.trainings)] = found = future.result()
            options.keep.write_text(json.dumps(done))
            print(f"{name}, seed {seed}: {found['history'][-1][0]:.4f}, {found['seconds']:.0f} s", flush=True)
    histories = {
        name: np.array([done[key_of(name, seed, options.trainings)]["history"] for seed in range(options.seeds)])
        for name in options.only
    }
    print(format_quality(build_surrogate(options.table).quality))
    print(format_table(histories, options))
    write_figure(histories, options)


def key_of(name: str, seed: int, n_trainings: int) -> str:
    """Name of one run in the file of what is done."""
    return f"{name}, seed {seed}, {n_trainings} trainings"


def format_quality(quality: Quality) -> str:
    """What must be known of the surrogate before its answers are believed."""
    taus = ", ".join(f"{epoch}: {tau:.2f}" for epoch, tau in zip(RUNGS, quality.rung_tau, strict=True))
    return (
        f"{quality.n_trainings} trainings of {quality.n_candidates} candidates of {EPOCHS} epochs; {quality.kind};"
        f" on held-out candidates the last log loss is off by {100 * quality.error:.0f} % (root mean square), R squared"
        f" {quality.determination:.2f}, Kendall's tau {quality.tau:.2f}; seeds differ by {100 * quality.seed_error:.0f}"
        f" %; tau of each rung with the last epoch: {taus}"
    )


def share_to_reach(history: np.ndarray, goal: float) -> float:
    """Share of the time after which a log loss is reached; infinite where it never is."""
    reached = np.flatnonzero(history <= goal)
    return (reached[0] + 1) / len(history) if len(reached) else float("inf")


def format_table(histories: dict[str, np.ndarray], options: argparse.Namespace) -> str:
    """Markdown table: median log losses, and how much sooner the best of the others' last one is reached."""
    others = {name: median(history[:, -1, 0]) for name, history in histories.items() if not name.startswith(_OURS)}
    best = min(others, key=others.__getitem__) if others else ""
    minutes = options.trainings * build_durations(options.table).mean / 60
    lines = [
        f"{made_by()}, {machine()}; {options.seeds} seeds, the time of {options.trainings} mean trainings"
        f" ({minutes:.0f} minutes of a core); best of the others: {best}; reached: its last median",
        "",
        "| strategy | a third of the time | two thirds | all | spread | half of the limits | a quarter | an eighth |"
        " share to reach it |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, history in sorted(histories.items(), key=lambda item: median(item[1][:, -1, 0])):
        whole = history[:, :, 0]
        third, two, last = (median(whole[:, _STEPS * k // 3 - 1]) for k in (1, 2, 3))
        parts = " | ".join(f"{median(history[:, -1, k]):.3f}" for k in range(1, len(SHARES)))
        share = median(share_to_reach(row, others[best]) for row in whole) if others else float("nan")
        lines.append(
            f"| {name} | {third:.3f} | {two:.3f} | {last:.3f} | {whole[:, -1].std():.3f} | {parts} |"
            f" {'never' if np.isinf(share) else f'{share:.2f}'} |"
        )
    return "\n".join(lines)


def write_figure(histories: dict[str, np.ndarray], options: argparse.Namespace) -> None:
    """Median log loss of the best over the time, with quartiles, the best strategy first in the legend."""
    order = sorted(histories, key=lambda name: median(histories[name][:, -1, 0]))
    text = draw_lines(
        {name: histories[name][:, :, 0] for name in order},
        x_max=options.trainings * build_durations(options.table).mean / 60,
        x_title="minutes of one core, trained",
        y_title="log loss of the best, without noise",
        ours=_OURS,
    )
    options.figure.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
