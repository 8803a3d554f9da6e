"""Real processes, killed with SIGKILL at random moments and resumed."""

import multiprocessing
import random
import sqlite3
import time
from pathlib import Path

import pytest

from nas_asc.evaluation import Pause
from nas_asc.study import (
    TrialRecord,
    checkpoint_name,
    load_card,
    load_checkpoint,
    load_records,
    load_weights,
    trial_dir,
)
from tests.search import run_tiny

# one clean process imports torch, and every search is a fork of it: a process of its own, started in milliseconds
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.search.run_tiny"])
Said = list[tuple[str, int, str]]
PLAIN = {}
RUNGS = {"epochs": 5, "rungs": (0.2, 0.6), "eta": 2.0}


def run_process(
    folder: Path, cache: Path, n_trials: int, *, changes: dict[str, object] = PLAIN, kill_after_s: float | None = None
) -> Said:
    """What a process said until its end, or until it was killed some time after its first training began."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=run_tiny.main, args=(theirs, folder, cache, n_trials, changes))
    process.start()
    theirs.close()
    said = [ours.recv()]
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        process.kill()
    process.join(timeout=120)
    try:
        while True:
            said.append(ours.recv())
    except EOFError:
        return said


def assert_complete(folder: Path, n_trials: int, announced: Said) -> list[TrialRecord]:
    """What must hold of a study whatever happened to it."""
    with sqlite3.connect(folder / "study.db") as connection:
        states = [state for (state,) in connection.execute("SELECT state FROM trials")]
    assert len(states) == n_trials
    assert set(states) <= {"COMPLETE", "FAIL", "PRUNED"}
    records = load_records(folder)
    assert [record.number for record in records] == list(range(n_trials))
    keys = [record.key for record in records]
    assert len(set(keys)) == n_trials
    ended = [said for said in announced if said[0] == "end" or said[0].startswith("rung")]
    assert all(keys[number] == key for _, number, key in ended), "a finished trial was lost, or made again"
    assert len(set(ended)) == len(ended), "a trial ended twice, or was at a rung twice"
    for record in records:
        path = trial_dir(folder, record.number)
        assert (path / "metrics.json").stat().st_size
        assert not record.is_complete or load_weights(path)
        assert [file.name for file in path.glob("checkpoint-*")] == checkpoints_of(record)
        assert not record.is_stopped or Pause.from_bytes(load_checkpoint(folder, record))
    assert sorted(int(path.name) for path in (folder / "trials").iterdir()) == list(range(n_trials))
    assert not list(folder.glob(".partial*"))
    assert load_card(folder)
    return records


def checkpoints_of(record: TrialRecord) -> list[str]:
    return [checkpoint_name(record.rungs[-1].epochs)] if record.is_stopped else []


def kill_and_resume(
    tmp_path: Path, *, n_kills: int, n_trials: int, longest_s: float, changes: dict[str, object] = PLAIN
) -> list[TrialRecord]:
    rng = random.Random(n_kills)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced: Said = []
    for _ in range(n_kills):
        said = run_process(folder, cache, n_trials, changes=changes, kill_after_s=rng.uniform(0, longest_s))
        assert said[-1][0] != "done", "the search ended before it was killed: give it more trials"
        announced += said
    announced += run_process(folder, cache, n_trials, changes=changes)
    assert announced[-1][0] == "done"
    records = assert_complete(folder, n_trials, announced)
    run_process(tmp_path / "whole", cache, n_trials, changes=changes)
    whole = load_records(tmp_path / "whole")
    assert [outcome_of(record) for record in whole] == [outcome_of(record) for record in records]
    return records


def outcome_of(record: TrialRecord) -> tuple[object, ...]:
    """All that must not depend on a kill."""
    return record.key, record.seed, record.state, record.scores, record.rungs


def test_a_search_killed_three_times_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=3, n_trials=16, longest_s=0.15)


def test_a_search_with_rungs_killed_three_times_loses_nothing(tmp_path):
    records = kill_and_resume(tmp_path, n_kills=3, n_trials=14, longest_s=0.3, changes=RUNGS)
    assert {record.state for record in records} >= {"complete", "stopped"}
    assert {len(record.rungs) for record in records} >= {1, 2}


@pytest.mark.slow
def test_a_search_with_rungs_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=100, longest_s=0.6, changes=RUNGS)


@pytest.mark.slow
def test_a_search_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=120, longest_s=0.4)
