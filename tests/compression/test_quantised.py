"""Networks in 8 bits: ranges, weights and what passes through, against a loop of integers."""

import numpy as np
import pytest
import torch

from nas_asc.compression import QuantisedNetwork, Range, quantise_network
from nas_asc.compression.quantised import quantise_weight
from nas_asc.errors import CompressionError
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Flatten, MaxPool, Residual
from nas_asc.models import lower_network
from tests.models.drawn import draw_model

IN_SHAPE = (1, 8, 6)


def lower(*layers):
    return lower_network(draw_model(Architecture(layers, IN_SHAPE, 10)))


def test_dense_layer_is_a_sum_of_integers():
    """The definition: integers of inputs and weights multiplied and summed, scaled once, rounded and cut off."""
    lowered, clips = lower(Flatten(), Dense(5)), torch.randn(3, *IN_SHAPE)
    network = quantise_network(lowered, [clips])
    dense, (source, out) = network.steps[-1].module, (network.range_of(1), network.range_of(2))
    x = np.clip(np.rint(clips.flatten(1).numpy() / source.scale) + source.zero_point, 0, 255) - source.zero_point
    scales = np.abs(dense.weight.detach().numpy()).max(axis=1) / 127
    weights = np.rint(dense.weight.detach().numpy() / scales[:, None])
    expected = np.zeros((3, 5))
    for clip in range(3):
        for unit in range(5):
            total = sum(int(a) * int(b) for a, b in zip(x[clip], weights[unit], strict=True))
            value = total * source.scale * scales[unit] + dense.bias[unit].item()
            expected[clip, unit] = np.clip(np.rint(value / out.scale) + out.zero_point, 0, 255) - out.zero_point
    with torch.inference_mode():
        found = network(clips).numpy() / out.scale
    assert np.abs(found - expected).max() < 1.01
    assert np.abs(found - expected).mean() < 0.05


def test_weights_are_rounded_as_with_integer_zero_points():
    """Halves too, of which rounding takes the even neighbour, and the gradient that is cut off beyond the range."""
    scales = torch.rand(16) * 10.0 ** torch.randn(16)
    halves = (torch.randint(-140, 140, (16, 4, 3, 3)) + 0.5) * scales.view(-1, 1, 1, 1)
    weight = torch.cat([halves, torch.randn(16, 4, 3, 3) * 80 * scales.view(-1, 1, 1, 1)], dim=1).requires_grad_()
    zero_points = torch.zeros(16, dtype=torch.int32)
    expected = torch.fake_quantize_per_channel_affine(weight, scales, zero_points, 0, -127, 127)
    found = quantise_weight(weight, scales)
    assert torch.equal(found, expected)
    gradients = [torch.autograd.grad(one.square().sum(), weight)[0] for one in (found, expected)]
    assert torch.equal(*gradients)
    assert (gradients[0] == 0).any()


def test_ranges_are_the_extremes_with_zero():
    network = quantise_network(lower(Flatten(), Dense(5)), [torch.full((1, *IN_SHAPE), 2.0), torch.ones(1, *IN_SHAPE)])
    assert network.range_of(0) == Range(pytest.approx(2 / 255), 0)
    network = quantise_network(lower(Flatten(), Dense(5)), [torch.linspace(-1, 3, 48).reshape(1, *IN_SHAPE)])
    assert network.range_of(0) == Range(pytest.approx(4 / 255), 64)


def test_what_a_relu_alone_reads_has_its_range():
    conv = Conv(4, kernel_size=3, padding=1, norm="batch", activation="relu")
    network = quantise_network(lower(conv, MaxPool(2), Classifier()), [torch.randn(4, *IN_SHAPE)])
    assert [step.name for step in network.steps[:3]] == ["0.conv", "0.activation", "1.pool"]
    assert network.owner(1) == network.owner(2) == network.owner(3) == 2
    assert network.range_of(1).zero_point == 0


def test_what_others_read_too_keeps_its_own_range():
    network = quantise_network(lower(Conv(4, kernel_size=1), Residual(4), Classifier()), [torch.randn(4, *IN_SHAPE)])
    assert network.owner(1) == 1  # the residual's convolution and its shortcut read it


def test_bias_beyond_int32_makes_the_weights_coarser():
    lowered = lower(Flatten(), Dense(5))
    dense = lowered.steps[-1].module
    with torch.no_grad():
        dense.weight[0], dense.bias[0] = 1e-7, 50.0
    network = quantise_network(lowered, [torch.randn(4, *IN_SHAPE)])
    steps = dense.bias.double() / (network.weight_scales(dense).double() * network.range_of(1).scale)
    assert steps.abs().max() <= 2**30 * 1.0001
    assert torch.isclose(network(torch.randn(1, *IN_SHAPE))[0, 0], torch.tensor(50.0), atol=network.range_of(2).scale)


def test_value_that_is_always_zero_has_a_range():
    network = quantise_network(lower(Flatten(), Dense(5, activation="relu")), [torch.zeros(1, *IN_SHAPE)])
    assert network.range_of(0) == Range(1.0, 0)


def test_gradients_pass_as_through_float():
    lowered, clips = lower(Conv(4, kernel_size=3, norm="batch"), Classifier()), torch.randn(4, *IN_SHAPE)
    network = quantise_network(lowered, [clips])
    found = torch.autograd.grad(network(clips)[:, 0].sum(), lowered.steps[0].module.weight)[0]
    expected = torch.autograd.grad(lowered(clips)[:, 0].sum(), lowered.steps[0].module.weight)[0]
    assert torch.nn.functional.cosine_similarity(found.flatten(), expected.flatten(), dim=0) > 0.98


def test_ranges_follow_training_with_a_momentum():
    network = quantise_network(lower(Flatten(), Dense(5)), [torch.ones(1, *IN_SHAPE)])
    network.momentum = 0.5
    network.train()(torch.full((1, *IN_SHAPE), 3.0))
    assert network.range_of(0).scale == pytest.approx(2 / 255)
    network.eval()(torch.full((1, *IN_SHAPE), 9.0))
    assert network.range_of(0).scale == pytest.approx(2 / 255)


def test_calibration_without_clips_is_told():
    with pytest.raises(CompressionError, match="calibration needs clips"):
        quantise_network(lower(Flatten(), Dense(5)), [])


def test_uncalibrated_network_shares_the_modules():
    lowered = lower(Flatten(), Dense(5))
    assert QuantisedNetwork(lowered).steps[-1].module is lowered.steps[-1].module
