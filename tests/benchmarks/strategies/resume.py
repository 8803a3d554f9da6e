"""Searches that are ended at a random trial and gone on with, beside the same searches uninterrupted, on the table.

Run: python -m tests.benchmarks.strategies.resume --seeds 20
The study is written to its database at the interruption and read again from there by another proposer. Prints for each
seed whether any design came twice, and how much the hypervolumes of both differ beside the spread between seeds.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_asc.search.database import Database
from nas_asc.study import StudyConfig, TrialRecord, create_study_dir, load_records
from tests.benchmarks.strategies.compare import build_surrogate
from tests.benchmarks.strategies.contestants import OurSearch, our_config
from tests.benchmarks.strategies.surrogate import Surrogate, build_screen
from tests.benchmarks.strategies.trainings import COMMITTED, EPOCHS
from tests.benchmarks.strategies.world import SpentError, World


def run(
    surrogate: Surrogate, seed: int, *, sampler: str, n_trials: int, stop_at: int | None
) -> tuple[float, list[str]]:
    """True hypervolume of a search, and the keys of its designs.

    Args:
        surrogate: Answers.
        seed: Of the search and of the noise.
        sampler: As `--sampler` has it.
        n_trials: Whole trainings.
        stop_at: Trials after which the search ends, to be gone on with from its database; None never.
    """
    world, config = World(surrogate, build_screen(), n_trials * EPOCHS, seed), our_config(sampler, seed)
    search = OurSearch(world, config)
    if stop_at is not None:
        search.run(stop_at)
        search = OurSearch(world, config, records=store_and_load(search.records, config, world))
    with contextlib.suppress(SpentError):
        search.run()
    return float(world.history(1)[-1]), [record.key for record in search.records]


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
    parser.add_argument("--trainings", type=int, default=60, help="whole trainings of each search")
    parser.add_argument("--sampler", default="auto")
    parser.add_argument("--table", type=Path, default=COMMITTED)
    options = parser.parse_args()
    surrogate = build_surrogate(options.table)
    rows = []
    print("| seed | stopped after | hypervolume | resumed | designs that came twice | same designs |")
    print("|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        stop_at = int(np.random.default_rng(seed).integers(1, options.trainings))
        common = {"sampler": options.sampler, "n_trials": options.trainings}
        whole, keys = run(surrogate, seed, stop_at=None, **common)
        resumed, other_keys = run(surrogate, seed, stop_at=stop_at, **common)
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
