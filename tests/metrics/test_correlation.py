"""The rank correlation against scipy's, a slow definition, and its own properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.metrics import rank_correlation

few = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=12)


def correlate_slowly(first, second):
    """Pearson's correlation of ranks found by counting."""

    def ranks(values):
        return [sum(a < b for a in values) + (sum(a == b for a in values) - 1) / 2 for b in values]

    x, y = ranks(first), ranks(second)
    mean = (len(x) - 1) / 2
    cov = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    scale = math.sqrt(sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y))
    return cov / scale if scale else None


@given(few)
def test_it_is_the_correlation_of_counted_ranks(pairs):
    first, second = zip(*pairs, strict=True)
    assert rank_correlation(first, second) == pytest.approx(correlate_slowly(first, second))


def test_it_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for n in (6, 10, 100):
        first, second = rng.normal(size=n), rng.integers(0, 5, size=n) + 0.0
        assert rank_correlation(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


def test_it_is_one_for_the_same_order_and_minus_one_for_the_reverse():
    values = np.array([0.3, 2.0, -1.0, 5.0])
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)


def test_too_few_or_equal_values_say_nothing():
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None


def test_lengths_that_differ_are_named():
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(2,\)"):
        rank_correlation([1, 2, 3], [1, 2])
