"""Schedules: their corners, their shape, and what every one promises."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.errors import RecipeError
from nas_asc.recipe import ConstantRate, CosineDecay, ExponentialDecay, LinearDecay, RampDown

shares = st.floats(0, 1)
factors = st.floats(1e-6, 1)


@st.composite
def ramps(draw):
    warmup, start, end = sorted(draw(st.lists(shares, min_size=3, max_size=3)))
    return RampDown(start * 0.999, max(end, start * 0.999 + 1e-6), draw(factors), warmup * 0.999)


SCHEDULES = st.one_of(
    st.builds(CosineDecay, shares),
    st.builds(LinearDecay, shares, shares),
    st.builds(ConstantRate, shares),
    st.builds(ExponentialDecay, shares, factors),
    ramps(),
)


def factors_of(schedule, n_steps):
    return [schedule.factor_at(step, n_steps) for step in range(n_steps)]


@given(SCHEDULES, st.integers(1, 200))
def test_every_factor_is_above_zero_and_at_most_one(schedule, n_steps):
    assert all(0 < factor <= 1 for factor in factors_of(schedule, n_steps))


@given(SCHEDULES, st.integers(1, 200))
def test_a_schedule_rises_straight_and_never_again(schedule, n_steps):
    found = factors_of(schedule, n_steps)
    n_warmup = round(schedule.warmup * n_steps)
    assert found[:n_warmup] == [(step + 1) / n_warmup for step in range(n_warmup)]
    assert all(after <= before for before, after in pairwise(found[n_warmup:]))


def test_linear_decay_of_a_fine_tuning_goes_from_one_rate_to_the_other():
    found = [1e-4 * factor for factor in factors_of(LinearDecay(0, end=0.01), 1000)]
    assert found[0] == 1e-4
    for step, rate in enumerate(found):
        assert rate == pytest.approx(1e-4 - (1e-4 - 1e-6) * step / 1000)


def test_linear_decay_to_nothing_still_has_a_last_rate():
    assert LinearDecay(0).factor_at(99, 100) == pytest.approx(0.01)


def test_exponential_decay_has_one_ratio_from_step_to_step():
    found = [*factors_of(ExponentialDecay(0.5, end=0.2), 20)[10:], 0.2]
    assert found[0] == 1
    assert [after / before for before, after in pairwise(found)] == [pytest.approx(0.2**0.1)] * 10


def test_ramp_is_flat_then_straight_then_flat():
    found = factors_of(RampDown(start=0.2, end=0.7, floor=0.05), 100)
    assert found[:21] == [1] * 21
    assert found[45] == pytest.approx((1 + 0.05) / 2)
    assert [before - after for before, after in pairwise(found[20:71])] == [pytest.approx(0.95 / 50)] * 50
    assert found[70:] == [pytest.approx(0.05)] * 30


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearDecay(end=1.5), r"`end` must be a share in \[0, 1\], but got end=1.5, in LinearDecay"),
        (lambda: ConstantRate(-0.1), r"`warmup` must be a share in \[0, 1\], but got warmup=-0.1, in ConstantRate"),
        (lambda: ExponentialDecay(end=0), "`end` must be above 0 and at most 1, but got end=0, in ExponentialDecay"),
        (lambda: RampDown(0.5, 0.5), "`end` must be after start=0.5, but got end=0.5, in RampDown"),
        (lambda: RampDown(floor=0), "`floor` must be above 0 and at most 1, but got floor=0, in RampDown"),
        (lambda: RampDown(warmup=0.3), "`warmup` must be 0 or more and at most 0.2, but got warmup=0.3, in RampDown"),
    ],
)
def test_bad_value_is_refused(make, message):
    with pytest.raises(RecipeError, match=message):
        make()
