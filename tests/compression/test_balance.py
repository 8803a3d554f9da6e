"""Balanced removal of channels: no operation is left with much less than an even narrowing would leave it."""

from math import ceil

import numpy as np
import pytest
import torch

from nas_asc.compression import AdmmPenalty, ChannelPruner, prune_channels
from nas_asc.cost import count_cost
from nas_asc.errors import TrainingError
from nas_asc.layers import Architecture, BroadcastResidual, Classifier, Conv, MaxPool
from nas_asc.models import build_model
from nas_asc.recipe import AdmmPruning

LAYERS = (
    Conv(32, 5, 2, "same", norm="batch", activation="relu"),
    BroadcastResidual(16, n_bands=2),
    MaxPool(2),
    BroadcastResidual(24, n_bands=2),
    BroadcastResidual(40, n_bands=2),
    Classifier(norm=None),
)
ARCHITECTURE = Architecture(LAYERS, (1, 32, 20), 10)


@pytest.fixture(scope="module")
def pruner():
    """Of a network with its first weights, whose norms tell the stem's channels from the later ones at once."""
    torch.manual_seed(0)
    return ChannelPruner(ARCHITECTURE, build_model(ARCHITECTURE).state_dict())


@pytest.fixture(scope="module")
def limits():
    dense = count_cost(ARCHITECTURE)
    return {"max_params": dense.params * 2 // 5, "max_macs": dense.official_macs // 2}


def is_within(pruner, kept, limits):
    cost = count_cost(pruner.shrink_architecture(kept))
    return cost.params <= limits["max_params"] and cost.official_macs <= limits["max_macs"]


def made_by(pruner):
    """The channel groups of every convolution's output."""
    return [np.unique(pruner.channels.group_of[use.output]) for use in pruner.channels.uses if use.is_maker]


def test_even_groups_are_the_largest_of_every_operation(pruner):
    importance = pruner.importance(np.ones(len(pruner.channels.is_fixed), dtype=bool))
    for share in (0.0, 0.3, 0.5, 1.0):
        kept = pruner.even_groups(share)
        for groups in made_by(pruner):
            stays = kept[groups]
            assert stays.sum() >= max(1, ceil(share * len(groups)))
            assert pruner.channels.is_fixed[groups].any() or stays.sum() == max(1, ceil(share * len(groups)))
            if 0 < stays.sum() < len(groups):
                assert importance[groups[stays]].min() >= importance[groups[~stays]].max()


@pytest.mark.parametrize("balance", [0.5, 1.0])
def test_every_operation_keeps_its_share_of_an_even_narrowing(pruner, limits, balance):
    share = max(n / 64 for n in range(1, 65) if is_within(pruner, pruner.even_groups(n / 64), limits))
    assert 0.3 < share < 0.9
    kept, _ = pruner.groups_within(**limits, balance=balance)
    assert is_within(pruner, kept, limits)
    assert (kept | ~pruner.even_groups(balance * share)).all()
    for groups in made_by(pruner):
        assert kept[groups].sum() >= balance * share * len(groups)


def test_without_balance_whole_stages_go(pruner, limits):
    alone = min(pruner.groups_within(**limits)[0][groups].sum() for groups in made_by(pruner))
    balanced = min(pruner.groups_within(**limits, balance=0.5)[0][groups].sum() for groups in made_by(pruner))
    assert alone == 1
    assert balanced > 3


def test_what_fits_stays_and_what_never_fits_is_an_error():
    model = build_model(ARCHITECTURE)
    assert prune_channels(model, max_params=10**9, max_macs=None, balance=1.0)[0] == ARCHITECTURE
    with pytest.raises(TrainingError, match="must leave room"):
        prune_channels(model, max_params=10, max_macs=None, balance=1.0)


def test_penalty_drives_to_zero_what_a_balanced_pruning_removes(limits):
    torch.manual_seed(0)
    model = build_model(ARCHITECTURE)
    penalty = AdmmPenalty(model, AdmmPruning(**limits, balance=0.5))
    pruner = ChannelPruner(ARCHITECTURE, model.state_dict())
    kept, _ = pruner.groups_within(**limits, balance=0.5)
    penalty.after_epoch(None, 1)
    targets = penalty._targets["0.conv.weight"].flatten(1).abs().sum(dim=1)
    stem = next(use for use in pruner.channels.uses if use.is_maker)
    removed = ~pruner.channels.kept_channels(stem.output, kept)
    weights = model.state_dict()["0.conv.weight"].flatten(1).abs().sum(dim=1)
    assert removed.any()
    assert torch.allclose(targets[torch.from_numpy(removed)], weights[torch.from_numpy(removed)])  # 0 - multiplier
