"""Several trainings at a time: what shares of the cores bring, what a search gains, and how well workers are kept busy.

Run: python -m tests.benchmarks.bench_workers shares [--spaces asc,cp_mobile]
     python -m tests.benchmarks.bench_workers search --size small --workers 2 --seed 0 [--seconds 200] [--folder FOLDER]
     python -m tests.benchmarks.bench_workers table [--folder FOLDER]
     python -m tests.benchmarks.bench_workers sleep [--workers 8] [--jobs 200] [--seconds 10]

"shares" prints what `plan` measures: seconds of an epoch of each guess with each share of the cores, and the trainings
that so many at a time make in the time of one. "search" is one search at equal time, of the scenes and `asc` behind one
small front end, trainings of two epochs, without what follows the trials; its row is kept below the folder with the
share of the processor that it got, and "table" prints all rows, those of less than 90 % left out. "sleep" searches with
made-up scores by workers that sleep: the part of their time that they slept, from the moment when all were at work.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from statistics import mean
from typing import Any

from nas_asc.budget import parse_budget
from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.cores import count_cores
from nas_asc.cost import count_cost
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import Job, PreparedData, Result, Worker
from nas_asc.metrics import Scores
from nas_asc.pareto import hypervolume
from nas_asc.plan import usual_designs
from nas_asc.plan.workers import count_choices
from nas_asc.propose import Screen
from nas_asc.search import Processes, SilentListener, ask_study, run_search
from nas_asc.session import Course, begin_session
from nas_asc.space import load_space
from nas_asc.study import StudyConfig, TrialRecord
from nas_asc.training import prepare_process
from tests.benchmarks.bench_equal_time import write_small_space
from tests.benchmarks.heading import machine, made_by
from tests.benchmarks.processor import read_processor, share_got

_SIZES = {"small": {"params": "8k", "macs": "1M"}, "large": {"params": "128k", "macs": "30M"}}
_EPOCHS = 2  # of each training of "search", so that there are many
_ENOUGH = 0.9
_SLEEP_SPACE = "cp_mobile"


def measure_shares(options: argparse.Namespace) -> None:
    """Print one row a design."""
    data_set = load_data_set(None)
    worker = Worker(PreparedData(data_set, split_data_set(data_set, seed=0)))
    prepare_process()
    n_cores = count_cores()
    counts = count_choices(n_cores, most=n_cores)
    print(f"{made_by()}, {machine()}\n")
    at_once = " | ".join(f"{n} at a time, s an epoch of each" for n in counts)
    print(f"| space | budget | MACs | {at_once} | trainings in the time of one | processor got |")
    print(f"|---|---|---|{'---|' * len(counts)}---|---|")
    for name in options.spaces.split(","):
        space = load_space(name)
        for size, limits in _SIZES.items():
            screen = Screen(space, worker.prepared.task, budget=parse_budget(limits, rules=None, bits=8))
            for design in usual_designs(screen, seed=0):
                before, started = read_processor(), time.monotonic()
                (row,) = worker.measure_shares([design], {n_cores // n for n in counts}, most_s=60.0)
                got = share_got(before, time.monotonic() - started)
                macs = count_cost(design.architecture).macs
                seconds = " | ".join(f"{row[n_cores // n]:.2f}" for n in counts)
                gains = ", ".join(f"{n * row[n_cores] / row[n_cores // n]:.2f}" for n in counts)
                print(f"| {name} | {size} | {macs / 1e6:.2f} M | {seconds} | {gains} | {100 * got:.0f} % |", flush=True)


class _Moments(SilentListener):
    """When trials arrived."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def on_trial_end(self, record: TrialRecord, front: object) -> None:
        self.moments.append(time.monotonic())


def search(options: argparse.Namespace) -> None:
    """Keep the row of one search."""
    folder = Path(options.folder)
    name = f"{options.size}-{options.workers}-{options.seed}"
    if (folder / f"{name}.json").exists():
        return
    shutil.rmtree(folder / name, ignore_errors=True)
    asked = StudyConfig(
        name=name,
        space=str(write_small_space(folder / "small_space.py")),
        budget=parse_budget(_SIZES[options.size], rules=None, bits=8),
        scored="int8",
        seed=options.seed,
        epochs=_EPOCHS,
        n_workers=options.workers,
    )
    moments = _Moments()
    with tempfile.TemporaryDirectory() as cache:
        session = begin_session(asked, root=folder, cache=Path(cache), listener=moments)
        before, started = read_processor(), time.monotonic()
        found = session.search(Course(timeout_s=options.seconds, n_seeds=1, refits=False)).search
        seconds = time.monotonic() - started
    points = [record.objectives for record in found.records if record.is_complete]
    reference = found.config.reference_point
    row = {
        "size": options.size,
        "workers": options.workers,
        "seed": options.seed,
        "seconds": seconds,
        "first_s": moments.moments[0] - started,
        "trials": len(points),
        "log_loss": min(record.scores.log_loss for record in found.records if record.scores is not None),
        "hypervolume": hypervolume(points, reference) / prod(reference),
        "got": share_got(before, seconds),
        "made_by": made_by(),
    }
    (folder / f"{name}.json").write_text(json.dumps(row))
    print(row)


def print_table(options: argparse.Namespace) -> None:
    """Print all rows that got the processor, and their means."""
    rows = [json.loads(path.read_text()) for path in sorted(Path(options.folder).glob("*.json"))]
    rows = [row for row in rows if row["got"] >= options.enough]
    print(f"{made_by()}, {machine()}\n")
    print("| networks | workers | searches | trials an hour | best log loss | hypervolume | processor got |")
    print("|---|---|---|---|---|---|---|")
    for size, n_workers in sorted({(row["size"], row["workers"]) for row in rows}):
        found = [row for row in rows if (row["size"], row["workers"]) == (size, n_workers)]
        means = {key: mean(row[key] for row in found) for key in ("log_loss", "hypervolume", "got")}
        an_hour = 3600 * sum(row["trials"] for row in found) / sum(row["seconds"] for row in found)
        print(
            f"| {size} | {n_workers} | {len(found)} | {an_hour:.0f} | {means['log_loss']:.3f}"
            f" | {means['hypervolume']:.4f} | {100 * means['got']:.0f} % |"
        )


class Sleeper(Worker):
    """A worker whose trainings are sleep, with made-up scores.

    Args:
        prepared: The study's clips.
        seconds: Of a training.
    """

    def __init__(self, prepared: PreparedData, seconds: float) -> None:
        super().__init__(prepared)
        self.seconds = seconds

    def attempt(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT, on_epoch: Any = None) -> Result[Any]:
        """Larger networks score better."""
        time.sleep(self.seconds)
        log_loss = 1.0 + 1.0 / (1.0 + job.record.cost.macs / 3e6)
        scores = Scores(1000, log_loss, 0.5, 0.5, ())
        return Result(record=replace(job.record, state="complete", scores=scores, seconds=self.seconds))


def build_sleeper(cache: Path, seconds: float, on_features: object) -> Sleeper:
    """What a worker's process makes."""
    data_set = load_data_set(None)
    return Sleeper(PreparedData(data_set, split_data_set(data_set, seed=0), cache_dir=cache), seconds)


def sleep(options: argparse.Namespace) -> None:
    """Print how busy sleeping workers were."""
    space, moments = load_space(_SLEEP_SPACE), _Moments()
    n_jobs, n_workers = options.jobs, options.workers
    with tempfile.TemporaryDirectory() as place:
        build = partial(build_sleeper, Path(place) / "cache", options.seconds)
        worker = build(None)
        asked = StudyConfig(
            name="sleep",
            space=_SLEEP_SPACE,
            budget=parse_budget(_SIZES["large"], rules=None, bits=8),
            n_workers=n_workers,
        )
        config = ask_study(asked, space, worker.prepared)
        before, started = read_processor(), time.monotonic()
        with closing(Processes(build, n_workers=n_workers)) as executor:
            run_search(
                config,
                space,
                worker,
                executor=executor,
                n_trials=n_jobs,
                listener=moments,
                folder=Path(place) / "study",
            )
        got = share_got(before, time.monotonic() - started)
    assert len(moments.moments) == n_jobs
    taken = moments.moments[-1] - moments.moments[n_workers - 1]
    linear = (n_jobs - n_workers) * options.seconds / n_workers
    print(
        f"{made_by()}, {machine()}: {n_workers} workers, {n_jobs} jobs that sleep {options.seconds:g} s: {taken:.1f} s"
        f" after the first {n_workers}, {linear / taken:.3f} of linear; processor got {100 * got:.0f} %"
    )


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    shares = commands.add_parser("shares")
    shares.add_argument("--spaces", default="asc,cp_mobile")
    shares.set_defaults(do=measure_shares)
    searching = commands.add_parser("search")
    searching.add_argument("--size", choices=list(_SIZES), default="small")
    searching.add_argument("--workers", type=int, default=2)
    searching.add_argument("--seed", type=int, default=0)
    searching.add_argument("--seconds", type=float, default=200.0)
    searching.set_defaults(do=search)
    table = commands.add_parser("table")
    table.add_argument("--enough", type=float, default=_ENOUGH, help="Share of the processor that a row must have got.")
    table.set_defaults(do=print_table)
    for command in (searching, table):
        command.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "bench-workers"))
    sleeping = commands.add_parser("sleep")
    sleeping.add_argument("--workers", type=int, default=8)
    sleeping.add_argument("--jobs", type=int, default=200)
    sleeping.add_argument("--seconds", type=float, default=10.0)
    sleeping.set_defaults(do=sleep)
    options = parser.parse_args()
    os.makedirs(getattr(options, "folder", "."), exist_ok=True)
    options.do(options)


if __name__ == "__main__":
    main()
