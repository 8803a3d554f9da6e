"""Searches in processes of their own that are killed with SIGKILL and resumed, and what must hold of their study.

Conventions:
    Three ways to die. "coordinator": at a random moment, and its workers end by themselves. "both": all of them at
    once. "workers": one now and then, while the search goes on.
"""

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from nas_asc.evaluation import StageCheckpoint
from nas_asc.propose import Screen, build_proposer
from nas_asc.search import trial_seed
from nas_asc.study import (
    Ask,
    TrialRecord,
    checkpoint_name,
    load_checkpoint,
    load_records,
    load_refit_card,
    load_trial_record,
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
    with_workers: bool = False,
) -> Said:
    """What a process said until its end, or until it was killed after so many words of it.

    A half word is half the time that the word before took, at most until the next one: on a fast machine the kill
    comes as much sooner. Its workers are killed in the same moment where that is asked for; else they are waited for,
    as they end by themselves.
    """
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=target, args=(theirs, folder, cache, n, changes))
    process.start()
    theirs.close()
    said = [ours.recv()]
    if kill_after is not None:
        said += _hear(ours, kill_after)
        if with_workers:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.join()
    said += hear_rest(ours)
    _wait_for_workers(said)
    return said


def hear_rest(pipe: Connection) -> Said:
    """All that a process says until it ends."""
    said: Said = []
    with suppress(EOFError):
        while True:
            said.append(pipe.recv())
    return said


def _wait_for_workers(said: Said) -> None:
    """Until the workers that a process has named are gone."""
    left = {number for kind, number, _ in said if kind == "worker"}
    for _ in range(600):
        left = {pid for pid in left if _is_alive(pid)}
        if not left:
            return
        time.sleep(0.1)
    raise AssertionError(f"workers {left} outlive their coordinator")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] not in "ZX"
    except OSError:
        return False


def _hear(pipe: Connection, n_words: float) -> Said:
    """The next words of a process, as many as that, and then a part of the time that one more takes.

    Where the word before waited for workers to start, the next ones come sooner: the first of them ends the wait.
    """
    said, heard = [], [time.monotonic()]
    for _ in range(int(n_words)):
        try:
            said.append(pipe.recv())
        except EOFError:
            break
        heard.append(time.monotonic())
    pipe.poll((n_words % 1) * (heard[-1] - heard[-2] if len(heard) > 1 else 0.0))
    return said


def assert_nothing_lost(folder: Path, announced: Said) -> list[TrialRecord]:
    """What must hold of a study the moment after its search was killed."""
    records = load_records(folder)
    if (folder / "study.db").exists():
        with closing(sqlite3.connect(folder / "study.db")) as connection:
            states = [state for (state,) in connection.execute("SELECT state FROM trials")]
        assert len(states) == len(records)
        assert set(states) <= {"COMPLETE", "FAIL", "PRUNED"}, "a trial is left running"
    assert [record.number for record in records] == list(range(len(records)))
    keys = [record.key for record in records]
    assert len(set(keys)) == len(keys)
    ended = [said for said in announced if said[0] == "end" or said[0].startswith("rung")]
    assert [key for _, _, key in ended] == [keys[number] for _, number, _ in ended], "a trial was lost, or made again"
    assert len(set(ended)) == len(ended), "a trial ended twice, or was at a rung twice"
    return records


def assert_complete(folder: Path, n_trials: int, announced: Said) -> list[TrialRecord]:
    """What must hold of a study that has reached its total, whatever happened to it."""
    records = assert_nothing_lost(folder, announced)
    assert len(records) == n_trials
    for record in records:
        path = trial_dir(folder, record.number)
        assert load_trial_record(folder, record.number) == record, "files and record differ"
        assert not record.is_complete or load_weights(path)
        assert record.file is None or (path / record.file_name).stat().st_size == record.file.file_bytes
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
        assert_nothing_lost(folder, announced)
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


def assert_as_proposed(records: list[TrialRecord], cache: Path) -> None:
    """Every trial is what its proposal proposes again, of what its record says that it knew."""
    prepared = tiny.prepare(cache)
    config = tiny.ask(prepared, sampler="random")
    by_ask = {record.ask: record for record in records}
    assert sorted(by_ask) == list(range(len(records)))
    for record in records:
        asked = record.asked or Ask(index=record.number, n_known=record.number)
        proposer = build_proposer(Screen(tiny.space, prepared.task, budget=tiny.BUDGET), config)
        running = {by_ask[other].key for other in asked.pending}
        again = proposer.propose(asked.index, records[: asked.n_known], avoid=running, running=running)
        assert again.design.key == record.key
        assert record.seed == trial_seed(config.seed, record.ask)


def kill_workers_and_resume(
    tmp_path: Path,
    *,
    who: str,
    n_kills: int,
    n_trials: int,
    most_words: float = 30,
    changes: dict[str, object] = PLAIN,
    seed: int | None = None,
) -> list[TrialRecord]:
    """Two workers; they, or their coordinator, or all at once, are killed that often, and the search resumed."""
    rng = random.Random(n_kills if seed is None else seed)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced: Said = []
    n_murders = n_kills if who == "workers" else 0
    for kill in range(1 if n_murders else n_kills + 1):
        is_last = n_murders > 0 or kill == n_kills
        announced += run_process(
            folder,
            cache,
            n_trials,
            changes={"n_workers": 2, "murders": (seed or 0, n_murders), **changes},
            kill_after=None if is_last else rng.uniform(1, most_words),
            target=run_tiny.main_with_workers,
            with_workers=who == "both",
        )
        assert is_last or announced[-1][0] != "done", "the search ended before it was killed: give it more trials"
        assert_nothing_lost(folder, announced)
    assert announced[-1][0] == "done"
    assert sum(said[0] == "kill" for said in announced) == n_murders
    records = assert_complete(folder, n_trials, announced)
    assert not (folder / "pending.json").exists()
    twice = [record for record in records if record.reason is not None and "workers died" in record.reason]
    assert len(twice) <= n_murders // 2
    return records


def kill_at_arrivals(
    tmp_path: Path, *, n_kills: int, n_trials: int, changes: dict[str, object] = PLAIN, seed: int | None = None
) -> None:
    """A coordinator with two trainings at a time, killed between two writes of a result that arrives, and resumed."""
    rng = random.Random(n_kills if seed is None else seed)
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    announced: Said = []
    for kill in range(n_kills + 1):
        fatal = rng.randrange(*run_tiny.WRITES) if kill < n_kills else None
        said = run_process(folder, cache, n_trials, changes={"fatal": fatal, **changes}, target=run_tiny.main_fatal)
        assert (said[-1][0] == "done") == (fatal is None)
        announced += said
        assert_nothing_lost(folder, announced)
    records = assert_complete(folder, n_trials, announced)
    assert not (folder / "pending.json").exists()
    if not changes:
        assert_as_proposed(records, cache)
