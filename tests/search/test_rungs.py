"""A search with rungs: what is stopped, what goes on, what it is spared, and what is on disk meanwhile."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import optuna
import pytest
import torch

from nas_asc.errors import StudyError
from nas_asc.evaluation import evaluate_candidate
from nas_asc.propose.history import read_history
from nas_asc.recipe import ClipGrowth
from nas_asc.search import Jobs, SilentListener
from nas_asc.search.database import Database
from nas_asc.study import (
    agreements,
    checkpoint_bytes,
    choose_promotion,
    front_of,
    has_study,
    load_checkpoint,
    load_config,
    load_records,
    load_weights,
    rung_entries,
    trial_dir,
)
from nas_asc.training import Run
from tests.clocks import ManualClock
from tests.search.tiny import SteadyWorker, ask, prepare, run, space, worker

N_TRIALS, EPOCHS, RUNGS, ETA = 14, 5, (0.2, 0.6), 2.0


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


class Recorder(SilentListener):
    def __init__(self):
        self.epochs, self.ended, self.notes = [], [], []

    def on_epoch(self, number, row, n_epochs):
        self.epochs.append((number, row.epoch))
        assert n_epochs == EPOCHS

    def on_trial_end(self, record, front):
        self.ended.append(record)

    def on_note(self, text):
        self.notes.append(text)


def search(prepared, folder, n_trials=N_TRIALS, listener=None, rung_clips=None, **options):
    if rung_clips is None:
        rung_clips = load_config(folder).rung_clips if has_study(folder) else ()
    config = ask(prepared, epochs=EPOCHS, rungs=RUNGS, eta=ETA, rung_clips=rung_clips)
    options = {"n_trials": n_trials, "refit": False} | options
    return run(config, space, prepared, folder=folder, listener=listener, **options)


@pytest.fixture(scope="module", params=[(), (0.25, 0.5)], ids=["all clips", "few clips first"])
def studied(request, tmp_path_factory, prepared):
    """A finished search with rungs after epochs 1 and 3 of 5, and what its listener heard."""
    folder, heard = tmp_path_factory.mktemp("studies") / "tiny", Recorder()
    return search(prepared, folder, listener=heard, rung_clips=request.param), heard


def outcomes(records):
    """All that must not depend on time."""
    return [replace(record, seconds=0.0) for record in records]


def test_every_candidate_begun_is_a_trial_and_none_is_left_between(studied):
    result, _ = studied
    assert result.stopped_by == "trials"
    assert [record.number for record in result.records] == list(range(N_TRIALS))
    assert {record.state for record in result.records} >= {"complete", "stopped"}
    for record in result.records:
        assert [rung.epochs for rung in record.rungs] == [1, 3][: len(record.rungs)]
        assert record.is_failed or record.rungs
        assert (record.scores is not None) == record.is_complete == (len(record.objectives) == 3)
        assert not record.is_complete or len(record.rungs) == 2


def test_no_epoch_is_trained_twice_and_far_fewer_than_without_rungs(studied):
    result, heard = studied
    assert len(set(heard.epochs)) == len(heard.epochs)
    for record in result.records:
        epochs = [epoch for number, epoch in heard.epochs if number == record.number]
        assert epochs == list(range(1, len(epochs) + 1))
        assert record.is_failed or len(epochs) == (EPOCHS if record.is_complete else record.rungs[-1].epochs)
    n_without_failed = sum(not record.is_failed for record in result.records)
    assert len(heard.epochs) < 0.75 * EPOCHS * n_without_failed


def test_a_trial_that_went_on_is_one_that_was_never_stopped(studied, prepared):
    result, _ = studied
    for record in [record for record in result.records if record.is_complete][:2]:
        whole = evaluate_candidate(record.design(), prepared, Run(record.seed))
        weights = load_weights(trial_dir(result.folder, record.number))
        assert all(np.array_equal(weights[name], value) for name, value in whole.network.to_arrays().items())
        assert record.network_scores == whole.scores


def test_the_clips_of_a_rung_are_part_of_each_trials_recipe(studied):
    result, _ = studied
    expected = ClipGrowth((1, 3), (0.25, 0.5)) if result.config.rung_clips else None
    assert {record.recipe.growth for record in result.records} == {expected}
    assert load_config(result.folder).rung_clips == result.config.rung_clips


@pytest.mark.parametrize("clips", [(0.5,), (0.5, 0.25), (0.0, 0.5), (0.5, 1.5)])
def test_clips_of_rungs_must_ascend_one_a_rung(prepared, clips):
    with pytest.raises(StudyError, match="`rung_clips`"):
        ask(prepared, rungs=RUNGS, rung_clips=clips)


def test_the_front_and_the_recommendation_are_of_complete_trials(studied):
    result, _ = studied
    assert result.recommended.is_complete
    assert all(record.is_complete for record in front_of(result.records, result.config.objectives))


def test_nothing_more_is_due(studied, prepared):
    result, _ = studied
    entries = rung_entries(result.records, result.config.objectives)
    assert choose_promotion(entries, eta=ETA) is choose_promotion(entries, eta=ETA, at_end=True) is None
    heard = Recorder()
    again = search(prepared, result.folder, listener=heard)
    assert again.records == result.records
    assert heard.epochs == heard.ended == []


def test_files_are_those_of_the_state(studied):
    result, _ = studied
    sizes = []
    for record in result.records:
        path = trial_dir(result.folder, record.number)
        names = {file.name for file in path.iterdir()}
        assert json.loads((path / "metrics.json").read_text())["state"] == record.state
        if record.is_stopped:
            assert {name for name in names if name.startswith("checkpoint")} == {
                f"checkpoint-{record.rungs[-1].epochs}.pt"
            }
            assert "weights.safetensors" not in names
            assert len((path / "curve.csv").read_text().splitlines()) == 1 + record.rungs[-1].epochs
            sizes.append(len(load_checkpoint(result.folder, record)))
        else:
            assert not any(name.startswith("checkpoint") for name in names)
    assert checkpoint_bytes(result.folder) == sum(sizes) > 0


def test_optuna_reads_stopped_trials_as_pruned_ones(studied):
    result, _ = studied
    assert load_records(result.folder) == list(result.records)
    study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{result.folder / 'study.db'}")
    states = {"complete": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}
    for trial, record in zip(study.trials, result.records, strict=True):
        assert trial.state.name == states[record.state]
        assert trial.params == record.values
        assert tuple(trial.values or ()) == record.objectives
        assert trial.user_attrs["record"]["state"] == record.state
        assert trial.datetime_complete > trial.datetime_start
    front = {trial.number for trial in study.best_trials}
    assert front == {record.number for record in front_of(result.records, result.config.objectives)}


def test_the_rank_correlations_are_told(studied):
    result, heard = studied
    found = agreements(rung_entries(result.records, result.config.objectives))
    told = [note for note in heard.notes if note.startswith("rung ")]
    assert len(told) == len(found) == 2
    assert told[0].startswith("rung 1 to rung 2: ")
    assert told[1].startswith("rung 2 to the end: ")
    assert f"of {found[0].n_trials} trials" in told[0]


def test_rungs_are_kept_with_the_study_and_do_not_change(studied, prepared):
    result, _ = studied
    config = load_config(result.folder)
    assert (config.rungs, config.eta) == (RUNGS, ETA)
    common = {"n_trials": 20, "folder": result.folder}
    asked = replace(config, rungs=(), rung_clips=())
    with pytest.raises(StudyError, match=r"was made with `rungs` 0\.2,0\.6, but got `rungs` "):
        run(asked, space, prepared, **common)
    asked = replace(config, rung_clips=(0.1, 0.2))
    with pytest.raises(StudyError, match=r"was made with `rung_clips` .*, but got `rung_clips` 0\.1,0\.2"):
        run(asked, space, prepared, **common)


@pytest.mark.parametrize("checkpoint", [None, b"", b"damaged"])
def test_a_checkpoint_that_is_lost_costs_time_alone(studied, prepared, checkpoint):
    result, _ = studied
    record = next(record for record in result.records if record.is_complete)
    before = replace(record, state="stopped", scores=None, network_scores=None, file=None, rungs=record.rungs[:1])
    epochs, jobs = [], Jobs(result.config, n_train=prepared.n_train)
    found = worker(prepared).attempt(
        jobs.of_stopped(before, checkpoint), on_epoch=lambda row, n: epochs.append(row.epoch)
    )
    assert found.record.state == "stopped"
    assert found.record.rungs == record.rungs
    assert epochs == [1, 2, 3]
    assert found.record.seconds > before.seconds


@pytest.mark.parametrize("where", ["epoch", "end"])
def test_an_interrupt_while_a_trial_goes_on_keeps_what_it_was(tmp_path, prepared, studied, where):
    whole, _ = studied

    class Impatient(SilentListener):
        def on_epoch(self, number, row, n_epochs):
            if where == "epoch" and row.epoch == 4:
                self.interrupt()

        def on_trial_end(self, record, front):
            if where == "end" and len(record.rungs) == 2:
                self.interrupt()

        def interrupt(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    clips = whole.config.rung_clips
    result = search(prepared, tmp_path / "tiny", listener=Impatient(), rung_clips=clips)
    assert result.stopped_by == "interrupt"
    assert len(result.records) < N_TRIALS
    assert load_records(tmp_path / "tiny") == list(result.records)
    end = search(prepared, tmp_path / "tiny")
    assert outcomes(end.records) == outcomes(whole.records)


class Ticking(SilentListener):
    """A listener with a clock by which every epoch takes a second."""

    def __init__(self):
        self.clock = ManualClock()

    def on_epoch(self, number, row, n_epochs):
        self.clock.seconds += 1


def search_ticking(prepared, folder, **options):
    """A search on a machine on which an epoch takes a second, and the seconds that it took."""
    ticking = Ticking()
    who = SteadyWorker(prepared, epoch_s=1.0, clock=ticking.clock)
    result = search(prepared, folder, listener=ticking, who=who, clock=ticking.clock, **options)
    return result, ticking.clock.seconds


@pytest.mark.parametrize("timeout_s", [7, 9, 12, 40])
def test_a_timeout_leaves_a_complete_trial(tmp_path, prepared, timeout_s):
    result, took_s = search_ticking(prepared, tmp_path / "tiny", n_trials=8, timeout_s=timeout_s)
    assert any(record.is_complete for record in result.records)
    assert took_s <= timeout_s
    assert result.stopped_by == ("trials" if timeout_s == 40 else "timeout")


@pytest.mark.parametrize("kept_s", [0, 3, 12])
def test_time_is_kept_for_what_follows_the_trials(tmp_path, prepared, kept_s):
    result, took_s = search_ticking(
        prepared, tmp_path / "tiny", n_trials=30, timeout_s=25, kept_s=lambda trial_s: kept_s + trial_s
    )
    assert result.stopped_by == "timeout"
    assert took_s <= 25 - kept_s - result.recommended.seconds


def test_one_trial_is_trained_to_its_end(tmp_path, prepared):
    result = search(prepared, tmp_path / "tiny", n_trials=1)
    assert [record.state for record in result.records] == ["complete"]


def test_stopped_trials_stand_in_the_history_as_they_would_probably_have_ended(studied):
    result, _ = studied
    history = read_history(result.records, space, minimised=result.config.objectives)
    known = [record for record in result.records if not record.is_failed]
    assert len(history) == len(known)
    complete = [record for record in known if record.is_complete]
    for record, value in zip(known, history.values[:, 0], strict=True):
        level = len(record.rungs) - 1
        ratios = [each.scores.log_loss / each.rungs[level].scores.log_loss for each in complete]
        expected = (
            record.scores.log_loss if record.is_complete else record.rungs[-1].scores.log_loss * np.median(ratios)
        )
        assert value == pytest.approx(expected)
    assert history.seen == {record.key for record in result.records}


class Breaking(SilentListener):
    """Lets what follows the files of the first trial that goes on fail, as where a process dies."""

    def __init__(self, folder, step):
        self.folder, self.step, self.place = folder, step, None

    def on_trial_start(self, number, design, cost):
        place = trial_dir(self.folder, number)
        if self.place is None and place.exists():
            self.place = place / "checkpoint-0.pt"
            if self.step == "database":
                self.execute("CREATE TRIGGER broken BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'died'); END")
            else:
                self.place.mkdir()  # no file, so it cannot be removed as one

    def mend(self):
        if self.step == "database":
            self.execute("DROP TRIGGER broken")
        else:
            self.place.rmdir()

    def execute(self, command):
        with closing(sqlite3.connect(self.folder / "study.db")) as connection, connection:
            connection.execute(command)


@pytest.mark.parametrize("step", ["database", "checkpoint"])
def test_a_process_that_dies_while_a_trial_is_kept_loses_nothing(tmp_path, prepared, studied, step):
    """Files are written and the database is not, or the database is and the old checkpoint is still there."""
    whole, _ = studied
    breaking = Breaking(tmp_path / "tiny", step)
    with pytest.raises((sqlite3.Error, OSError)):
        search(prepared, tmp_path / "tiny", rung_clips=whole.config.rung_clips, listener=breaking)
    breaking.mend()
    states = [record.state for record in load_records(tmp_path / "tiny")]
    assert "stopped" in states
    end = search(prepared, tmp_path / "tiny")
    assert outcomes(end.records) == outcomes(whole.records)
    for record in end.records:
        kept = [f"checkpoint-{record.rungs[-1].epochs}.pt"] if record.is_stopped else []
        assert [file.name for file in trial_dir(end.folder, record.number).glob("checkpoint-*")] == kept


def test_a_trial_that_is_not_stopped_cannot_go_on(studied):
    result, _ = studied
    record = next(record for record in result.records if record.is_complete)
    database = Database(result.folder, result.config, space)
    try:
        with pytest.raises(StudyError, match=rf"trial {record.number} cannot go on: it is not stopped"):
            database.replace(record)
    finally:
        database.close()
    assert load_records(result.folder) == list(result.records)
