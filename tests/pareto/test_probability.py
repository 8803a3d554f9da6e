"""Probabilities of being on the front against a slow count and a closed form."""

import math

import numpy as np
import pytest

from nas_asc.pareto import front_probability, non_dominated


def test_equals_the_front_of_every_draw_counted_one_by_one():
    draws = np.random.default_rng(0).integers(0, 4, (200, 6, 3))
    expected = np.mean([non_dominated(draw) for draw in draws], axis=0)
    assert front_probability(draws) == pytest.approx(expected)


def test_of_two_normal_losses_at_unequal_cost_the_dearer_is_on_the_front_as_often_as_it_is_better():
    rng = np.random.default_rng(1)
    losses = np.column_stack([rng.normal(1.0, 0.1, 50_000), rng.normal(0.9, 0.1, 50_000)])
    draws = np.stack([losses, np.broadcast_to([1.0, 2.0], losses.shape)], axis=2)
    better = 0.5 * (1 + math.erf(0.1 / (0.1 * math.sqrt(2)) / math.sqrt(2)))
    assert front_probability(draws) == pytest.approx([1.0, better], abs=0.01)


def test_many_points_are_taken_in_parts():
    draws = np.random.default_rng(2).normal(size=(40, 300, 2))
    assert front_probability(draws)[:5] == pytest.approx(np.mean([non_dominated(draw) for draw in draws], axis=0)[:5])


@pytest.mark.parametrize("draws", [np.zeros((2, 3)), np.zeros((0, 2, 2)), np.full((1, 2, 2), np.nan)])
def test_what_are_no_draws_is_refused(draws):
    with pytest.raises(ValueError, match="`draws` must"):
        front_probability(draws)
