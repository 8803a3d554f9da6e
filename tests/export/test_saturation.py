"""Sums that saturate on processors without 8-bit dot products, against a loop over pairs of products."""

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.export import measure_saturating_sums
from nas_asc.export.saturation import find_saturating
from nas_asc.layers import Architecture, Conv, Dense, Flatten
from nas_asc.models import lower_network
from tests.models.drawn import draw_model


@pytest.mark.parametrize("n", [6, 7])
def test_pairs_saturate_as_in_a_loop(n):
    rng = np.random.default_rng(n)
    values = rng.integers(0, 256, (n, 9)).astype(np.uint8)
    weights = rng.choice([-127, -100, -64, 0, 64, 65, 100, 127], (5, n)).astype(np.int8)
    found = find_saturating(values, weights)
    for row in range(5):
        for place in range(9):
            products = [int(a) * int(b) for a, b in zip(values[:, place], weights[row], strict=True)] + [0]
            sums = [products[start] + products[start + 1] for start in range(0, n, 2)]
            assert found[row, place] == any(not -32768 <= one <= 32767 for one in sums)
    assert found.any()
    assert not found.all()


def convolve(layer, clip, weights):
    """Share of saturating sums of one convolution, whose weights are given in steps."""
    lowered = lower_network(draw_model(Architecture((layer,), tuple(clip.shape[1:]), 10)))
    module = lowered.steps[0].module
    with torch.no_grad():
        module.weight.copy_(torch.as_tensor(weights, dtype=torch.float32).broadcast_to(module.weight.shape))
    return measure_saturating_sums(quantise_network(lowered, [clip]), [clip])


def test_channels_at_one_place_are_neighbours():
    """Two channels at full scale saturate; one of them at 0, or one channel alone, does not."""
    clip = torch.ones(1, 2, 4, 4)
    assert convolve(Conv(3, 1), clip, 1.0) == 1
    clip[:, 1] = 0
    assert convolve(Conv(3, 1), clip, 1.0) == 0
    assert convolve(Conv(2, 3, groups=2), torch.ones(1, 2, 4, 4), 1.0) == 0  # of single channels, which are exact
    assert convolve(Conv(2, 1, groups=1), torch.ones(1, 1, 4, 4), 1.0) == 0


def test_padding_counts_as_zero_of_the_value():
    clip = torch.ones(1, 2, 3, 3)
    weights = torch.zeros(1, 2, 3, 3)
    weights[:, :, 0, 0] = 1.0  # reads the place above and to the left
    assert convolve(Conv(1, 3, padding=1), clip, weights) == pytest.approx(4 / 9)


def test_dense_layers_count_too():
    lowered = lower_network(draw_model(Architecture((Flatten(), Dense(4)), (1, 2, 2), 4)))
    with torch.no_grad():
        lowered.steps[-1].module.weight.fill_(-1.0)
    clip = torch.ones(1, 1, 2, 2)
    assert measure_saturating_sums(quantise_network(lowered, [clip]), [clip]) == 1
