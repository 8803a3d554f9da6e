"""Removed channels: the smaller network gives what the larger one gives with zeros in their place."""

import contextlib
import copy
from math import prod

import numpy as np
import pytest
import torch
from torch import nn

from nas_asc.compression import ChannelPruner, find_threshold, prune_channels
from nas_asc.cost import cost_at_bits, count_cost, count_pruned_cost
from nas_asc.errors import TrainingError
from nas_asc.frontend import Task
from nas_asc.layers import (
    Architecture,
    ChannelSlice,
    Classifier,
    Concatenation,
    Conv,
    Convolution,
    Dense,
    Dropout,
    Graph,
    InvertedBottleneck,
    MaxPool,
    Moments,
    Norm,
    Residual,
    format_architecture,
    format_layer,
    parse_architecture,
)
from nas_asc.models import build_model, count_module, fold_branches
from nas_asc.recipe import StructuredPruning
from nas_asc.space import load_space
from tests.cost.systems import cp_mobile
from tests.evaluation.brief import draw_designs
from tests.models.cases import CASES, Fork, Squaring, embed
from tests.models.drawn import draw_model
from tests.models.systems import describe_system, of_every_system

MAKERS = (nn.Conv2d, nn.Linear)


def prune(model, **options):
    return ChannelPruner(model.architecture, model.state_dict(), **options)


def mask(model, pruner, kept):
    """The same network with zeros for every filter, bias, scale, shift and running mean of a removed channel."""
    masked = copy.deepcopy(model)
    for use in pruner.channels.uses:
        module = getattr(masked[use.layer], use.operation.name, None)
        gone = torch.from_numpy(~kept[pruner.channels.group_of[use.output]])
        values = dict(module.named_parameters()) | dict(module.named_buffers()) if module else {}
        for name, value in values.items():
            if (
                gone.any()
                and name.rpartition(".")[2] in ("weight", "bias", "running_mean")
                and not isinstance(module, nn.PReLU)
            ):
                value.data[gone.repeat_interleave(len(value) // len(gone))] = 0
    return masked


def check_removal(architecture, *, share=0.5, own=()):
    """Remove what is below the median importance; gives the smaller architecture."""
    model = draw_model(architecture)
    pruner = prune(model)
    importance = torch.from_numpy(pruner.importance(pruner.groups_above(0)))
    free = importance[~torch.from_numpy(pruner.channels.is_fixed)]
    threshold = float(free.quantile(share)) + 1e-9 if len(free) else 0.0
    kept = pruner.groups_above(threshold)
    smaller, state = pruner.shrink(kept)
    shrunk = build_model(smaller).eval()
    shrunk.load_state_dict(state)
    clips = torch.randn(2, *architecture.in_shape)
    with torch.no_grad():
        torch.testing.assert_close(shrunk(clips), mask(model, pruner, kept)(clips), rtol=1e-4, atol=1e-4)
    cost, measured = count_cost(smaller), count_module(fold_branches(shrunk), smaller.in_shape)
    assert (cost.params, cost.all_params, cost.macs) == (measured.params, measured.all_params, measured.macs)
    assert parse_architecture(format_architecture(smaller), own) == smaller
    return smaller


@pytest.mark.parametrize("case", CASES, ids=[format_layer(layer) for layer, _, _ in CASES])
def test_every_layer_may_lose_its_own_channels(case):
    layer, in_shape, _ = case
    architecture = Architecture((layer,), in_shape, 10)
    assert count_cost(check_removal(architecture, own=[Fork, Squaring])).params <= count_cost(architecture).params


@pytest.mark.parametrize("share", [0.3, 0.8])
@pytest.mark.parametrize("case", CASES, ids=[format_layer(layer) for layer, _, _ in CASES])
def test_every_layer_may_lose_channels_of_its_input_and_output(case, share):
    architecture = embed(*case)
    smaller = check_removal(architecture, share=share, own=[Fork, Squaring])
    assert count_cost(smaller).params < count_cost(architecture).params


# a linear model of the input, and networks with a residual normalisation, which is over channels, in every block
READ_OVER_CHANNELS = {"FAU-Linear", "FAU-Mod-8", "FAU-Mod-8-192"}


@of_every_system
def test_every_published_system_may_lose_half_its_channels(space, name):
    architecture = describe_system(space, name)
    smaller = check_removal(architecture)
    if name not in READ_OVER_CHANNELS:
        assert count_cost(smaller).params < 0.9 * count_cost(architecture).params


@pytest.mark.parametrize("bits", [None, 16])
@pytest.mark.parametrize("name", ["asc", "bc_resnet", "cp_mobile", "cp_resnet"])
def test_bytes_counted_before_a_removal_are_enough_after_it(name, bits):
    shares = []
    for design in draw_designs(name, Task(n_classes=10, clip_s=1.0), n=8):
        architecture, dense = design.architecture, count_cost(design.architecture)
        limits = {"max_params": dense.params // 2, "max_macs": None, "is_exact": False}
        pruning = StructuredPruning(**limits)
        with contextlib.suppress(TrainingError):  # norms alone are more than half of it
            smaller, _ = prune_channels(build_model(architecture), **limits)
            left = cost_at_bits(count_cost(smaller), smaller, bits).int8_bytes
            shares.append(left / count_pruned_cost(architecture, pruning, bits=bits).int8_bytes)
    assert len(shares) > 4
    assert 0.6 < max(shares) <= 1


def without(model, groups):
    kept = prune(model).groups_above(0)
    kept[groups] = False
    return kept


def test_groups_above_a_threshold_are_left_when_the_least_important_go_one_by_one():
    model = draw_model(cp_mobile(n_mels=64))
    order, values = prune(model).order()
    n_tried = 0
    for n in range(1, len(order), 40):
        threshold = max(values[:n]) * (1 + 1e-9)
        if values[n] > threshold:
            assert (prune(model).groups_above(threshold) == without(model, order[:n])).all()
            n_tried += 1
    assert n_tried > 2


def test_threshold_lets_the_network_just_fit():
    model = draw_model(cp_mobile(n_mels=64))
    dense = count_cost(model.architecture)
    limits = {"max_params": dense.params // 2, "max_macs": dense.official_macs // 2}
    smaller, state = prune_channels(model, **limits)
    cost = count_cost(smaller)
    assert cost.params <= limits["max_params"]
    assert cost.macs <= cost.official_macs <= limits["max_macs"]
    order, values = prune(model).order()
    kept, threshold = prune(model).groups_within(**limits)
    n_removed = int((~kept).sum())
    assert (kept == without(model, order[:n_removed])).all()
    assert find_threshold(model, **limits) == threshold == max(values[:n_removed])
    before = count_cost(prune(model).shrink_architecture(without(model, order[: n_removed - 1])))
    assert before.params > limits["max_params"] or before.official_macs > limits["max_macs"]
    assert sum(prod(state[name].shape) for name, _ in build_model(smaller).named_parameters()) == cost.params


def test_a_network_that_fits_is_left_as_it_is():
    model = draw_model(cp_mobile(n_mels=64))
    smaller, state = prune_channels(model, max_params=10**9, max_macs=None)
    assert smaller == model.architecture
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_what_can_never_fit_is_an_error():
    with pytest.raises(
        TrainingError, match=r"`max_params` .* but got max_params=10, max_macs=None; the least is [0-9]"
    ):
        prune_channels(draw_model(cp_mobile(n_mels=64)), max_params=10, max_macs=None)


def test_importance_is_the_norm_over_inputs_that_are_still_there():
    architecture = Architecture((Conv(3, 1), Conv(2, 1), Classifier(norm=None)), (1, 4, 4), 10)
    model = draw_model(architecture)
    first, second = (model[index].conv.weight.data for index in (0, 1))
    first[:, 0, 0, 0] = torch.tensor([3.0, 0.1, 2.0])
    second[:, :, 0, 0] = torch.tensor([[0.0, 5.0, 0.3], [0.4, 0.0, 0.3]])
    pruner = prune(model)
    kept = pruner.groups_above(0.2)
    importance = pruner.importance(kept)
    place = {use.layer: pruner.channels.group_of[use.output] for use in pruner.channels.uses if use.is_maker}
    assert kept[place[0]].tolist() == [True, False, True]
    assert importance[place[1]] == pytest.approx([0.3, 0.5])
    assert pruner.groups_above(0.35)[place[1]].tolist() == [True, True]  # the first was the largest at the start
    second[0, 1] = 0.3
    assert prune(model).groups_above(0.35)[place[1]].tolist() == [False, True]


def test_grouped_convolutions_lose_the_same_place_in_each_group():
    stem = Conv(16, 3, padding=1, norm="batch")
    architecture = Architecture((stem, Residual(16, groups=4, roll=True), Classifier()), (1, 8, 8), 10)
    smaller = check_removal(architecture)
    convolutions = [step[0] for step in smaller.layers[1].steps if isinstance(step[0], Convolution)]
    assert all(convolution.groups == 4 for convolution in convolutions)
    assert any(convolution.out_channels < 16 for convolution in convolutions)


def test_unchanged_layers_stay_as_they_were_described():
    layers = (Conv(8, 3, norm="batch"), MaxPool(2), Norm("batch"), Dropout(0), Classifier())
    smaller = check_removal(Architecture(layers, (1, 20, 20), 10))
    assert smaller.layers[1:] == layers[1:]
    assert isinstance(smaller.layers[0], Graph)


def test_channels_that_cannot_be_removed_exactly_stay():
    def changed(*layers, in_shape=(4, 9, 9)):
        architecture = Architecture(layers, in_shape, 10)
        return [
            index for index, layer in enumerate(check_removal(architecture, share=0.9).layers) if layer != layers[index]
        ]

    assert changed(Classifier()) == []  # classes and input
    assert changed(Moments(), Dense(10)) == []
    assert changed(Conv(8, 3, norm="layer"), Classifier()) == []  # the norm of a position reads all channels
    assert changed(Conv(8, 3, norm="batch"), Classifier()) == [0]
    assert changed(Residual(4, (1, 1)), Classifier()) == [0]  # only what lies between its convolutions


def test_pruned_stems_of_inverted_bottlenecks_keep_depthwise_convolutions_depthwise():
    smaller = check_removal(Architecture((Conv(8, 3), InvertedBottleneck(8, expansion=4), Classifier()), (1, 9, 9), 10))
    (depthwise,) = [step[0] for step in smaller.layers[1].steps if getattr(step[0], "groups", 1) > 1]
    assert depthwise.groups == depthwise.out_channels < 32


def test_faus_network_reaches_its_published_size_when_norms_over_channels_may_see_fewer():
    space = load_space("bc_resnet")
    system = space.systems["FAU-Mod-8-192"]
    model = draw_model(space.build(system.candidate, system.task).architecture)
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            nn.init.normal_(parameter)
    limits = {"max_params": 127_840, "max_macs": 17_383_000}
    with pytest.raises(TrainingError, match="must leave room"):
        find_threshold(model, **limits)
    smaller, state = prune_channels(model, **limits, is_exact=False)
    cost = count_cost(smaller)
    assert cost.params <= 127_840
    assert cost.official_macs <= 17_383_000
    assert cost.params > 120_000 or cost.official_macs > 17_000_000
    shrunk = build_model(smaller)
    shrunk.load_state_dict(state)
    assert shrunk(torch.randn(2, *smaller.in_shape)).shape == (2, 10)
    assert parse_architecture(format_architecture(smaller)) == smaller


@pytest.mark.parametrize("layer", [Conv(8, 3, norm="layer"), Norm("layer")], ids=str)
def test_a_norm_over_channels_is_of_those_that_are_left(layer):
    architecture = Architecture((Conv(8, 1), layer, Conv(6, 1, activation="relu"), Classifier()), (1, 6, 6), 10)
    model = draw_model(architecture)
    pruner = prune(model, is_exact=False)
    smaller, state = pruner.shrink(pruner.groups_above(float(np.median(pruner.importance(pruner.groups_above(0))))))
    assert count_cost(smaller).params < count_cost(architecture).params
    norm = build_model(smaller)[1].norm
    assert norm.weight.shape == state["1.norm.weight"].shape
    assert len(norm.weight) < 8


def test_slices_of_channels_keep_what_lies_in_them():
    steps = (
        (ChannelSlice(0, 5), (0,), "first", None),
        (ChannelSlice(5, 8), (0,), "second", None),
        (Convolution(5, 1), (1,), "conv", None),
        (Concatenation(), (2, 3), "both", None),
    )
    smaller = check_removal(Architecture((Conv(8, 3), Graph(steps), Classifier()), (1, 9, 9), 10), share=0.7)
    slices = [step[0] for step in smaller.layers[1].steps[:2]]
    assert slices[0].start == 0 < slices[0].stop == slices[1].start < slices[1].stop < 8
