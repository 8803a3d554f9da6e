"""What no removal of channels can go below, against removals from networks with weights."""

import re

import numpy as np
import pytest
import torch

from nas_asc.compression import can_prune, count_least, prune_channels, validate_pruning
from nas_asc.cost import count_cost
from nas_asc.errors import LayerError, TrainingError
from nas_asc.frontend import Task
from nas_asc.layers import Architecture, AttentivePool, BroadcastResidual, Classifier, Conv, Dense
from nas_asc.models import build_model
from nas_asc.recipe import AdmmPruning, OneShotPruning, StructuredPruning
from nas_asc.space import load_space

_TASK = Task(n_classes=10, clip_s=1.0)
_MOST_PARAMS = 150_000
FIXED = Architecture((Conv(8, 3, 2), BroadcastResidual(16, n_bands=1), AttentivePool(), Dense(10)), (1, 16, 12), 10)
FREE = Architecture((Conv(8, 3, 2), BroadcastResidual(16, n_bands=1), Classifier()), (1, 16, 12), 10)


def draw_architectures(n):
    """Of `asc`, small enough to build in no time."""
    space, rng = load_space("asc"), np.random.default_rng(5)
    found = []
    while len(found) < n:
        candidate = space.draw(rng)
        try:
            architecture = space.architecture(candidate, _TASK)
            if count_cost(architecture).params <= _MOST_PARAMS:
                found.append(architecture)
        except LayerError:
            continue
    return found


ARCHITECTURES = [FIXED, FREE, *draw_architectures(24)]


def remove_all(architecture, *, is_exact):
    """Parameters and MACs that are left when all goes that can, by weights drawn from a seed."""
    torch.manual_seed(0)
    message = r"the least is ([\d,]+) parameters and ([\d,]+) MACs"
    with pytest.raises(TrainingError, match=message) as caught:
        prune_channels(build_model(architecture), max_params=1, max_macs=None, is_exact=is_exact)
    return tuple(int(word.replace(",", "")) for word in re.search(message, str(caught.value)).groups())


@pytest.mark.parametrize("is_exact", [True, False], ids=["exact", "not_exact"])
def test_the_least_is_what_removal_from_drawn_weights_leaves(is_exact):
    found = [(count_least(each, is_exact=is_exact), remove_all(each, is_exact=is_exact)) for each in ARCHITECTURES]
    n_equal = sum((least.params, least.macs) == left for least, left in found)
    assert n_equal >= 0.8 * len(found)  # in the others weights choose among channels that several operations make
    assert max(abs(least.params - left[0]) for least, left in found) <= 110


@pytest.mark.parametrize("kind", [StructuredPruning, AdmmPruning])
def test_limits_at_the_least_are_within_reach_and_those_far_below_are_not(kind):
    least = count_least(FREE)
    prune_channels(build_model(FREE), max_params=least.params, max_macs=least.macs)
    assert can_prune(FREE, kind(least.params, least.macs))
    validate_pruning(FREE, kind(least.params, least.macs))
    for pruning in (kind(least.params * 4 // 5, None), kind(10**9, least.macs * 4 // 5)):
        assert not can_prune(FREE, pruning)
        with pytest.raises(TrainingError, match=rf"the least is {least.params:,} parameters and {least.macs:,} MACs"):
            validate_pruning(FREE, pruning)


def test_masked_weights_leave_no_channel_to_remove():
    assert can_prune(FREE, OneShotPruning(0.99))
    assert can_prune(FREE, None)


def test_a_norm_over_channels_keeps_them_only_where_removal_is_exact():
    architecture = Architecture((Conv(8, 1, norm="layer"), Conv(6, 1), Classifier()), (1, 6, 6), 10)
    assert count_least(architecture, is_exact=False).params < count_least(architecture).params


def test_channels_under_attentive_pooling_stay():
    assert count_least(FIXED).params > count_least(FREE).params
