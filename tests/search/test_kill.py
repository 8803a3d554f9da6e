"""Real processes, killed with SIGKILL at random moments and resumed."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nas_asc.study import TrialRecord, load_card, load_records, load_weights, trial_dir

ROOT = Path(__file__).parents[2]


def start(folder: Path, cache: Path, n_trials: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.search.run_tiny", str(folder), str(cache), str(n_trials)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def run_and_kill(folder: Path, cache: Path, n_trials: int, *, after_s: float) -> list[str]:
    """What a process said that was killed some time after its first training began."""
    with start(folder, cache, n_trials) as process:
        first = process.stdout.readline()
        assert first.startswith("start"), first
        try:
            rest, _ = process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            rest, _ = process.communicate()
        assert "done" not in rest, "the search ended before it was killed: give it more trials"
    return [line for line in rest.splitlines() if line.startswith("end")]


def run_to_the_end(folder: Path, cache: Path, n_trials: int) -> list[str]:
    with start(folder, cache, n_trials) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert said.endswith("done\n")
    return [line for line in said.splitlines() if line.startswith("end")]


def assert_complete(folder: Path, n_trials: int, announced: list[str]) -> list[TrialRecord]:
    """What must hold of a study whatever happened to it."""
    with sqlite3.connect(folder / "study.db") as connection:
        states = [state for (state,) in connection.execute("SELECT state FROM trials")]
    assert len(states) == n_trials
    assert set(states) <= {"COMPLETE", "FAIL"}
    records = load_records(folder)
    assert [record.number for record in records] == list(range(n_trials))
    keys = [record.key for record in records]
    assert len(set(keys)) == n_trials
    for line in announced:
        _, number, key = line.split()
        assert keys[int(number)] == key, "a finished trial was lost or made again"
    assert len({line.split()[1] for line in announced}) == len(announced), "a trial was announced twice"
    for record in records:
        path = trial_dir(folder, record.number)
        assert (path / "metrics.json").stat().st_size
        assert not record.is_complete or load_weights(path)
    assert sorted(int(path.name) for path in (folder / "trials").iterdir()) == list(range(n_trials))
    assert not list(folder.glob(".partial*"))
    assert load_card(folder)
    return records


def kill_and_resume(tmp_path: Path, *, n_kills: int, n_trials: int, seed: int) -> None:
    rng = random.Random(seed)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced = []
    for _ in range(n_kills):
        announced += run_and_kill(folder, cache, n_trials, after_s=rng.uniform(0.0, 0.5))
    announced += run_to_the_end(folder, cache, n_trials)
    records = assert_complete(folder, n_trials, announced)
    run_to_the_end(tmp_path / "whole", cache, n_trials)
    whole = load_records(tmp_path / "whole")
    assert [record.key for record in whole] == [record.key for record in records]
    assert [record.seed for record in whole] == [record.seed for record in records]


def test_a_search_killed_three_times_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=3, n_trials=24, seed=0)


@pytest.mark.slow
def test_a_search_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=110, seed=1)
