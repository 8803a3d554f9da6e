"""How well a search by many workers at once does: simulated on the table of real trainings, with the times they took.

Run: python -m tests.benchmarks.bench_scaling --keep scaling.jsonl [--workers 1,2,8,32,100] [--trials 300] [--seeds 10]
One coordinator proposes, one proposal after the other; a free worker trains what it proposes; a result is known from
its arrival on. Scores are the surrogate's of `strategies`, seconds a model's of the same trainings, noise included. A
search of fewer trials begins like a longer one, so that one simulation serves for all totals. Each is kept in a file
as soon as it is done, so that an interrupted run goes on; --processes many run at a time. Prints tables in Markdown
with date and commit: at equal trials, and at equal time.
"""

import argparse
import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numpy as np

from nas_asc.cores import count_processors
from nas_asc.cost import Cost
from nas_asc.pareto import hypervolume, non_dominated
from nas_asc.propose import Proposal, build_proposer
from nas_asc.search.asks import Asks
from nas_asc.study import TrialRecord, find_region
from tests.benchmarks.heading import machine, made_by
from tests.benchmarks.strategies.compare import build_world
from tests.benchmarks.strategies.contestants import our_config
from tests.benchmarks.strategies.surrogate import TASK, build_screen
from tests.benchmarks.strategies.trainings import COMMITTED, read_trainings
from tests.benchmarks.strategies.world import to_record, to_scores

SHARES = (1 / 100, 1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1)  # of the time of one worker
TOTALS = (40, 300)
_CHEAPEST = (5.0, 3.0)  # log10 of MACs and bytes: what is cheaper still gains nothing more
_DEAREST = (float(np.log10(30_000_000)), float(np.log10(128_000)))


@dataclass(frozen=True)
class Arrival:
    """A training that is over.

    Args:
        ask: Index of its proposal.
        at_s: When its result arrived, in seconds from the start.
        seen: Log loss with its noise.
        true: Log loss without.
        macs: Logarithm of the network's MACs, scaled to [0, 1].
        int8_bytes: Logarithm of its bytes, scaled to [0, 1].
    """

    ask: int
    at_s: float
    seen: float
    true: float
    macs: float
    int8_bytes: float


def simulate(*, n_workers: int, n_trials: int, seed: int, ask_s: float) -> list[Arrival]:
    """Trainings of one search in the order of their arrival.

    Args:
        n_workers: Trainings at the same time.
        n_trials: Of the search.
        seed: Of the search and of all noise.
        ask_s: Seconds that the coordinator takes for a proposal.
    """
    screen, config, records = build_screen(), our_config("gp", seed), list[TrialRecord]()
    world = build_world(COMMITTED, n_seconds=math.inf, seed=seed)
    asks = Asks(Path("nowhere"), screen, build_proposer(screen, config), records, config=config, n_slots=1)
    running: list[tuple[float, int, Proposal]] = []
    arrivals: list[Arrival] = []
    now_s = 0.0
    while len(records) < n_trials:
        while len(running) < n_workers and len(records) + len(running) < n_trials:
            asked, proposal = asks.next()
            assert proposal is not None
            asks.begin()
            now_s += ask_s
            heappush(running, (now_s + world.durations.seconds(proposal, seed), asked.index, proposal))
        end_s, index, proposal = heappop(running)
        now_s = max(now_s, end_s)
        record = to_record(proposal, len(records), world.train(proposal))
        records.append(replace(record, asked=asks.asked_as(index, number=record.number)))
        asks.end(index, records[-1])
        last = world.finished[-1]
        arrivals.append(Arrival(index, end_s, last.seen, last.true, *scale_costs(last.cost)))
    return arrivals


def scale_costs(cost: Cost) -> list[float]:
    """Logarithms of MACs and bytes, scaled to [0, 1]."""
    costs = np.log10([max(cost.macs, 1), max(cost.int8_bytes, 1)])
    low, high = np.array(_CHEAPEST), np.array(_DEAREST)
    scaled: list[float] = np.clip((costs - low) / (high - low), 0.0, None).tolist()
    return scaled


def measure(arrivals: Sequence[Arrival], border: float) -> tuple[float, float]:
    """Log loss without noise of the best, and the hypervolume inside the region of interest as a share of its box.

    Args:
        arrivals: Trainings that are over.
        border: Log loss where the region ends.
    """
    if not arrivals:
        return float("nan"), 0.0
    seen = np.array([(one.seen / border, one.macs, one.int8_bytes) for one in arrivals])
    true = np.array([(one.true / border, one.macs, one.int8_bytes) for one in arrivals])
    return border * float(true[seen[:, 0].argmin(), 0]), hypervolume(true[non_dominated(seen)], np.ones(3))


def find_border() -> float:
    """Log loss where the region of interest of the table's trainings ends."""
    scores = [to_scores(one.curve[-1][0]) for one in read_trainings() if one.reason is None]
    return find_region(our_config("gp", 0), scores, TASK.n_classes).border


def run(n_workers: int, seed: int, *, n_trials: int, ask_s: float) -> dict[str, Any]:
    """A row of the file of what is done."""
    started = time.process_time()
    arrivals = simulate(n_workers=n_workers, n_trials=n_trials, seed=seed, ask_s=ask_s)
    return {
        "row": key_of(n_workers, seed, n_trials),
        "seconds": time.process_time() - started,
        "arrivals": [list(vars(one).values()) for one in arrivals],
    }


def key_of(n_workers: int, seed: int, n_trials: int) -> str:
    """Name of a row."""
    return f"{n_workers} workers, {n_trials} trials, seed {seed}"


def read_rows(path: Path) -> dict[str, list[Arrival]]:
    """Rows that are done; a line that was not written to its end is not."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found[row["row"]] = [Arrival(*values) for values in row["arrivals"]]
    return found


def run_missing(options: argparse.Namespace) -> None:
    """Simulate what is not in the file, and put it there."""
    done = read_rows(options.keep)
    jobs = [(n_workers, seed) for seed in range(options.seeds) for n_workers in options.workers]
    missing = [job for job in jobs if key_of(*job, options.trials) not in done]
    one = partial(run, n_trials=options.trials, ask_s=options.ask_seconds)
    for row in _run_all(one, missing, options.processes):
        with options.keep.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(row)}")  # on a line of its own, also after one that was not ended
        print(f"{row['row']}: {row['seconds']:.0f} s of the processor", flush=True)


def _run_all(
    one: Callable[..., dict[str, Any]], jobs: list[tuple[Any, ...]], n_processes: int
) -> Iterator[dict[str, Any]]:
    if n_processes == 1:
        yield from (one(*job) for job in jobs)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")  # one thread a process, which a fork could not be told any more
    with ProcessPoolExecutor(n_processes, mp_context=context) as pool:
        for future in as_completed([pool.submit(one, *job) for job in jobs]):
            yield future.result()


Curve = list[Arrival]


def format_trials(rows: dict[int, list[Curve]], border: float, totals: Sequence[int]) -> str:
    """Markdown table at equal trials: means over seeds, and the standard deviation of the hypervolume.

    Args:
        rows: By number of workers, a search a seed; one worker first.
        border: Log loss where the region of interest ends.
        totals: Trials of a search.
    """
    lines = [
        "| trials | workers | time, of one worker's | best log loss | hypervolume in the region |",
        "|---|---|---|---|---|",
    ]
    for total in totals:
        cut = {
            n_workers: [[one for one in curve if one.ask < total] for curve in curves]
            for n_workers, curves in rows.items()
        }
        alone_s = _mean([curve[-1].at_s for curve in next(iter(cut.values()))])
        for n_workers, curves in cut.items():
            best, volumes = np.array([measure(curve, border) for curve in curves]).T
            share = _mean([max(one.at_s for one in curve) for curve in curves]) / alone_s
            volume = f"{volumes.mean():.4f} ± {volumes.std():.4f}"
            lines.append(f"| {total} | {n_workers} | 1/{1 / share:.1f} | {best.mean():.3f} | {volume} |")
    return "\n".join(lines)


def format_times(rows: dict[int, list[Curve]], border: float) -> str:
    """Markdown table at equal time: mean best log loss and hypervolume at shares of the time of one worker.

    Args:
        rows: By number of workers, a search a seed; one worker first.
        border: Log loss where the region of interest ends.
    """
    alone = next(iter(rows.values()))
    whole_s = _mean([curve[-1].at_s for curve in alone])
    goal = _mean([measure(curve, border)[1] for curve in alone])
    marks = " | ".join("1" if share == 1 else f"1/{1 / share:.0f}" for share in SHARES)
    lines = [f"| workers | {marks} | reaches {goal:.4f} at |", "|" + "---|" * (len(SHARES) + 2)]
    for n_workers, curves in rows.items():
        found = [_at(curves, share * whole_s, border) for share in SHARES]
        cells = [
            f"{volume:.4f}, {best:.3f}" if at_end else f"{volume:.4f}, {best:.3f} …" for best, volume, at_end in found
        ]
        lines.append(f"| {n_workers} | {' | '.join(cells)} | {_reached(curves, goal, whole_s, border)} |")
    return "\n".join(lines)


def _at(curves: list[Curve], at_s: float, border: float) -> tuple[float, float, bool]:
    found = np.array([measure([one for one in curve if one.at_s <= at_s], border) for curve in curves])
    return (*found.mean(axis=0).tolist(), any(curve[-1].at_s > at_s for curve in curves))


def _reached(curves: list[Curve], goal: float, whole_s: float, border: float) -> str:
    """First share of one worker's time, in steps of a fiftieth of their own, with a mean hypervolume of the goal."""
    last_s = max(curve[-1].at_s for curve in curves)
    for at_s in np.linspace(0, last_s, 51)[1:]:
        if _at(curves, at_s, border)[1] >= goal:
            return f"1/{whole_s / at_s:.1f}"
    return "not in these trials"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=_counts, default=[1, 2, 8, 32, 100], help="one worker first")
    parser.add_argument("--trials", type=int, default=max(TOTALS), help="of each search")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--ask-seconds", type=float, default=0.2, help="of the coordinator, for a proposal")
    parser.add_argument("--keep", type=Path, default=Path("scaling.jsonl"), help="file of what is done")
    parser.add_argument("--processes", type=int, default=count_processors())
    options = parser.parse_args()
    run_missing(options)
    done, border = read_rows(options.keep), find_border()
    rows = {
        n_workers: [done[key_of(n_workers, seed, options.trials)] for seed in range(options.seeds)]
        for n_workers in options.workers
    }
    totals = [total for total in TOTALS if total < options.trials] + [options.trials]
    print(f"{made_by()}; {machine()}; {options.seeds} seeds; region of interest: log loss below {border:.3f}\n")
    print(format_trials(rows, border, totals))
    print(f"\nHypervolume and best log loss; … while trainings go on\n\n{format_times(rows, border)}")


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
