"""Searches that are ended at a random trial and gone on with, beside the same searches uninterrupted, on the table.

Run: python -m tests.benchmarks.strategies.resume --seeds 20
The study is written to its database at the interruption and read again from there by another proposer. Prints for each
seed whether any design came twice, and how much the log losses of both differ beside the spread between seeds.
"""

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_asc.search.database import Database
from nas_asc.study import StudyConfig, TrialRecord, create_study_dir, load_records
from tests.benchmarks.strategies.compare import build_world
from tests.benchmarks.strategies.contestants import OurSearch, our_config
from tests.benchmarks.strategies.trainings import COMMITTED
from tests.benchmarks.strategies.world import World


def run(table: Path, seed: int, *, sampler: str, n_trials: int, stop_at: int | None) -> tuple[float, list[str]]:
    """True log loss of the best of a search, and the keys of its designs.

    Args:
        table: The file of the table.
        seed: Of the search and of the noise.
        sampler: As `--sampler` has it.
        n_trials: Trials of the search.
        stop_at: Trials after which the search ends, to be gone on with from its database; None never.
    """
    world, config = build_world(table, n_seconds=math.inf, seed=seed), our_config(sampler, seed)
    search = OurSearch(world, config)
    if stop_at is not None:
        search.run(stop_at)
        search = OurSearch(world, config, records=store_and_load(search.records, config, world))
    search.run(n_trials)
    return min(world.finished, key=lambda one: one.seen).true, [record.key for record in search.records]


def store_and_load(records: Sequence[TrialRecord], config: StudyConfig, world: World) -> tuple[TrialRecord, ...]:
    """The records as a study's database gives them back."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / config.name
        create_study_dir(folder, replace(config, name=folder.name))
        database = Database(folder, config, world.screen.space)
        for record in records:
            database.append(record)
        database.close()
        return tuple(load_records(folder))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trainings", type=int, default=60, help="trials of each search")
    parser.add_argument("--sampler", default="auto")
    parser.add_argument("--table", type=Path, default=COMMITTED)
    options = parser.parse_args()
    rows = []
    print("| seed | stopped after | log loss | resumed | designs that came twice | same designs |")
    print("|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        stop_at = int(np.random.default_rng(seed).integers(1, options.trainings))
        common = {"sampler": options.sampler, "n_trials": options.trainings}
        whole, keys = run(options.table, seed, stop_at=None, **common)
        resumed, other_keys = run(options.table, seed, stop_at=stop_at, **common)
        n_twice, n_same = len(other_keys) - len(set(other_keys)), len(set(keys) & set(other_keys))
        rows.append((whole, resumed, n_twice))
        print(f"| {seed} | {stop_at} | {whole:.4f} | {resumed:.4f} | {n_twice} | {n_same} of {len(keys)} |", flush=True)
    wholes, resumes, twice = np.array(rows).T
    print(
        f"means {wholes.mean():.4f} and {resumes.mean():.4f}, largest difference {abs(wholes - resumes).max():.4f},"
        f" spread between seeds {wholes.std():.4f}, designs that came twice: {int(twice.sum())}"
    )


if __name__ == "__main__":
    main()
