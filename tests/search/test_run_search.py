import json
import os
import signal
import time
from dataclasses import replace

import numpy as np
import optuna
import pytest
import torch

from nas_asc.budget import Budget
from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.evaluation import Speed, Worker
from nas_asc.handover import evaluate_study
from nas_asc.metrics import score_predictions
from nas_asc.plan import plan_time
from nas_asc.prediction import ModelFile
from nas_asc.search import SilentListener
from nas_asc.study import front_of, load_config, load_records, load_refit_card, load_weights, refit_dir, trial_dir
from nas_asc.training import EpochRow
from tests.clocks import ManualClock
from tests.search.tiny import BUDGET, SteadyWorker, ask, prepare, run, space, worker


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def studied(tmp_path_factory, prepared):
    """A finished search of 14 trials, and what its listener heard."""
    folder, heard = tmp_path_factory.mktemp("studies") / "tiny", Recorder()
    result = run(ask(prepared), space, prepared, n_trials=14, folder=folder, listener=heard)
    return result, heard


class Recorder(SilentListener):
    def __init__(self):
        self.started, self.epochs, self.ended, self.fronts, self.notes = [], [], [], [], []

    def on_trial_start(self, number, design, cost):
        self.started.append((number, design.key))

    def on_epoch(self, number, row, n_epochs):
        assert isinstance(row, EpochRow)
        self.epochs.append((number, row.epoch, n_epochs))

    def on_trial_end(self, record, front):
        self.ended.append(record)
        self.fronts.append(list(front))

    def on_note(self, text):
        self.notes.append(text)


def outcomes(records):
    """All that must not depend on time."""
    return [replace(record, seconds=0.0) for record in records]


def test_a_search_ends_at_its_total_within_the_budget(studied):
    result, _ = studied
    assert result.stopped_by == "trials"
    assert [record.number for record in result.records] == list(range(14))
    assert all(BUDGET.fits(record.cost) for record in result.records)
    assert len({record.key for record in result.records}) == 14


def test_the_listener_hears_of_every_trial(studied):
    result, heard = studied
    assert heard.started == [(record.number, record.key) for record in result.records]
    assert heard.ended == list(result.records)
    complete = [record.number for record in result.records if record.is_complete]
    assert [epoch for epoch in heard.epochs if epoch[1] == 2][: len(complete)] == [(n, 2, 2) for n in complete]
    assert heard.fronts[-1] == front_of(result.records, result.config.objectives)


def test_a_search_begins_with_the_guess_and_the_shrunk_system(studied):
    result, _ = studied
    assert [record.origin for record in result.records[:2]] == ["guess", "system large, shrunk"]
    assert result.records[0].values["width"] == 4


def test_the_records_on_disk_are_those_of_the_search(studied):
    result, _ = studied
    assert load_records(result.folder) == list(result.records)


def test_optuna_reads_the_same_study(studied):
    result, _ = studied
    study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{result.folder / 'study.db'}")
    assert study.metric_names == ["log_loss", "macs", "int8_bytes"]
    trials = study.trials
    assert [trial.user_attrs["record"]["key"] for trial in trials] == [record.key for record in result.records]
    for trial, record in zip(trials, result.records, strict=True):
        assert trial.state.is_finished()
        assert trial.params == record.values
        assert tuple(trial.values or ()) == record.objectives
        elapsed = (trial.datetime_complete - trial.datetime_start).total_seconds()
        assert elapsed == pytest.approx(record.seconds, abs=1e-3)
    front = {trial.number for trial in study.best_trials}
    assert front == {record.number for record in front_of(result.records, result.config.objectives)}


def test_every_trial_has_its_files(studied):
    result, _ = studied
    for record in result.records:
        path = trial_dir(result.folder, record.number)
        assert (path / "architecture.txt").read_text().strip() == record.architecture.strip()
        assert json.loads((path / "metrics.json").read_text())["key"] == record.key
        if record.is_complete:
            assert len((path / "curve.csv").read_text().splitlines()) == 3
            assert load_weights(path)


def test_the_study_records_what_was_asked(studied, prepared):
    result, _ = studied
    config = load_config(result.folder)
    assert config == result.config
    assert config.space_digest == space.digest
    assert config.classes == prepared.data_set.classes
    assert config.versions["optuna"] == optuna.__version__
    for record in result.records:
        costs = record.objectives[1:]
        assert all(cost <= limit for cost, limit in zip(costs, config.reference_point[1:], strict=False))


def test_the_recommended_network_is_trained_once_more(studied):
    result, _ = studied
    card = load_refit_card(result.folder)
    assert result.is_refitted
    assert card["number"] == result.recommended.number
    assert card["n_clips"] == 48
    again, trial = (load_weights(path) for path in (refit_dir(result.folder), trial_dir(result.folder, card["number"])))
    assert again.keys() == trial.keys()
    assert any(not np.array_equal(again[name], trial[name]) for name in trial)


def test_the_last_training_is_as_long_as_asked(tmp_path, prepared):
    config, heard = ask(prepared, final_length=2.5), Recorder()
    folder = tmp_path / "tiny"
    result = run(config, space, prepared, n_trials=2, folder=folder, listener=heard)
    number, last = result.recommended.number, 5  # a trial trains for two epochs
    assert heard.epochs[-last:] == [(number, epoch, last) for epoch in range(1, last + 1)]
    assert {n_epochs for _, _, n_epochs in heard.epochs[:-last]} == {2}
    assert load_refit_card(folder)["final_length"] == load_config(folder).final_length == 2.5
    plans = [plan_time(None, prepared, n_seeds=1, refits=True, final_length=length) for length in (1.0, 2.5)]
    assert plans[1].refit_s(10.0) == pytest.approx(2.5 * plans[0].refit_s(10.0))


@pytest.mark.parametrize("length", [0.5, 101.0, float("nan")])
def test_a_last_training_shorter_than_a_trial_is_refused(prepared, length):
    with pytest.raises(StudyError, match="`final_length` must be auto, or from 1 to 100, but got"):
        ask(prepared, final_length=length)


def test_the_test_clips_are_scored_by_the_evaluation_alone(studied, prepared):
    result, _ = studied
    final = evaluate_study(result.folder, worker(prepared))
    assert final.is_refit
    assert final.scores.n_clips == final.file_scores.n_clips == 16
    trial = evaluate_study(result.folder, worker(prepared), number=0)
    test = prepared.test_clips(trial.record.log_mel)
    file = ModelFile(result.folder / "trials" / "0" / "int8.onnx")
    found = file.probabilities(np.asarray(test.clips.features, dtype=np.float32))
    found = found.astype(np.float32)  # as a network's own
    assert trial.file_scores == score_predictions(test.labels, found, test.devices)
    assert not trial.is_refit
    assert trial.record.number == 0


def test_no_search_reads_a_test_clip(tmp_path):
    prepared = prepare(tmp_path / "cache")
    read = []
    synthesise = prepared.data_set.synthesise
    watched = replace(prepared.data_set, synthesise=lambda row: (read.append(int(row)), synthesise(row))[1])
    prepared = type(prepared)(watched, prepared.split, cache_dir=tmp_path / "cache")
    run(ask(prepared), space, prepared, n_trials=2, folder=tmp_path / "tiny")
    assert set(read) <= set(range(48))


def test_a_resumed_search_is_the_search_it_would_have_been(tmp_path, prepared, studied):
    whole, _ = studied
    for total in (3, 9, 14):
        result = run(ask(prepared), space, prepared, n_trials=total, folder=tmp_path / "tiny", refit=False)
        assert len(result.records) == total
        assert not result.is_refitted
    assert outcomes(result.records) == outcomes(whole.records)


def test_a_study_says_what_it_trains_on_and_goes_on_elsewhere_only_if_that_is_accepted(tmp_path, prepared):
    folder, asked = tmp_path / "elsewhere", ask(prepared)
    exact, rounded = (Worker(prepared, precision=precision) for precision in (torch.float32, torch.bfloat16))
    run(asked, space, prepared, n_trials=1, folder=folder, refit=False, who=exact)
    assert (load_config(folder).torch_device, load_config(folder).precision) == ("cpu", "float32")
    with pytest.raises(StudyError, match=r"cpu in float32, now cpu in bfloat16\)\..*`accepted=..device..`"):
        run(asked, space, prepared, n_trials=2, folder=folder, refit=False, who=rounded)
    run(asked, space, prepared, n_trials=2, folder=folder, refit=False, who=rounded, accepted=["device"])
    assert load_config(folder).precision == "bfloat16"
    assert [record.precision for record in load_records(folder)] == ["float32", "bfloat16"]


def test_a_met_total_trains_nothing_more(studied, prepared):
    result, _ = studied
    card = (refit_dir(result.folder) / "card.json").stat().st_mtime_ns
    heard = Recorder()
    again = run(ask(prepared), space, prepared, n_trials=14, folder=result.folder, listener=heard)
    assert again.records == result.records
    assert heard.started == heard.notes == []
    assert (refit_dir(result.folder) / "card.json").stat().st_mtime_ns == card


@pytest.mark.parametrize("moment", ["start", "epoch", "end"])
def test_an_interrupt_keeps_what_is_finished(tmp_path, prepared, moment):
    class Impatient(SilentListener):
        def on_trial_start(self, number, design, cost):
            self.interrupt(number, "start")

        def on_epoch(self, number, row, n_epochs):
            self.interrupt(number, "epoch")

        def on_trial_end(self, record, front):
            self.interrupt(record.number, "end")

        def interrupt(self, number, where):
            if (number, where) == (2, moment):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)

    result = run(
        ask(prepared),
        space,
        prepared,
        n_trials=5,
        folder=tmp_path / "tiny",
        listener=Impatient(),
    )
    assert result.stopped_by == "interrupt"
    assert len(result.records) == (3 if moment == "end" else 2)
    assert load_records(tmp_path / "tiny") == list(result.records)
    assert not result.is_refitted
    end = run(ask(prepared), space, prepared, n_trials=5, folder=tmp_path / "tiny")
    assert len(end.records) == 5
    assert end.is_refitted


class Ticking(Recorder):
    """A listener with a clock by which every epoch takes a second."""

    def __init__(self):
        super().__init__()
        self.clock = ManualClock()

    def on_epoch(self, number, row, n_epochs):
        super().on_epoch(number, row, n_epochs)
        self.clock.seconds += 1


@pytest.mark.parametrize("timeout_s", [6, 9, 20])
def test_a_timeout_ends_a_search_in_time_with_its_last_training(tmp_path, prepared, timeout_s):
    ticking = Ticking()
    who = SteadyWorker(prepared, epoch_s=1.0, clock=ticking.clock)
    result = run(
        ask(prepared),
        space,
        prepared,
        timeout_s=timeout_s,
        folder=tmp_path / "tiny",
        listener=ticking,
        who=who,
        clock=ticking.clock,
    )
    assert result.stopped_by == "timeout"
    assert ticking.clock.seconds <= timeout_s
    assert result.records
    assert result.is_refitted


def test_a_trial_for_which_there_is_no_time_gives_way_to_a_shorter_one(tmp_path, prepared):
    asked = []

    class Slow(Worker):
        """The first network that it measures would take for ever."""

        def measure_speed(self, design, *, n_steps=3):
            asked.append(design.key)
            return Speed(1e6 if design.key == asked[0] else 0.0)

    folder, who = tmp_path / "tiny", Slow(prepared)
    result = run(ask(prepared), space, prepared, n_trials=1, timeout_s=600, folder=folder, who=who)
    assert result.stopped_by == "trials"
    assert [record.key for record in result.records] == asked[-1:] != asked[:1]


def test_a_timeout_too_short_for_one_trial_says_so(tmp_path, prepared):
    who, clock = SteadyWorker(prepared, epoch_s=1.0), ManualClock()
    with pytest.raises(StudyError, match=r"`timeout_s` must leave time for one trial, which takes about 2 s, and"):
        run(ask(prepared), space, prepared, timeout_s=2, folder=tmp_path / "tiny", who=who, clock=clock)


def test_no_further_network_is_measured_when_the_time_is_over(tmp_path, prepared):
    clock, measured = ManualClock(), []

    class Busy(Worker):
        """Beside other programs, even a few steps take a minute."""

        def measure_speed(self, design, *, n_steps=3):
            measured.append(design.key)
            clock.seconds += 60
            return Speed(1e6)

    who = Busy(prepared, clock=clock)
    with pytest.raises(StudyError, match=r"`timeout_s` must leave time for one trial"):
        run(ask(prepared), space, prepared, timeout_s=100, folder=tmp_path / "tiny", who=who, clock=clock)
    assert clock.seconds <= 100 + 60
    assert measured


def test_a_search_without_end_is_refused(tmp_path, prepared):
    with pytest.raises(StudyError, match="`n_trials` or `limit` must be given"):
        run(ask(prepared), space, prepared, folder=tmp_path / "tiny")


def test_a_budget_that_nothing_fits_is_named(tmp_path, prepared):
    config = ask(prepared, budget=Budget(max_params=5))
    with pytest.raises(NothingFitsError, match=r"no candidate of space 'tiny' fits the budget: parameters <= 5"):
        run(config, space, prepared, n_trials=2, folder=tmp_path / "tiny")


def test_a_search_of_a_space_that_is_used_up_ends(tmp_path, prepared):
    few = Budget(max_params=50)
    result = run(
        ask(prepared, budget=few),
        space,
        prepared,
        n_trials=500,
        folder=tmp_path / "tiny",
        refit=False,
    )
    assert result.stopped_by == "exhausted"
    assert 0 < len(result.records) < 100


def test_the_mode_best_has_one_objective_in_the_database(tmp_path, prepared):
    result = run(
        ask(prepared, mode="best"),
        space,
        prepared,
        n_trials=12,
        folder=tmp_path / "tiny",
        refit=False,
    )
    study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{tmp_path / 'tiny' / 'study.db'}")
    assert study.metric_names == ["log_loss"]
    assert study.best_value == result.recommended.scores.log_loss
    assert len(result.recommended.objectives) == 3


def test_evaluation_of_a_trial_that_is_not_there_is_named(studied, prepared):
    result, _ = studied
    with pytest.raises(StudyError, match=r"'tiny' has no complete trial 99\. The complete ones are 0, "):
        evaluate_study(result.folder, worker(prepared), number=99)


def test_evaluation_with_other_data_is_refused(studied, tmp_path):
    result, _ = studied
    with pytest.raises(StudyError, match="'tiny' was made with other data"):
        evaluate_study(result.folder, worker(prepare(tmp_path, digest="others")))


class Small:
    """A strategy of one's own: every width of the space from the smallest up."""

    def __init__(self, screen, config):
        self._screen = screen
        self._widths = (4, 6, 8)

    def propose(self, number, records, *, avoid=(), running=()):
        values = {"depth": 1, "kernel_size": 3, "activation": "relu", "learning_rate": 0.01}
        if number == len(self._widths):
            return None
        candidate = self._screen.space.candidate(width=self._widths[number], **values)
        return self._screen.admit(candidate, origin="small", seen=avoid)


def test_a_strategy_of_ones_own_may_propose(prepared, tmp_path):
    folder = tmp_path / "own"
    result = run(ask(prepared), space, prepared, n_trials=9, folder=folder, refit=False, build=Small)
    assert result.stopped_by == "exhausted"
    assert [record.origin for record in result.records] == ["small"] * 3
    assert [record.values["width"] for record in result.records] == [4, 6, 8]
