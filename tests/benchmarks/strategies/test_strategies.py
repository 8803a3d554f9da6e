"""The comparison of search strategies runs: the committed table answers, every kind of contestant spends its epochs."""

import contextlib

import numpy as np
import pytest

from tests.benchmarks.strategies.compare import build_surrogate
from tests.benchmarks.strategies.contestants import CONTESTANTS
from tests.benchmarks.strategies.resume import run
from tests.benchmarks.strategies.surrogate import build_screen
from tests.benchmarks.strategies.trainings import COMMITTED, EPOCHS, RUNGS, read_trainings
from tests.benchmarks.strategies.world import SpentError, World

N_TRAININGS = 8


def test_table_holds_whole_curves_of_real_trainings():
    trainings = read_trainings()
    complete = [one for one in trainings if one.reason is None]
    assert len(complete) > 0.9 * len(trainings)
    assert all(len(one.curve) == len(RUNGS) for one in complete)
    assert len({(one.index, one.seed) for one in trainings}) == len(trainings)


@pytest.mark.parametrize(
    "name", ["ours, gp", "ours, tpe, rungs 2 and 6", "feasible random", "TPE, pruned", "successive halving"]
)
def test_contestant_spends_its_epochs_and_no_more(name):
    world = World(build_surrogate(COMMITTED), build_screen(), N_TRAININGS * EPOCHS, seed=3)
    with contextlib.suppress(SpentError):
        CONTESTANTS[name](world, 3)
    assert (N_TRAININGS - 1) * EPOCHS < world.spent <= N_TRAININGS * EPOCHS
    history = world.history(4)
    assert 0 <= history[-1] < 1


def test_noise_is_that_of_a_seed_and_design_and_the_truth_has_none():
    surrogate = build_surrogate(COMMITTED)
    assert np.array_equal(surrogate.draw_noise("a", 1), surrogate.draw_noise("a", 1))
    assert len({tuple(surrogate.draw_noise("a", seed)) for seed in range(20)}) > 1


@pytest.mark.parametrize("seed", [0, 1])
def test_search_resumed_from_its_database_proposes_what_it_would_have_proposed(seed):
    surrogate = build_surrogate(COMMITTED)
    whole = run(surrogate, seed, sampler="auto", n_trials=N_TRAININGS, stop_at=None)
    resumed = run(surrogate, seed, sampler="auto", n_trials=N_TRAININGS, stop_at=3 + seed)
    assert resumed == whole
    assert len(set(resumed[1])) == len(resumed[1])
