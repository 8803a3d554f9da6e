"""Time and frequency convolved apart: against sums written out, and how far one layer and two see."""

import torch

from nas_asc.cost import count_cost
from nas_asc.layers import Architecture, TimeFrequencySeparable
from nas_asc.models import build_model


def test_halves_are_convolved_along_their_axis_averaged_mixed_and_added():
    layer = TimeFrequencySeparable(8, norm=None, activation=None)
    network = build_model(Architecture((layer,), (8, 5, 6), 10)).double()
    weights, x = network.state_dict(), torch.randn(2, 8, 5, 6).double()
    rolled = torch.roll(x, 2, dims=1)
    expected = rolled.clone()
    for half, (deep, mix, axis) in enumerate((("conv", "conv2", 2), ("conv3", "conv4", 3))):
        means = torch.zeros(2, 4, 6 if axis == 2 else 5).double()
        for channel in range(4):
            plane = rolled[:, 4 * half + channel]
            before = torch.roll(plane, 1, dims=axis - 1)
            after = torch.roll(plane, -1, dims=axis - 1)
            before.select(axis - 1, 0).zero_()
            after.select(axis - 1, -1).zero_()
            taps = weights[f"0.{deep}.weight"][channel].flatten()
            means[:, channel] = (taps[0] * before + taps[1] * plane + taps[2] * after).mean(axis - 1)
        mixed = torch.einsum("oc,bcn->bon", weights[f"0.{mix}.weight"][:, :, 0, 0], means)
        expected[:, 4 * half : 4 * half + 4] += mixed.unsqueeze(axis)
    torch.testing.assert_close(network(x), expected)


def test_costs_follow_their_closed_form():
    # halves of 16: depthwise 3 on the map, 1x1 on the 11 frames or the 9 bands; four batch norms
    cost = count_cost(Architecture((TimeFrequencySeparable(32),), (32, 9, 11), 10))
    assert cost.params == 2 * (3 * 16 + 16 * 16) + 4 * 2 * 16
    assert cost.macs == 2 * 99 * 3 * 16 + (11 + 9) * 16 * 16


def channels_seen(n_layers):
    torch.manual_seed(0)
    layer = TimeFrequencySeparable(8, norm=None, activation=None)
    network = build_model(Architecture((layer,) * n_layers, (8, 5, 6), 10))
    clip = torch.randn(1, 8, 5, 6, requires_grad=True)
    network(clip)[0, 0].sum().backward()
    return int((clip.grad[0].abs().sum((1, 2)) > 0).sum())


def test_rolling_lets_the_halves_see_one_another():
    assert channels_seen(1) == 4
    assert channels_seen(2) == 8
