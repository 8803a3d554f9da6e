"""The schedule: its corners, its shape, and the number of epochs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.recipe import AdamW, CosineDecay, Recipe
from nas_asc.training import default_batch_size, default_epochs, learning_rate_at


def rates(n_steps, *, learning_rate, warmup):
    recipe = Recipe(optimiser=AdamW(learning_rate), schedule=CosineDecay(warmup))
    return np.array([learning_rate_at(step, n_steps, recipe=recipe) for step in range(n_steps)])


def test_schedule_rises_straight_to_the_peak_and_falls_towards_zero():
    found = rates(1000, learning_rate=0.01, warmup=0.1)
    np.testing.assert_allclose(np.diff(found[:100]), 0.01 / 100)
    assert found[99] == pytest.approx(0.01)
    assert found.max() == pytest.approx(0.01)
    assert (np.diff(found[100:]) < 0).all()
    assert 0 < found[-1] < 1e-7


def test_middle_of_the_cosine_is_half_the_peak():
    assert rates(1001, learning_rate=1.0, warmup=0.0)[500] == pytest.approx(0.5, abs=1e-3)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(1e-6, 1))
@settings(max_examples=50, deadline=None)
def test_every_step_has_a_positive_rate_up_to_the_peak(n_steps, warmup, peak):
    found = rates(n_steps, learning_rate=peak, warmup=warmup)
    assert (found > 0).all()
    assert (found <= peak * (1 + 1e-9)).all()


@given(st.integers(1, 1_000_000))
def test_epochs_present_enough_clips_within_their_bounds(n_train):
    n_epochs = default_epochs(n_train)
    assert 10 <= n_epochs <= 80
    assert n_epochs >= default_epochs(n_train + 1)


@given(st.integers(1, 1_000_000))
def test_batch_is_a_multiple_of_sixteen_within_its_bounds(n_train):
    batch_size = default_batch_size(n_train)
    assert batch_size % 16 == 0
    assert 16 <= batch_size <= 256
    assert batch_size <= default_batch_size(n_train + 1)
