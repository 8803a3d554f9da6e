"""Real processes, killed with SIGKILL at random moments and resumed."""

import multiprocessing
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from nas_asc.evaluation import StageCheckpoint
from nas_asc.propose import Screen, build_proposer
from nas_asc.search import trial_seed
from nas_asc.study import (
    Ask,
    TrialRecord,
    checkpoint_name,
    load_checkpoint,
    load_pending,
    load_predictions,
    load_records,
    load_refit_card,
    load_repeats,
    load_weights,
    trial_dir,
)
from tests.search import run_tiny, tiny

# one clean process imports torch, and every search is a fork of it: a process of its own, started in milliseconds
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.search.run_tiny"])
Said = list[tuple[str, int, str]]
PLAIN = {}
RUNGS = {"epochs": 5, "rungs": (0.2, 0.6), "eta": 2.0}


def run_process(
    folder: Path,
    cache: Path,
    n: int,
    *,
    changes: dict[str, object] = PLAIN,
    kill_after: float | None = None,
    target: Callable[..., None] = run_tiny.main,
) -> Said:
    """What a process said until its end, or until it was killed after so many words of it.

    A half word is half the time that the word before took: on a fast machine the kill comes as much sooner.
    """
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=target, args=(theirs, folder, cache, n, changes))
    process.start()
    theirs.close()
    said = [ours.recv()]
    if kill_after is not None:
        said += _hear(ours, kill_after)
        process.kill()
    process.join()
    try:
        while True:
            said.append(ours.recv())
    except EOFError:
        return said


def _hear(pipe: Connection, n_words: float) -> Said:
    """The next words of a process, as many as that, and then a part of the time that one more takes."""
    said, heard = [], [time.monotonic()]
    for _ in range(int(n_words)):
        try:
            said.append(pipe.recv())
        except EOFError:
            break
        heard.append(time.monotonic())
    time.sleep((n_words % 1) * (heard[-1] - heard[-2] if len(heard) > 1 else 0.0))
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
        assert not record.is_stopped or StageCheckpoint.from_bytes(load_checkpoint(folder, record))
    assert sorted(int(path.name) for path in (folder / "trials").iterdir()) == list(range(n_trials))
    assert not list(folder.glob(".partial*"))
    assert load_refit_card(folder)
    return records


def checkpoints_of(record: TrialRecord) -> list[str]:
    return [checkpoint_name(record.rungs[-1].epochs)] if record.is_stopped else []


def kill_and_resume(
    tmp_path: Path, *, n_kills: int, n_trials: int, most_words: float, changes: dict[str, object] = PLAIN
) -> list[TrialRecord]:
    rng = random.Random(n_kills)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced: Said = []
    for _ in range(n_kills):
        said = run_process(folder, cache, n_trials, changes=changes, kill_after=rng.uniform(0, most_words))
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
    kill_and_resume(tmp_path, n_kills=3, n_trials=16, most_words=10)


def test_a_search_with_rungs_killed_three_times_loses_nothing(tmp_path):
    records = kill_and_resume(tmp_path, n_kills=3, n_trials=14, most_words=10, changes=RUNGS)
    assert {record.state for record in records} >= {"complete", "stopped"}
    assert {len(record.rungs) for record in records} >= {1, 2}


@pytest.mark.slow
def test_a_search_with_rungs_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=100, most_words=9, changes=RUNGS)


@pytest.mark.slow
def test_a_search_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=120, most_words=11)


def test_finalists_killed_at_random_moments_are_trained_once_and_alike(tmp_path):
    rng, n_seeds = random.Random(1), 8
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    run_process(folder, cache, 6)
    shutil.copytree(folder, tmp_path / "whole")
    for _ in range(3):
        run_process(folder, cache, n_seeds, kill_after=rng.uniform(0, 5), target=run_tiny.train_again)
        before = {(each.number, each.index): each for each in load_repeats(folder)}
    assert run_process(folder, cache, n_seeds, target=run_tiny.train_again)[-1][0] == "done"
    repeats = load_repeats(folder)
    assert all(before.get((each.number, each.index), each) == each for each in repeats), "one was trained twice"
    run_process(tmp_path / "whole", cache, n_seeds, target=run_tiny.train_again)
    whole = load_repeats(tmp_path / "whole")
    assert [(each.number, each.index, each.seed, each.scores) for each in whole] == [
        (each.number, each.index, each.seed, each.scores) for each in repeats
    ]
    assert len(repeats) == n_seeds * len({each.number for each in repeats})
    assert all(len(load_predictions(folder, each).losses) == 16 for each in repeats)
    assert not list(folder.glob(".partial*"))


def assert_as_proposed(records: list[TrialRecord], cache: Path) -> None:
    """Every trial is what its proposal proposes again, of what its record says that it knew."""
    prepared = tiny.prepare(cache)
    config = tiny.ask(prepared, sampler="random")
    by_ask = {record.ask: record for record in records}
    assert sorted(by_ask) == list(range(len(records)))
    for record in records:
        asked = record.asked or Ask(index=record.number, n_known=record.number)
        proposer = build_proposer(Screen(tiny.space, prepared.task, budget=tiny.BUDGET), config)
        avoid = {by_ask[other].key for other in asked.pending}
        assert proposer.propose(asked.index, records[: asked.n_known], avoid=avoid).design.key == record.key
        assert record.seed == trial_seed(config.seed, record.ask)


def kill_workers_and_resume(
    tmp_path: Path, *, n_kills: int, n_trials: int, most_words: float, changes: dict[str, object] = PLAIN
) -> list[TrialRecord]:
    """Two workers, killed now and then; their coordinator killed too, and the search resumed."""
    rng = random.Random(n_kills)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced: Said = []
    for kill in range(n_kills + 1):
        after = rng.uniform(1, most_words) if kill < n_kills else None
        announced += run_process(
            folder,
            cache,
            n_trials,
            changes={"n_workers": 2, "murders": kill, **changes},
            kill_after=after,
            target=run_tiny.main_with_workers,
        )
    assert announced[-1][0] == "done"
    assert any(said[0] == "kill" for said in announced)
    records = assert_complete(folder, n_trials, announced)
    assert not (folder / "pending.json").exists()
    twice = [record for record in records if record.reason is not None and "workers died" in record.reason]
    assert len(twice) <= 3
    return records


@pytest.mark.slow
def test_a_search_whose_workers_and_coordinator_are_killed_loses_nothing(tmp_path):
    records = kill_workers_and_resume(tmp_path, n_kills=3, n_trials=40, most_words=30)
    assert_as_proposed(records, tmp_path / "cache")


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 5])
def test_ctrl_c_is_for_the_parent_alone(tmp_path, epoch):
    cache = tmp_path / "cache"
    cache.mkdir()
    said = run_process(tmp_path / "tiny", cache, 9, changes={"epoch": epoch}, target=run_tiny.main_interrupted)
    records, left = load_records(tmp_path / "tiny"), load_pending(tmp_path / "tiny")
    assert said[-1] == ("interrupt", len(records), "")
    assert (cache / "printed").read_text() == ""
    assert len(left) == 2
    assert not {each.asked.index for each in left} & {record.ask for record in records}
    changes = {"n_workers": 2, "murders": 0}
    said = run_process(tmp_path / "tiny", cache, 9, changes=changes, target=run_tiny.main_with_workers)
    assert said[-1][0] == "done"
    records = load_records(tmp_path / "tiny")
    by_ask = {record.ask: record.values for record in records}
    assert all(by_ask[each.asked.index] == each.values for each in left)
    assert_as_proposed(records, cache)


@pytest.mark.slow
def test_a_search_with_rungs_whose_workers_and_coordinator_are_killed_loses_nothing(tmp_path):
    records = kill_workers_and_resume(tmp_path, n_kills=3, n_trials=24, most_words=30, changes=RUNGS)
    assert {record.state for record in records} >= {"complete", "stopped"}
    assert {len(record.rungs) for record in records} >= {1, 2}
