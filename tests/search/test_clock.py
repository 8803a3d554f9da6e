"""How long a trial will take, from a measured step and from the trials that are done."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.cost import count_cost
from nas_asc.evaluation import Speed
from nas_asc.metrics import score_predictions
from nas_asc.recipe import QuantisedTraining
from nas_asc.search import Jobs, SearchClock
from nas_asc.study import TrialRecord
from tests.clocks import ManualClock
from tests.search.tiny import ask, prepare, space

_MARGIN = 1.25
_EPOCH_S = 500.0


@pytest.fixture
def prepared(tmp_path):
    return prepare(tmp_path)


@pytest.fixture
def design(prepared):
    return space.build(space.guesses[0], prepared.task)


@pytest.fixture
def clock(prepared):
    """Of a machine on which a measured epoch takes 500 s; a training has two."""
    jobs = Jobs(ask(prepared), n_train=prepared.n_train)
    return SearchClock(NO_LIMIT, jobs, measure=lambda design: Speed(_EPOCH_S), kept_s=lambda trial_s: 0.0)


@pytest.fixture
def done(design, monkeypatch):
    """Makes the record of a trial with so many times the work of the design, and its seconds."""
    cost = count_cost(design.architecture)
    monkeypatch.setattr("nas_asc.search.clock.parse_architecture", lambda text, layer_types: float(text))
    monkeypatch.setattr(
        "nas_asc.search.clock.count_training_work", lambda network: network if isinstance(network, float) else 1.0
    )

    def make(ratio, seconds, state="complete"):
        return TrialRecord(
            number=0,
            state=state,
            values={},
            key="",
            architecture=str(float(ratio)),
            log_mel=design.log_mel,
            recipe=design.recipe,
            cost=cost,
            seconds=seconds,
        )

    return make


def test_a_measured_step_speaks_while_fewer_than_three_trials_are_done(clock, design, done):
    records = [done(1, 3.0), done(2, 5.0), done(1, 4.0, state="failed")]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 2 * _EPOCH_S)


def test_of_the_three_nearest_trials_the_slowest_speaks(clock, design, done):
    records = [done(0.5, 20.0), done(1, 30.0), done(2, 35.0), done(100, 900.0)]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 40.0, rel=0.01)  # half the work: 20 s become 40


def test_trials_never_make_a_forecast_longer_than_what_was_measured(clock, design, done):
    records = [done(1, 3000.0), done(1, 2000.0), done(1, 30.0)]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 2 * _EPOCH_S)


def test_quantised_epochs_and_the_file_are_in_the_forecast(prepared, design):
    recipe = replace(design.recipe, quantisation=QuantisedTraining(0.5))
    speed = Speed(10.0, quantised_epoch_s=30.0, file_s=5.0)
    jobs = Jobs(ask(prepared), n_train=prepared.n_train)
    clock = SearchClock(NO_LIMIT, jobs, measure=lambda design: speed, kept_s=lambda trial_s: 0.0)
    assert clock.forecast_s(replace(design, recipe=recipe)) == pytest.approx(_MARGIN * (2 * 10 + 30 + 5))


def test_features_that_are_not_there_are_in_the_forecast_and_need_their_time(prepared, design, done):
    time, jobs = ManualClock(), Jobs(ask(prepared), n_train=prepared.n_train)

    def clock(total_s, features_s):
        limit = TimeLimit.after(total_s, clock=time)
        kept = {"kept_s": lambda trial_s: 0.0, "features_s": lambda design: features_s}
        return SearchClock(limit, jobs, measure=lambda design: Speed(10.0), **kept)

    assert clock(None, 30.0).forecast_s(design) == pytest.approx(_MARGIN * (2 * 10 + 30))
    for records in ([], [done(1, 1.0)]):
        enough = _MARGIN * 30 + (_MARGIN * 20 if not records else 4.0)  # four times the slowest trial is ample
        assert clock(enough + 0.1, 30.0).allows(design, records)
        assert not clock(enough - 0.1, 30.0).allows(design, records)


def test_a_trial_begins_only_if_what_follows_it_ends_in_time(prepared, design, done):
    time, jobs = ManualClock(), Jobs(ask(prepared), n_train=prepared.n_train)

    def clock(total_s):
        limit = TimeLimit.after(total_s, clock=time)
        return SearchClock(limit, jobs, measure=lambda design: Speed(10.0), kept_s=lambda trial_s: 2 * trial_s)

    trial_s = 20.0  # of two epochs; a forecast has a margin
    assert clock((_MARGIN + 2) * trial_s + 1).allows(design, [])
    assert not clock((_MARGIN + 2) * trial_s - 1).allows(design, [])
    assert clock(None).allows(design, [])
    scored = replace(done(1, 7.0), scores=score_predictions(np.zeros(1, np.int64), np.ones((1, 2)) / 2))
    limit = clock(100).limit([scored])
    assert limit.left_s == pytest.approx(100 - 2 * 7.0)
    time.seconds = 86.0
    assert clock(None).is_over([]) is False
    assert limit.is_over
