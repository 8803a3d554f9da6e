"""How long a proposal takes as a study grows, for every sampler, and how long it takes to keep a trial.

Run with `OMP_NUM_THREADS=1 python -m tests.benchmarks.bench_ask [--space SPACE] [--samplers gp,tpe] [--sizes
100,1000,5000]`: one core (more would be counted as if each did all of the work, while they wait for one another). No
training: scores are made up. Times are seconds of the processor, which other programs do not lengthen. "resumed" is
the first proposal of a process that has just read the study, "next" the median of those that follow, and the exponent
is the slope of its logarithm by that of the number of trials. "kept" is one trial written to the database of that size.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from nas_asc.budget import Budget
from nas_asc.frontend import Task
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.reference_point import reference_point
from nas_asc.search.asks import Asks
from nas_asc.search.database import Database
from nas_asc.space import load_space
from nas_asc.study import OPTUNA_PREFIX, SAMPLERS, StudyConfig, TrialRecord, create_study_dir
from tests.benchmarks.synthetic import MadeUpScore, made_up_record
from tests.study.records import example_config

TASK = Task(n_classes=10, clip_s=1.0)
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
OBJECTIVES = {2: ("log_loss", "macs"), 3: ("log_loss", "macs", "int8_bytes")}
SHOWN = [name for name in SAMPLERS if name != "auto"] + [f"{OPTUNA_PREFIX}TPESampler"]
N_NEXT = 6
TIMEOUT_S = 8 * 3600.0


def make_records(screen: Screen, n: int) -> list[TrialRecord]:
    """Random trials with made-up scores."""
    score, rng, found = MadeUpScore(screen.space, 0), np.random.default_rng(0), {}
    while len(found) < n:
        for proposal in screen.admit_all(screen.space.draw_many(rng, 256), origin="random", n_most=256):
            found.setdefault(proposal.design.key, proposal)
    chosen = list(found.values())[:n]
    return [made_up_record(score, proposal, number, seed=0) for number, proposal in enumerate(chosen)]


def time_asks(
    build: Callable[[list[TrialRecord]], Asks], records: Sequence[TrialRecord], n: int
) -> tuple[float, float]:
    """Seconds of the first proposal after `n` trials, and of those that follow; the first networks grown are over."""
    known, seconds = list(records[:5]), []
    asks = build(known)
    asked, proposal = asks.next()
    while proposal is not None and "fill" in proposal.origin:
        proposal = asks.another(asked)
    known.extend(records[5:n])
    for record in records[n : n + N_NEXT + 1]:
        started = time.process_time()
        asked, proposal = asks.next()
        seconds.append(time.process_time() - started)
        assert proposal is not None
        assert "fill" not in proposal.origin
        asks.begin()
        known.append(record)
        asks.end(asked.index, record)
    return seconds[0], median(seconds[1:])


def build_asks(screen: Screen, config: StudyConfig, known: list[TrialRecord]) -> Asks:
    """The asks of a search in one process, which writes no file."""
    return Asks(Path("nowhere"), screen, build_proposer(screen, config), known, config=config, n_slots=1)


def time_keeps(
    config: StudyConfig, screen: Screen, records: Sequence[TrialRecord], sizes: Sequence[int]
) -> list[float]:
    """Seconds of writing a trial to a database of every size."""
    with tempfile.TemporaryDirectory() as folder:
        create_study_dir(Path(folder) / "study", config)
        database, seconds = Database(Path(folder) / "study", config, screen.space), []
        for record in records[: max(sizes) + 1]:
            started = time.process_time()
            database.append(record)
            seconds.append(time.process_time() - started)
        database.close()
    return [median(seconds[size - 9 : size + 1]) for size in sizes]


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Of the law that time grows by."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(seconds, 1e-5)), 1)[0])


def main() -> None:
    """Print one row a sampler and number of objectives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="cp_mobile")
    parser.add_argument("--samplers", default=",".join(SHOWN))
    parser.add_argument("--sizes", default="100,1000,5000")
    parser.add_argument("--kept", default="100,1000", help="sizes of the database, which is filled first")
    args = parser.parse_args()
    sizes, kept = ([int(size) for size in text.split(",")] for text in (args.sizes, args.kept))
    screen = Screen(load_space(args.space), TASK, budget=BUDGET)
    records = make_records(screen, max(*sizes, *kept) + N_NEXT + 2)
    print(f"{args.space}: {len(screen.space.axes)} axes; seconds at {', '.join(map(str, sizes))} trials")
    print(f"{'sampler':18} objectives  {'resumed':26} {'next':26} exponent")
    for n_objectives, names in OBJECTIVES.items():
        reference = reference_point(names, screen, seed=0)
        for sampler in args.samplers.split(","):
            asked = {"objectives": names, "sampler": sampler, "warm_start": False, "timeout_s": TIMEOUT_S}
            config = example_config(budget=BUDGET, reference_point=reference, **asked)
            build = partial(build_asks, screen, config)
            times = [time_asks(build, records, size) for size in sizes]
            first, then = (" ".join(f"{pair[part]:8.3f}" for pair in times) for part in (0, 1))
            law = exponent(sizes, [pair[1] for pair in times])
            print(f"{sampler:18} {n_objectives:10}  {first:26} {then:26} {law:8.2f}", flush=True)
    found = time_keeps(example_config(budget=BUDGET, objectives=OBJECTIVES[3]), screen, records, kept)
    print("kept:", ", ".join(f"{seconds:.3f} at {size}" for seconds, size in zip(found, kept, strict=True)))


if __name__ == "__main__":
    main()
