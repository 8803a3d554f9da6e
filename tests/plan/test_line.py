"""The line through measurements, where its answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.plan.line import predict_seconds

_MACS = [1, 10, 20, 40, 70, 110, 160]


@given(slope=st.floats(0, 5), offset=st.floats(0.1, 10), stalled=st.integers(0, 6), stall_s=st.floats(0, 100))
def test_line_is_found_in_spite_of_one_stalled_measurement(slope, offset, stalled, stall_s):
    seconds = [offset + slope * macs + (stall_s if i == stalled else 0) for i, macs in enumerate(_MACS)]
    found = predict_seconds(list(zip(_MACS, seconds, strict=True)), _MACS)
    others = np.delete(np.arange(7), stalled)
    # 15 of the 21 slopes do not see the stall, so their median is exact
    np.testing.assert_allclose(found[others], np.array(seconds)[others], rtol=1e-6, atol=1e-6)


def test_more_macs_never_take_less_time():
    assert predict_seconds([(1, 9.0), (2, 5.0), (3, 1.0)], [1, 2, 3]).tolist() == [5.0, 5.0, 5.0]


def test_prediction_stays_above_half_of_the_fastest():
    assert predict_seconds([(100, 1.0), (200, 3.0)], [0]).tolist() == [0.5]


@pytest.mark.parametrize("measured", [[(5, 2.0)], [(5, 2.0), (5, 2.0)]])
def test_one_size_gives_one_time(measured):
    assert predict_seconds(measured, [1, 5, 9]).tolist() == [2.0, 2.0, 2.0]
