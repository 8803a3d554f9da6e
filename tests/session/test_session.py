"""The whole job in one call: one clock, features computed once, and clips that are never another study's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.data import Split
from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.handover import ensemble_study, evaluate_study, export_study, train_repeats, train_twin
from nas_asc.plan import WorkersForecast
from nas_asc.search import SilentListener, run_search, split_note
from nas_asc.session import Course, Inputs, Session
from nas_asc.study import load_config, load_records, load_refit_card, load_repeats, recommend, save_config
from tests.clocks import ManualClock
from tests.search.tiny import SteadyWorker, ask, prepare, space, worker


class Ticking(SilentListener):
    """A listener with a clock by which every epoch takes a second; notes what it hears."""

    def __init__(self):
        self.clock, self.notes, self.features, self.stages = ManualClock(), [], [], []

    def on_stage(self, stage):
        self.stages.append(stage)

    def on_epoch(self, number, row, n_epochs):
        self.clock.seconds += 1

    def on_note(self, text):
        self.notes.append(text)

    def on_features(self, done, total):
        if done == total:
            self.features.append(total)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def open_session(root, listener, **changes):
    """A session of the tiny space on a machine on which an epoch is measured to take a second."""
    prepared = prepare(root / "cache")
    inputs = Inputs(space, prepared.data_set, prepared.split)
    options = {"folder": root / "tiny", "torch_device": "cpu", "cache": root / "cache", "clock": listener.clock}
    session = Session(ask(prepared, **changes), inputs, listener=listener, **options)
    features = PreparedData(
        prepared.data_set, prepared.split, cache_dir=root / "cache", on_progress=listener.on_features
    )
    session.worker = SteadyWorker(features, epoch_s=1.0, clock=listener.clock)
    return session


@pytest.mark.parametrize("timeout_s", [30.0, 90.0])
def test_trials_repeats_and_refit_end_within_the_time(tmp_path, timeout_s):
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    result = session.search(Course(timeout_s=timeout_s, n_seeds=50))
    assert ticking.clock.seconds <= timeout_s
    assert result.stopped_by == "timeout"
    assert (result.repeats.n_trained > 0) == (timeout_s > 30)  # else two networks cannot race
    assert result.repeats.n_left > 0  # 49 trainings more of each do not fit
    assert result.is_refitted
    assert result.recommended == recommend(session.folder, session.config, load_records(session.folder))
    assert load_refit_card(session.folder)["number"] == result.recommended.number
    assert result.report.is_file()
    assert ticking.stages == ["trials", "repeats", "refit", "report"]


@pytest.mark.parametrize("passed_s", [0.0, 40.0])
def test_the_time_counts_from_where_it_began_once(tmp_path, passed_s):
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    session.began = -passed_s
    assert session.search(Course(timeout_s=90.0)).is_refitted
    assert 0.5 * (90 - passed_s) < ticking.clock.seconds <= 90 - passed_s
    assert session.began is None
    before = ticking.clock.seconds
    session.began = before - passed_s
    repeats = session.repeat(n_seeds=50, timeout_s=60.0)
    assert repeats.n_left > 0
    assert ticking.clock.seconds - before <= 60 - passed_s


def test_trainings_on_another_device_than_the_studys_are_told_or_accepted(tmp_path):
    session = open_session(tmp_path, Ticking())
    course = Course(n_trials=2, n_seeds=1, refits=False)
    session.search(course)
    session.config = replace(load_config(session.folder), torch_device="NVIDIA H200", precision="bfloat16")
    save_config(session.folder, session.config)
    session.repeat(n_seeds=2)
    change = f"NVIDIA H200 in bfloat16, now cpu in {session.worker.precision_name}"
    assert [note for note in session.listener.notes if change in note]
    with pytest.raises(StudyError, match=r"`accepted=..device..`"):
        session.search(replace(course, n_trials=3))
    session.search(replace(course, n_trials=3), accepted=["device"])
    assert load_config(session.folder).torch_device == "cpu"


def test_what_plan_says_of_the_time_is_what_the_search_does(tmp_path):
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    course = Course(timeout_s=100.0, n_seeds=2)
    plan, forecast = session.time_plan(course), session.forecast(course)
    assert forecast.plan == plan
    heard = []

    class Watch(Ticking):
        def on_trial_end(self, record, front):
            heard.append(self.clock.seconds)

    watch = Watch()
    other = open_session(tmp_path / "other", watch)
    result = other.search(course)
    assert result.stopped_by == "timeout"
    assert heard[-1] <= plan.total_s - plan.after_trials_s(result.recommended.seconds)
    assert heard[-1] > 0.8 * plan.trials_s(forecast.mean_trial_s)


class Shares(SteadyWorker):
    """Of a machine on which small networks keep one core busy, or all; what is measured takes three seconds."""

    is_alone = True

    def measure_shares(self, designs, shares, *, most_s):
        self.clock.seconds += most_s
        return [{n: 1.0 if self.is_alone else 8.0 / n for n in shares} for _ in designs]


@pytest.mark.parametrize(("is_alone", "n_workers"), [(True, 4), (False, 1)])
def test_as_many_are_chosen_as_are_fastest_within_the_searchs_time(tmp_path, monkeypatch, is_alone, n_workers):
    monkeypatch.setattr("nas_asc.plan.workers.count_cores", lambda: 4)
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    session.worker = Shares(session.worker.prepared, epoch_s=1.0, clock=ticking.clock)
    session.worker.is_alone = is_alone
    course = Course(timeout_s=400.0, n_seeds=1)
    assert session.choose_workers(course).n_workers == session.config.n_workers == n_workers
    assert ticking.clock.seconds == 3
    forecast, alone = session.forecast(course), session.forecast(course, workers=WorkersForecast(1))
    assert forecast.workers.speed_up == forecast.trials_an_hour / alone.trials_an_hour == n_workers
    assert (forecast.n_within > 2 * alone.n_within) == (n_workers > 1)
    session.config = replace(session.config, n_workers=1)  # these recordings reach no other process
    ticking.clock.seconds = 200.0
    assert session.search(course).stopped_by == "timeout"
    assert 300 < ticking.clock.seconds < 400


def test_features_of_a_front_end_are_computed_once_from_the_first_trial_to_the_refit(tmp_path):
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    session.search(Course(n_trials=3, n_seeds=2, twin=True))
    n_development = len(session.inputs.split.train) + len(session.inputs.split.validation)
    assert ticking.features == [n_development]
    session.evaluate()
    session.export()
    assert ticking.features == [n_development, len(session.inputs.split.test)]


@pytest.mark.parametrize("course", [Course(n_trials=2, n_seeds=1, refits=False), Course(n_trials=2, n_seeds=1)])
def test_nothing_follows_the_trials_that_was_not_asked_for(tmp_path, course):
    ticking = Ticking()
    session = open_session(tmp_path, ticking)
    result = session.search(course)
    assert ticking.stages == ["trials", *(["refit"] if course.refits else []), "report"]
    assert load_repeats(session.folder) == []
    assert result.repeats is result.twin is None
    assert result.is_refitted == course.refits == (load_refit_card(session.folder) is not None)


@pytest.mark.parametrize("moment", ["trials", "repeats", "refit"])
def test_an_interrupt_ends_the_session_and_its_report_is_written(tmp_path, moment):
    class Impatient(Ticking):
        def on_epoch(self, number, row, n_epochs):
            if self.stages[-1] == moment and self.clock.seconds > 3:
                raise KeyboardInterrupt
            super().on_epoch(number, row, n_epochs)

    session = open_session(tmp_path, Impatient())
    result = session.search(Course(n_trials=3, n_seeds=2))
    assert result.stopped_by == "interrupt"
    assert not result.is_refitted
    assert result.report.is_file()
    again = open_session(tmp_path, Ticking()).search(Course(n_trials=3, n_seeds=2))
    assert again.stopped_by == "trials"
    assert again.is_refitted


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    session = open_session(root, Ticking())
    session.search(Course(n_trials=3, n_seeds=1))
    return session


def another_split(prepared, tmp_path):
    """The same clips, but for those of the test that train now."""
    rows = np.arange(len(prepared.data_set))
    split = Split(train=rows[16:48], validation=rows[48:], test=rows[:16], note="")
    return PreparedData(prepared.data_set, split, cache_dir=tmp_path)


USERS = {
    "search": lambda folder, who: run_search(
        replace(load_config(folder), split_digest=who.prepared.split.digest), space, who, n_trials=4, folder=folder
    ),
    "repeats": lambda folder, who: train_repeats(folder, who, n_seeds=2),
    "evaluate": lambda folder, who: evaluate_study(folder, who),
    "export": lambda folder, who: export_study(folder, who),
    "ensemble": lambda folder, who: ensemble_study(folder, who),
    "twin": lambda folder, who: train_twin(folder, space, who),
}


@pytest.mark.parametrize("user", USERS)
def test_another_split_of_the_same_data_is_refused_by_whoever_goes_on(studied, user, tmp_path):
    before = load_records(studied.folder)
    with pytest.raises(StudyError, match="study 'tiny' was made with another split of its data: other clips trained"):
        USERS[user](studied.folder, worker(another_split(studied.worker.prepared, tmp_path)))
    assert load_records(studied.folder) == before


def test_the_split_is_kept_with_the_study(studied):
    config = load_config(studied.folder)
    assert config.split_digest == studied.inputs.split.digest
    assert load_refit_card(studied.folder)["split_digest"] == config.split_digest


def test_a_study_without_a_digest_has_its_split_made_again_from_its_seed_and_told(tmp_path):
    session = open_session(tmp_path, Ticking())
    session.search(Course(n_trials=1, n_seeds=1, refits=False))
    save_config(session.folder, replace(load_config(session.folder), split_digest=None))  # as version 0.1.0 left it
    again = open_session(tmp_path, Ticking())
    with pytest.raises(StudyError, match="another split"):  # of the tests, which no seed gives
        again.search(Course(n_trials=2, n_seeds=1, refits=False))
    assert again.listener.notes[0] == split_note(load_config(session.folder))
