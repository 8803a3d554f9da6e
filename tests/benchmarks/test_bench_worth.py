"""The comparison of a rival's losses with ours."""

import numpy as np
import pytest

from tests.benchmarks.bench_worth import compare_losses, format_differences

GROUPS = np.repeat([f"place {number}" for number in range(40)], 5)


def _losses(seed: int, more: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).exponential(0.3, len(GROUPS)) + more


def test_what_is_the_same_for_every_clip_is_certain():
    ours = [(_losses(seed), GROUPS) for seed in range(3)]
    rival = [(losses + 0.2, groups) for losses, groups in ours]
    mean, low, high = compare_losses(ours[:1], rival[:1])
    assert (mean, low, high) == pytest.approx((0.2, 0.2, 0.2))


def test_the_interval_of_two_alike_holds_zero_and_that_of_a_worse_one_does_not():
    ours = [(_losses(seed), GROUPS) for seed in range(3)]
    _, low, high = compare_losses(ours, [(_losses(seed), GROUPS) for seed in range(3, 6)])
    assert low < 0 < high
    _, low, high = compare_losses(ours, [(_losses(seed, 0.3), GROUPS) for seed in range(3, 6)])
    assert 0 < low < 0.3 < high


def test_clips_of_different_folds_are_pooled():
    """With other clips in each fold there is one training a clip: twice as many clips narrow the interval."""
    folds = [np.char.add(f"fold {fold}, ", GROUPS) for fold in range(4)]
    ours = [(_losses(seed), groups) for seed, groups in enumerate(folds)]
    rival = [(_losses(seed + 10), groups) for seed, groups in enumerate(folds)]
    mean, low, high = compare_losses(ours, rival)
    assert mean == pytest.approx(np.mean([b[0] - a[0] for a, b in zip(ours, rival, strict=True)]))
    _, fewer_low, fewer_high = compare_losses(ours[:1], rival[:1])
    assert high - low == pytest.approx((fewer_high - fewer_low) / 2, rel=0.3)


def test_a_line_holds_the_seeds_that_both_have():
    rows = [{"contestant": name, "seed": seed} for name, seed in [("ours", 0), ("ours", 1), ("none", 1), ("tpe", 2)]]
    text = format_differences(rows, lambda name, seed: (_losses(0, 0.25 * (name == "none")), GROUPS))
    assert text == "none less ours, 1 seed: +0.250 [+0.250, +0.250]"
