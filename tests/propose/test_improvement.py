import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.pareto import hypervolume
from nas_asc.propose.improvement import cut_cells, log_expected_gain, log_expected_improvement


def problem(n_costs, *, seed, n_front=12, n_candidates=6):
    rng = np.random.default_rng(seed)
    front, scores = rng.random((n_front, n_costs)), rng.normal(size=n_front)
    return front, scores, rng.random((n_candidates, n_costs)), rng.normal(size=n_candidates), 0.2 + rng.random(6)


def gain_of(cost, score, front, scores, *, reference, worst):
    """Hypervolume with the candidate minus that without it."""
    points, limit = np.column_stack([front, scores]), [*reference, worst]
    return hypervolume(np.vstack([points, [*cost, score]]), limit) - hypervolume(points, limit)


def normal_nodes(mean, deviation, n=4_001):
    """Scores and weights that integrate over a normal distribution."""
    z = np.linspace(-7, 7, n)
    weights = np.exp(-0.5 * z**2)
    return mean + deviation * z, weights / weights.sum()


@pytest.mark.parametrize("n_costs", [0, 1, 2, 3])
def test_the_expected_gain_is_the_mean_gain_of_many_drawn_scores(n_costs):
    front, scores, costs, means, deviations = problem(n_costs, seed=n_costs)
    means, costs = means - 1, costs / 3  # so that most draws gain something
    reference, worst = np.full(n_costs, 0.9), 1.0
    cells = cut_cells(front, scores, reference=reference, worst=worst)
    found = np.exp(log_expected_gain(cells, costs, means, deviations))
    rng = np.random.default_rng(1)
    for row in range(2):
        drawn = [
            gain_of(costs[row], score, front, scores, reference=reference, worst=worst)
            for score in rng.normal(means[row], deviations[row], 300)
        ]
        assert np.mean(drawn) > 1e-3
        assert found[row] == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / math.sqrt(len(drawn)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n_costs=st.integers(0, 2))
def test_the_gain_of_a_sure_score_is_the_hypervolume_it_adds(seed, n_costs):
    front, scores, costs, means, _ = problem(n_costs, seed=seed)
    reference, worst = np.full(n_costs, 0.9), 1.0
    cells = cut_cells(front, scores, reference=reference, worst=worst)
    found = np.exp(log_expected_gain(cells, costs, means, np.full(6, 1e-7)))
    for cost, mean, gain in zip(costs, means, found, strict=True):
        expected = gain_of(cost, mean, front, scores, reference=reference, worst=worst)
        assert gain == pytest.approx(expected, abs=1e-6)


def test_two_costs_agree_with_a_fine_sum_over_scores():
    front, scores, costs, means, deviations = problem(2, seed=5)
    reference, worst = np.full(2, 0.9), 1.0
    cells = cut_cells(front, scores, reference=reference, worst=worst)
    gain = np.exp(log_expected_gain(cells, costs, means, deviations))[0]
    nodes, weights = normal_nodes(means[0], deviations[0], n=401)
    sure = [gain_of(costs[0], node, front, scores, reference=reference, worst=worst) for node in nodes]
    assert gain == pytest.approx(float(np.dot(sure, weights)), rel=5e-3)


def test_without_costs_it_is_the_expected_improvement_on_the_best():
    cells = cut_cells(np.zeros((3, 0)), np.array([0.5, 0.2, 0.9]), reference=np.zeros(0), worst=1.0)
    found = np.exp(log_expected_gain(cells, np.zeros((1, 0)), np.array([0.1]), np.array([0.3])))
    nodes, weights = normal_nodes(0.1, 0.3)
    assert found == pytest.approx(np.dot(np.maximum(0.2 - nodes, 0), weights), rel=1e-6)


def test_with_nothing_known_the_whole_box_counts():
    cells = cut_cells(np.zeros((0, 2)), np.zeros(0), reference=np.array([2.0, 3.0]), worst=1.0)
    found = np.exp(log_expected_gain(cells, np.array([[1.0, 1.0]]), np.array([-9.0]), np.array([1e-3])))
    assert found == pytest.approx([1.0 * 2.0 * 10.0])


def test_dearer_than_the_reference_gains_nothing():
    cells = cut_cells(np.zeros((0, 1)), np.zeros(0), reference=np.array([2.0]), worst=1.0)
    assert log_expected_gain(cells, np.array([[2.5]]), np.zeros(1), np.ones(1)) == [-math.inf]


def test_cells_fill_the_space_below_the_reference_once():
    front, scores, _, _, _ = problem(2, seed=3)
    cells = cut_cells(front, scores, reference=np.full(2, 0.9), worst=1.0)
    low = np.maximum(cells.low, -1.0)
    assert (cells.high - low).prod(axis=1).sum() == pytest.approx(1.9**2)
    middle = (low + cells.high) / 2
    ends = [*cells.starts[1:], len(middle)]
    for level, start, end in zip(cells.levels, cells.starts, ends, strict=True):
        for point in middle[start:end]:
            reached = scores[(front <= point).all(axis=1)]
            assert level == min([1.0, *reached])


@pytest.mark.parametrize("z", [-1e5, -1e3, -40.0, -5.0, -1.0 - 1e-9, -1.0 + 1e-9, 0.0, 2.0, 50.0])
def test_the_logarithm_is_right_near_and_far(z):
    found = float(log_expected_improvement(np.array([z]))[0])
    if z < -30:  # the series of Mills' ratio
        expected = -0.5 * z**2 - 0.5 * math.log(2 * math.pi) + math.log(1 / z**2 - 3 / z**4)
    else:
        density = math.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
        expected = math.log(density + z * 0.5 * math.erfc(-z / math.sqrt(2)))
    assert found == pytest.approx(expected, rel=1e-6)
