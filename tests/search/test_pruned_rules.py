"""What a pruning saves, rule set by rule set: masked weights only where zeros are free, removed channels everywhere."""

import numpy as np
import pytest

from nas_asc.budget import RULES, Budget
from nas_asc.cost import count_cost, count_nonzero
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv
from nas_asc.propose.screen import Screen
from nas_asc.recipe import OneShotPruning, QuantisedTraining, Recipe, StructuredPruning
from nas_asc.space import Space, choice

ZEROS_ARE_FREE = {"dcase2020-1b", "dcase2021"}
LIMITED = {name: rules for name, rules in RULES.items() if rules.max_model_bytes or rules.max_params}
space = Space("rules", pruning=choice("none", "weights", "channels"), qat=choice(False, True))


@space.network
def network():
    yield Conv(64, kernel_size=3, stride=2, norm="batch", activation="relu")
    for _ in range(5):
        yield Conv(224, kernel_size=3, stride=2, padding=1, norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=32)


@space.recipe
def recipe(pruning, qat):
    kinds = {"none": None, "weights": OneShotPruning(0.97), "channels": StructuredPruning(20_000, 1_000_000)}
    return Recipe(pruning=kinds[pruning], quantisation=QuantisedTraining() if qat else None)


def candidate(pruning, *, qat=False):
    drawn = space.draw_many(np.random.default_rng(0), 100)
    return next(one for one in drawn if one.values == {"pruning": pruning, "qat": qat})


@pytest.mark.parametrize("rules", LIMITED)
def test_masked_weights_are_a_saving_only_where_zeros_are_free(rules):
    screen = Screen(space, Task(10, 1.0), budget=Budget(rules=rules))
    dense, masked, narrowed = (screen.cost(candidate(kind)) for kind in ("none", "weights", "channels"))
    assert dense.params > 1_500_000  # beyond the limits of all
    assert not screen.budget.fits(dense)
    assert screen.budget.fits(masked) == (rules in ZEROS_ARE_FREE)
    assert screen.budget.fits(narrowed)
    saved = dense.nonzero_params - masked.nonzero_params
    byte_saving = screen.budget.used(dense).get("model_bytes", 0) - screen.budget.used(masked).get("model_bytes", 0)
    assert saved > 0.9 * dense.params
    assert byte_saving == (saved if rules in ZEROS_ARE_FREE else 0)
    assert screen.budget.used(masked)["params"] == screen.budget.used(dense)["params"]


def test_counts_before_training_are_those_of_the_masked_network():
    screen = Screen(space, Task(10, 1.0), budget=Budget())
    architecture = space.architecture(candidate("weights"), Task(10, 1.0))
    assert screen.cost(candidate("weights")).nonzero_params == count_nonzero(architecture, OneShotPruning(0.97))
    assert screen.cost(candidate("weights")).params == count_cost(architecture).params


@pytest.mark.parametrize("pruning", ["none", "weights", "channels"])
def test_training_in_8_bits_changes_no_count(pruning):
    screen = Screen(space, Task(10, 1.0), budget=Budget())
    assert screen.cost(candidate(pruning, qat=True)) == screen.cost(candidate(pruning))
