"""Resampled means against closed forms and against every possible draw."""

from itertools import product

import numpy as np
import pytest

from nas_asc.metrics import (
    clip_losses,
    draw_counts,
    is_tie,
    log_loss,
    percentile_interval,
    resample_means,
    weighted_means,
)


def _all_counts(n):
    """Counts of every one of the n ** (n - 1) equally likely draws of n - 1 out of n."""
    draws = product(range(n), repeat=max(1, n - 1)) if n > 1 else [(0,)]
    return np.array([np.bincount(draw, minlength=n) for draw in draws])


def _slow_mean(values, groups, group_counts, seed_counts):
    """Written out: every clip of a drawn group, as often as it was drawn, in every drawn training."""
    taken = []
    for training, times in enumerate(seed_counts):
        for clip, group in enumerate(groups):
            taken += [values[training][clip]] * (times * group_counts[group])
    return np.mean(taken)


def test_counts_are_of_one_fewer_than_there_are():
    counts = draw_counts(np.random.default_rng(0), 5, 1000)
    assert (counts.sum(axis=1) == 4).all()
    assert counts.mean(axis=0) == pytest.approx(np.full(5, 0.8), abs=0.1)
    assert (draw_counts(np.random.default_rng(0), 1, 3) == 1).all()


def test_means_equal_those_written_out():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 4, 30)
    values = [rng.normal(size=(3, 30)), rng.normal(size=(1, 30))]
    group_counts = draw_counts(rng, 4, 20) + 1
    seed_counts = [draw_counts(rng, 3, 20), draw_counts(rng, 1, 20)]
    means = weighted_means(values, groups, group_counts, seed_counts)
    for draw in range(20):
        for column in range(2):
            expected = _slow_mean(values[column], groups, group_counts[draw], seed_counts[column][draw])
            assert means[draw, column] == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_variance_over_all_draws_of_seeds_is_that_of_a_mean(n):
    """Unbiased sample variance over n, in closed form."""
    values = np.random.default_rng(n).normal(size=n)
    counts = _all_counts(n)
    means = weighted_means([values[:, None]], [0], np.ones((len(counts), 1), np.int64), [counts])
    assert means.var() == pytest.approx(values.var(ddof=1) / n)


@pytest.mark.parametrize("n", [2, 4, 5])
def test_variance_over_all_draws_of_equal_groups_is_that_of_a_mean_of_groups(n):
    values = np.random.default_rng(n).normal(size=(n, 3))
    counts = _all_counts(n)
    once = np.ones((len(counts), 1), np.int64)
    means = weighted_means([values.reshape(1, -1)], np.repeat(np.arange(n), 3), counts, [once])
    assert means.var() == pytest.approx(values.mean(axis=1).var(ddof=1) / n)


def test_random_draws_come_near_all_draws():
    rng = np.random.default_rng(3)
    groups, values = np.repeat(np.arange(4), 2), rng.normal(size=(3, 8))
    pairs = list(product(_all_counts(4), _all_counts(3)))
    exact = weighted_means([values], groups, np.array([a for a, _ in pairs]), [np.array([b for _, b in pairs])])
    drawn = resample_means([values], [f"place {group}" for group in groups], n_draws=20_000)
    assert drawn.mean() == pytest.approx(exact.mean(), abs=0.01)
    assert drawn.std() == pytest.approx(exact.std(), rel=0.03)
    assert percentile_interval(drawn) == pytest.approx(percentile_interval(exact), abs=0.05)


def test_interval_of_independent_clips_is_the_normal_one():
    values = np.random.default_rng(4).normal(size=(1, 400))
    low, high = percentile_interval(resample_means([values], np.arange(400), n_draws=20_000)[:, 0])
    half = 1.96 * values.std(ddof=1) / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_alike_clips_of_a_group_make_the_interval_wider():
    places = np.random.default_rng(5).normal(size=20)
    values, groups = np.repeat(places, 25)[None], np.repeat(np.arange(20), 25)
    wide = resample_means([values], groups).std()
    narrow = resample_means([values], np.arange(500)).std()
    assert wide == pytest.approx(5 * narrow, rel=0.15)


@pytest.mark.parametrize(("n_groups", "seed_deviation"), [(30, 0.05), (10, 0.05), (30, 0.2)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(n_groups, seed_deviation):
    """Two equal networks on alike clips: three trainings each; the true mean is 0, the true difference 0."""
    rng = np.random.default_rng(7)
    groups, n_studies, holds, ties = np.repeat(np.arange(n_groups), 5), 150, 0, 0
    for study in range(n_studies):
        place = rng.normal(0, 1, n_groups)
        pair = [
            np.repeat(place + rng.normal(0, 0.5, n_groups), 5)
            + rng.normal(0, seed_deviation, (3, 1))
            + rng.normal(0, 1, (3, 5 * n_groups))
            for _ in range(2)
        ]
        draws = resample_means(pair, groups, n_draws=400, seed=study)
        low, high = percentile_interval(draws[:, 0])
        holds += low <= 0 <= high
        ties += is_tie(draws[:, 0], draws[:, 1])
    assert 0.87 <= holds / n_studies <= 1
    assert 0.87 <= ties / n_studies <= 1


def test_a_small_but_steady_difference_is_no_tie_and_a_shared_luck_cancels():
    rng = np.random.default_rng(6)
    hard = rng.normal(size=(1, 300))
    draws = resample_means([hard, hard + 0.01, hard + rng.normal(size=(1, 300))], np.arange(300))
    assert not is_tie(draws[:, 0], draws[:, 1])
    assert is_tie(draws[:, 0], draws[:, 2])


def test_values_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"but got \(1, 3\) for \(2,\) groups"):
        weighted_means([np.zeros((1, 3))], [0, 1], np.ones((1, 2), np.int64), [np.ones((1, 1), np.int64)])


def test_losses_of_clips_average_to_the_log_loss():
    labels = np.array([0, 1, 1])
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.3, 0.7]])
    assert clip_losses(labels, probabilities).mean() == pytest.approx(log_loss(labels, probabilities))
