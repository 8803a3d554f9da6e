"""Fronts and volumes against closed forms, an independent library and a count of cells."""

import itertools

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from nas_asc.pareto import front_ranks, hypervolume, hypervolume_history, non_dominated

_POINTS = st.integers(1, 4).flatmap(
    lambda d: st.lists(st.lists(st.integers(0, 6), min_size=d, max_size=d), min_size=1, max_size=12)
)


def _dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def _count_cells(points, side):
    cells = itertools.product(range(side), repeat=len(points[0]))
    return sum(any(all(p <= c for p, c in zip(point, cell, strict=True)) for point in points) for cell in cells)


@given(points=_POINTS)
def test_mask_is_the_definition(points):
    expected = [not any(_dominates(other, point) for other in points) for point in points]
    assert non_dominated(points).tolist() == expected


@given(points=_POINTS)
def test_front_of_a_front_is_the_front(points):
    front = np.array(points)[non_dominated(points)]
    assert non_dominated(front).all()


@given(points=_POINTS)
def test_each_rank_is_the_front_of_what_is_left(points):
    values, ranks = np.array(points), front_ranks(points)
    for rank in range(ranks.max() + 1):
        left = ranks >= rank
        assert non_dominated(values[left]).tolist() == (ranks[left] == rank).tolist()


@given(points=_POINTS)
def test_volume_is_the_number_of_dominated_cells(points):
    assert hypervolume(points, [7] * len(points[0])) == pytest.approx(_count_cells(points, 7))


@given(points=_POINTS, data=st.data())
def test_order_of_points_does_not_matter(points, data):
    shuffled = data.draw(st.permutations(points))
    reference = [7] * len(points[0])
    assert hypervolume(shuffled, reference) == pytest.approx(hypervolume(points, reference))


@given(points=_POINTS)
def test_history_never_falls_and_ends_at_the_volume(points):
    reference = [6] * len(points[0])
    history = hypervolume_history(points, reference)
    assert (np.diff(history) >= -1e-9).all()
    for n in range(1, len(points) + 1):
        assert history[n - 1] == pytest.approx(hypervolume(points[:n], reference))


@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_volume_agrees_with_two_independent_implementations(d, seed):
    points = np.random.default_rng(seed).random((60, d))
    reference = np.full(d, 0.9)
    ours = hypervolume(points, reference)
    assert ours == pytest.approx(moocore.hypervolume(points, ref=reference), rel=1e-9)
    inside = points[(points < reference).all(axis=1)]
    assert ours == pytest.approx(compute_hypervolume(inside, reference), rel=1e-9)


@pytest.mark.parametrize("n", [1, 5, 50])
def test_staircase_has_its_closed_form(n):
    steps = [(i, n - 1 - i) for i in range(n)]
    assert hypervolume(steps, (n, n)) == n * (n + 1) / 2


@pytest.mark.parametrize("d", [2, 3, 4])
def test_two_boxes_follow_inclusion_and_exclusion(d):
    one, other = np.arange(1.0, d + 1), np.arange(d, 0.0, -1)
    limit = np.full(d, 6.0)
    expected = np.prod(limit - one) + np.prod(limit - other) - np.prod(limit - np.maximum(one, other))
    assert hypervolume([one, other], limit) == pytest.approx(expected)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_volume_is_the_share_of_random_points_it_dominates(d):
    rng = np.random.default_rng(5)
    points, darts = rng.random((20, d)), rng.random((100_000, d))
    share = (points[None, :, :] <= darts[:, None, :]).all(axis=2).any(axis=1).mean()
    assert hypervolume(points, np.ones(d)) == pytest.approx(share, abs=0.01)


def test_volume_of_a_sphere_of_hundreds_of_points_nears_its_octant():
    points = np.abs(np.random.default_rng(0).normal(size=(500, 3)))
    points = 1 - points / np.linalg.norm(points, axis=1, keepdims=True)
    volume = hypervolume(points, np.ones(3))
    assert volume == pytest.approx(moocore.hypervolume(points, ref=np.ones(3)), rel=1e-9)
    assert np.pi / 6 * 0.9 < volume < np.pi / 6


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([[1, 5], [4, 1]], [4, 4]) == 0.0
    assert hypervolume(np.zeros((0, 2)), [1, 1]) == 0.0


@pytest.mark.parametrize("points", [[1, 2, 3], [[np.nan, 1]]])
def test_points_that_are_none_are_refused(points):
    with pytest.raises(ValueError, match="`points` must"):
        non_dominated(points)


def test_reference_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="`reference` must be finite"):
        hypervolume([[1, 2]], [3, np.inf])


def test_reference_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"`reference` must be \(2,\)"):
        hypervolume([[1, 2]], [3, 3, 3])
