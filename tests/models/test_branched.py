"""Branches that are trained side by side give what the one convolution gives into which they fold."""

import itertools

import pytest
import torch
from torch import nn

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Architecture,
    BranchedConvolution,
    Classifier,
    Conv,
    Convolution,
    InvertedBottleneck,
    expand_layer,
)
from nas_asc.models import build_model, count_module, fold_branches, lower_network

SHAPES = list(itertools.product((1, 3, (3, 5), (1, 7)), (1, 2, (2, 1)), (1, 2, 8), (1, 3)))


def train_a_little(model):
    """Norms with statistics of some batches, and weights, scales and biases at no special value."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3 + 0.2
    model.train()
    for _ in range(5):
        model(3 * torch.randn(8, *model.architecture.in_shape, generator=generator) + 1)
    return model.eval()


def difference(model, other):
    clips = torch.randn(6, *model.architecture.in_shape, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected, found = model(clips), other(clips)
    return ((found - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize(("kernel_size", "stride", "groups", "branches"), SHAPES)
def test_one_convolution_gives_what_its_branches_give(kernel_size, stride, groups, branches):
    layer = Conv(8, kernel_size, stride, "same", groups, norm="batch", activation="relu", branches=branches)
    model = train_a_little(build_model(Architecture((layer,), (8, 10, 13), 10)))
    folded = fold_branches(model)
    assert [type(module) for module in folded[0].children()] == [nn.Conv2d, nn.ReLU]
    assert difference(model, folded) < 1e-5


def test_whole_network_gives_the_same_after_folding_and_lowering():
    layers = (
        Conv(8, 3, 2, "same", norm="batch", activation="relu", branches=2),
        InvertedBottleneck(8, branches=1),
        InvertedBottleneck(16, stride=2, branches=3, activation="silu"),
        Classifier(),
    )
    model = train_a_little(build_model(Architecture(layers, (1, 32, 40), 10)))
    assert difference(model, fold_branches(model)) < 1e-5
    lowered = lower_network(model)
    assert difference(model, lowered) < 1e-5
    assert not any(isinstance(step.primitive, BranchedConvolution) for step in lowered.steps)
    assert [step.name for step in lowered.steps if isinstance(step.primitive, Convolution)][:3] == [
        "0.conv",
        "1.conv",
        "1.conv2",
    ]


def test_sum_of_branches_is_the_sum_written_out():
    layer = Conv(6, 3, padding="same", groups=2, norm="batch", branches=2)
    model = train_a_little(build_model(Architecture((layer,), (6, 7, 9), 10)))
    branched, x = model[0].conv, torch.randn(2, 6, 7, 9)
    (wide, other, narrow), norms = branched.convolutions, branched.norms
    assert [tuple(conv.kernel_size) for conv in (wide, other, narrow)] == [(3, 3), (3, 3), (1, 1)]
    expected = norms[0](wide(x)) + norms[1](other(x)) + norms[2](narrow(x)) + branched.identity_norm(x)
    torch.testing.assert_close(model(x), expected)


def test_costs_are_those_of_one_convolution_with_a_bias_and_training_has_more_parameters():
    branched = Conv(8, 3, padding="same", norm="batch", activation="relu", branches=2)
    plain = Conv(8, 3, padding="same", bias=True, activation="relu")
    ends = (Conv(8, 3, 2), Classifier())
    found, expected = (Architecture((ends[0], layer, ends[1]), (1, 32, 40), 10) for layer in (branched, plain))
    assert count_cost(found) == count_cost(expected)
    trained, deployed = (count_module(model, (1, 32, 40)) for model in (build_model(found), build_model(expected)))
    kernels_norms = (2 * 8 * 8 * 9 + 8 * 8) + 4 * 2 * 8
    assert trained.params - deployed.params == kernels_norms - (8 * 8 * 9 + 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "layer"}, r"`norm` must be \"batch\" for `branches`, but got norm='layer'"),
        ({"norm": None}, r"`norm` must be \"batch\" for `branches`, but got norm=None"),
        ({"kernel_size": 4}, "`kernel_size` must be odd for `branches`, but got kernel_size=4"),
        ({"padding": 0}, r"`padding` must be \"same\" for `branches`, but got padding=0"),
        ({"bias": True}, "`bias` must be False for `branches`, but got bias=True"),
        ({"damping": 0.1}, "`damping` must be None for `branches`, but got damping=0.1"),
        ({"branches": 0}, "`branches` must be a whole number of 1 or more, but got branches=0"),
    ],
)
def test_what_cannot_fold_is_refused(options, message):
    arguments = {"out_channels": 8, "kernel_size": 3, "padding": 1, "norm": "batch", "branches": 1}
    with pytest.raises(LayerError, match=message):
        Conv(**(arguments | options))


def test_bottleneck_without_batch_norms_cannot_fold():
    with pytest.raises(LayerError, match=r"`norm` must be .* got norm='layer', in InvertedBottleneck"):
        InvertedBottleneck(8, norm="layer", branches=1)


def test_input_is_a_branch_only_where_shapes_agree():
    primitive = BranchedConvolution(8, 3, stride=2, identity=True)
    with pytest.raises(LayerError, match=r"`identity` must be False where \(8, 9, 11\) becomes \(8, 5, 6\)"):
        primitive.out_shape((8, 9, 11))
    layer = Conv(8, 3, 2, "same", norm="batch", branches=1)
    assert not expand_layer(layer, (8, 9, 11), 10).operations[0].primitive.identity
