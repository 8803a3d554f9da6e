"""Schedules of prunings: never more weights than before, all at the start, the target at the end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.recipe import MagnitudePruning, OneShotPruning, PolynomialPruning

shares = st.floats(0, 1)
PRUNINGS = [
    MagnitudePruning(3_000, start=0.2, end=0.7),
    MagnitudePruning(3_000, last_rate=1.0),
    PolynomialPruning(0.8),
    OneShotPruning(0.6, fine_tuning=0.3),
]


@pytest.mark.parametrize("pruning", PRUNINGS, ids=str)
@given(st.integers(1, 100_000), shares, shares)
def test_weights_only_go(pruning, n_weights, one, other):
    kept = [pruning.n_kept(n_weights, 100, share=share) for share in sorted((one, other))]
    assert n_weights >= kept[0] >= kept[1] >= pruning.n_kept(n_weights, 100) >= 0


@pytest.mark.parametrize(("pruning", "expected"), [*zip(PRUNINGS, (2_900, 2_900, 2_000, 4_000), strict=True)], ids=str)
def test_the_end_is_the_target(pruning, expected):
    assert pruning.n_kept(10_000, 100) == expected


@given(st.floats(0.001, 0.99), st.integers(2, 50))
def test_removals_of_equal_times_have_one_ratio(last_rate, n_times):
    pruning = MagnitudePruning(1, end=1.0, last_rate=last_rate)
    kept = [pruning.n_kept(10**12, 0, share=time / n_times) for time in range(n_times + 1)]
    removed = [before - after for before, after in pairwise(kept)]
    for before, after in pairwise(removed):
        assert after / before == pytest.approx(last_rate ** (1 / n_times), rel=1e-6)


def test_ntus_schedule_is_the_cubic_of_its_report():
    pruning = PolynomialPruning(0.8, first_sparsity=0.1, start=100 / 400, end=300 / 400, n_steps=20)
    for epoch in range(400):
        step = min(20, (epoch - 100) // 10)
        sparsity = 0 if epoch < 100 else 0.8 - 0.7 * (1 - step / 20) ** 3
        assert pruning.n_kept(10**6, 0, share=epoch / 400) == pytest.approx((1 - sparsity) * 10**6, abs=1)
