"""The interval's bounds are the accuracies from which the measured one is just 1.96 deviations away."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.metrics import wilson_interval


@given(n_clips=st.integers(1, 10**6), share=st.floats(0, 1))
def test_bounds_are_as_far_as_the_quantile_says(n_clips, share):
    measured = round(share * n_clips) / n_clips
    for bound in wilson_interval(measured, n_clips):
        deviation = math.sqrt(bound * (1 - bound) / n_clips)
        assert abs(measured - bound) == pytest.approx(1.959964 * deviation, rel=1e-4, abs=1e-7)


def test_no_clips_leave_the_whole_range():
    assert wilson_interval(0.5, 0) == (0.0, 1.0)
