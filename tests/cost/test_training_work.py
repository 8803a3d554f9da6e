"""The work of a training step: what its operations write and how many they are, without expanding every map."""

import contextlib
from math import prod

import numpy as np
import pytest

from nas_asc.cost import count_cost, count_training_work
from nas_asc.cost.training_work import _OPERATION, _PRODUCTS
from nas_asc.data import load_synthetic
from nas_asc.errors import LayerError
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Ensemble, Flatten, expand_architecture
from nas_asc.space import list_spaces, load_space


def exact_work(architecture):
    operations = [one for expansion in expand_architecture(architecture) for one in expansion.operations]
    values = sum(prod(one.out_shape) for one in operations)
    return values + _OPERATION * len(operations) + count_cost(architecture).macs / _PRODUCTS


@pytest.mark.parametrize("name", list_spaces())
def test_work_is_near_that_of_all_operations(name):
    space, task = load_space(name), load_synthetic().task
    ratios = []
    for candidate in space.draw_many(np.random.default_rng(3), 40):
        network = space.architecture(candidate, task)
        with contextlib.suppress(LayerError):
            ratios.append(count_training_work(network) / exact_work(network))
    assert len(ratios) > 15
    assert min(ratios) > 0.7
    assert max(ratios) < 1.3


def test_networks_side_by_side_take_as_long_as_each_by_itself_together():
    member = (Conv(8, 3, 2, "same", norm="batch", activation="relu"), Classifier())
    one, three = (Architecture(layers, (1, 40, 50), 10) for layers in (member, (Ensemble((member,) * 3),)))
    assert count_training_work(three) == pytest.approx(3 * count_training_work(one), rel=0.05)


def test_many_small_layers_take_longer_than_one_of_as_many_products():
    deep = Architecture((*(Conv(8, 3, 1, "same") for _ in range(12)), Flatten(), Dense(10)), (1, 8, 8), 10)
    wide = Architecture((Conv(27, 15, 1, "same"), Flatten(), Dense(10)), (1, 8, 8), 10)
    assert count_cost(wide).macs > 0.9 * count_cost(deep).macs
    assert count_training_work(deep) > 2 * count_training_work(wide)
