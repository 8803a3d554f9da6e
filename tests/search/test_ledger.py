"""What is kept when another program holds the database, or when a search ends between a trial's files and its row."""

import os
import signal
import sqlite3
from dataclasses import replace
from functools import partial

import pytest
import torch

from nas_asc.handover import race_leaders, refit_recommended, train_repeats
from nas_asc.search import SilentListener
from nas_asc.study import load_records
from tests.search.tiny import ask, prepare, run, space, worker


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


class Holder(SilentListener):
    """Holds the database from an epoch of a trial on; does what is asked when the search says that it waits.

    Args:
        path: Of the database.
        ask: Trial whose first epoch it waits for.
        then: Called at the first note.
    """

    def __init__(self, path, ask, then):
        self._path, self._ask, self._then = path, ask, then
        self.file = None
        self.notes, self.started = [], []

    def on_trial_start(self, number, design, cost):
        self.started.append(number)

    def on_epoch(self, number, row, n_epochs):
        if number == self._ask and self.file is None:
            self.hold()

    def on_note(self, text):
        self.notes.append(text)
        if len(self.notes) == 1:
            self._then(self)

    def hold(self):
        self.file = sqlite3.connect(self._path, isolation_level=None)
        self.file.execute("BEGIN EXCLUSIVE")

    def release(self):
        self.file.execute("ROLLBACK")
        self.file.close()


RUNGS = {"epochs": 4, "rungs": (0.5,), "eta": 2.0}


@pytest.mark.parametrize("changes", [{}, RUNGS], ids=["whole", "rungs"])
def test_a_search_waits_until_its_database_is_free(tmp_path, prepared, changes):
    holder = Holder(tmp_path / "study.db", 1, Holder.release)
    config = ask(prepared, sampler="random", **changes)
    result = run(config, space, prepared, n_trials=3, folder=tmp_path, listener=holder, refit=False)
    assert result.stopped_by == "trials"
    assert holder.notes[0] == "study.db is locked by another program: waiting until it is free"
    assert load_records(tmp_path) == list(result.records)
    assert [record.number for record in result.records] == [0, 1, 2]


def test_a_search_that_begins_while_its_database_is_held_waits(tmp_path, prepared):
    config, options = ask(prepared, sampler="random"), {"folder": tmp_path, "refit": False}
    run(config, space, prepared, n_trials=1, **options)
    holder = Holder(tmp_path / "study.db", None, Holder.release)
    holder.hold()
    result = run(config, space, prepared, n_trials=2, listener=holder, **options)
    assert holder.notes[0] == "study.db is locked by another program: waiting until it is free"
    assert [record.number for record in result.records] == [0, 1]


def test_what_follows_the_trials_waits_until_the_database_is_free(tmp_path, prepared):
    run(ask(prepared, sampler="random"), space, prepared, n_trials=2, folder=tmp_path, refit=False)
    for train in (partial(train_repeats, n_seeds=2), race_leaders, refit_recommended):
        holder = Holder(tmp_path / "study.db", None, Holder.release)
        holder.hold()
        train(tmp_path, worker(prepared), listener=holder)
        assert holder.notes[0] == "study.db is locked by another program: waiting until it is free"
        assert len(holder.notes) > 1


def test_a_trial_trained_while_the_database_was_held_is_kept_by_the_next_search(tmp_path, prepared):
    holder = Holder(tmp_path / "study.db", 1, lambda self: os.kill(os.getpid(), signal.SIGINT))
    config = ask(prepared, sampler="random")
    ended = run(config, space, prepared, n_trials=3, folder=tmp_path, listener=holder, refit=False)
    assert ended.stopped_by == "interrupt"
    assert len(ended.records) == 1
    holder.release()
    heard = Holder(None, None, None)
    result = run(config, space, prepared, n_trials=3, folder=tmp_path, listener=heard, refit=False)
    assert heard.started == [2]
    whole = run(config, space, prepared, n_trials=3, folder=tmp_path / "whole", refit=False)
    assert outcomes(result.records) == outcomes(whole.records)
    assert load_records(tmp_path) == list(result.records)


def outcomes(records):
    return [replace(record, seconds=0.0) for record in records]


def test_files_of_a_design_that_is_recorded_are_not_taken_up(tmp_path, prepared):
    config = ask(prepared, sampler="random")
    run(config, space, prepared, n_trials=1, folder=tmp_path, refit=False)
    card = (tmp_path / "trials" / "0" / "metrics.json").read_text()
    (tmp_path / "trials" / "1").mkdir()
    (tmp_path / "trials" / "1" / "metrics.json").write_text(card.replace('"number": 0', '"number": 1'))
    result = run(config, space, prepared, n_trials=1, folder=tmp_path, refit=False)
    assert len(result.records) == 1
    assert [path.name for path in (tmp_path / "trials").iterdir()] == ["0"]
