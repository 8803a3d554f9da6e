"""How long a trial will take, from a measured step and from the trials that are done."""

from dataclasses import replace

import pytest

from nas_asc.cost import count_cost
from nas_asc.search.clock import Clock
from nas_asc.search.trial import Setting
from nas_asc.study import TrialRecord
from tests.search.tiny import CPU, ask, prepare, space

_MARGIN = 1.25
_EPOCH_S = 500.0


@pytest.fixture
def prepared(tmp_path):
    return prepare(tmp_path)


@pytest.fixture
def design(prepared):
    return space.build(space.guesses[0], prepared.task)


@pytest.fixture
def clock(prepared, monkeypatch):
    """Of a machine on which a measured epoch takes 500 s; a training has two."""
    monkeypatch.setattr("nas_asc.search.clock.measure_speed", lambda *_, **__: _EPOCH_S)
    return Clock(None, refits=False, setting=Setting(ask(prepared), prepared, CPU, lambda *_: None))


@pytest.fixture
def done(design):
    """Makes the record of a trial with so many times the MACs of the design, and its seconds."""
    cost = count_cost(design.architecture)

    def make(ratio, seconds, state="complete"):
        return TrialRecord(
            number=0,
            state=state,
            values={},
            key="",
            architecture="",
            log_mel=design.log_mel,
            recipe=design.recipe,
            cost=replace(cost, macs=round(ratio * cost.macs)),
            seconds=seconds,
        )

    return make


def test_a_measured_step_speaks_while_fewer_than_three_trials_are_done(clock, design, done):
    records = [done(1, 3.0), done(2, 5.0), done(1, 4.0, state="failed")]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 2 * _EPOCH_S)


def test_of_the_three_nearest_trials_the_slowest_speaks(clock, design, done):
    records = [done(0.5, 20.0), done(1, 30.0), done(2, 35.0), done(100, 900.0)]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 40.0, rel=0.01)  # half the MACs: 20 s become 40


def test_trials_never_make_a_forecast_longer_than_what_was_measured(clock, design, done):
    records = [done(1, 3000.0), done(1, 2000.0), done(1, 30.0)]
    assert clock.forecast_s(design, records) == pytest.approx(_MARGIN * 2 * _EPOCH_S)
