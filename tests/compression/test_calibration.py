"""Ranges are those of most clips: one extreme clip does not take the steps of the others."""

import pytest
import torch

from nas_asc.compression import QuantisedNetwork, fit_ranges, measure_saturation, quantise_network
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Flatten, InvertedBottleneck, MaxPool
from nas_asc.models import lower_network
from tests.models.drawn import draw_model

IN_SHAPE = (1, 12, 10)
LAYERS = (Conv(8, 3, norm="batch", activation="relu"), InvertedBottleneck(8), MaxPool(2), Classifier())


def lower(*layers):
    return lower_network(draw_model(Architecture(layers, IN_SHAPE, 10)))


def draw_clips(n):
    return torch.randn(n, *IN_SHAPE, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def lost(lowered, network, clips):
    """Share of the logits' power that 8 bits lose."""
    expected = lowered(clips)
    return float((network(clips) - expected).square().sum() / (expected - expected.mean(0)).square().sum())


def test_one_extreme_clip_among_many_costs_the_others_little():
    lowered, clips = lower(*LAYERS), draw_clips(64)
    common = quantise_network(lowered, [clips])
    mixed = clips.clone()
    mixed[20] *= 100
    found, usual = quantise_network(lowered, [mixed]), lost(lowered, common, draw_clips(64))
    assert lost(lowered, found, draw_clips(64)) < 4 * usual
    widest = QuantisedNetwork(lowered).eval()
    widest.low.copy_(100 * common.low), widest.high.copy_(100 * common.high)
    assert lost(lowered, widest, draw_clips(64)) > 40 * usual  # what it is held against


def test_clips_that_have_much_in_common_keep_their_extremes():
    """A value that takes part in every clip is not cut off, however far out it lies."""
    clips = draw_clips(64)
    clips[:, :, 3, 3] = 9.0
    network = quantise_network(lower(*LAYERS), [clips])
    assert network.range_of(0).scale * (255 - network.range_of(0).zero_point) >= 8.9


def test_order_and_batches_of_the_clips_do_not_matter():
    lowered, clips = lower(*LAYERS), draw_clips(64)
    first = quantise_network(lowered, [clips])
    second = quantise_network(lowered, list(clips.flip(0).split(10)))
    torch.testing.assert_close(first.low, second.low)
    torch.testing.assert_close(first.high, second.high)


def test_ranges_that_were_there_do_not_matter():
    lowered, clips = lower(*LAYERS), draw_clips(64)
    network = quantise_network(lowered, [clips])
    expected = network.high.clone()
    network.high.mul_(3)
    fit_ranges(network, [clips])
    assert torch.equal(network.high, expected)


def test_saturation_is_the_share_of_values_beyond_their_ranges():
    lowered = lower(Flatten(), Dense(5))
    network = quantise_network(lowered, [torch.linspace(-1, 1, 120).reshape(1, *IN_SHAPE)])
    assert measure_saturation(network, [torch.zeros(1, *IN_SHAPE)]) == 0
    network.low[2], network.high[2] = -1e6, 1e6  # of the five logits: none lies beyond
    clip = torch.zeros(1, *IN_SHAPE)
    clip[0, 0, 0, :3] = torch.tensor([1.5, -1.5, 1.001])  # the last rounds to the end of the range
    assert measure_saturation(network, [clip]) == pytest.approx(2 / (120 + 5))


def test_what_a_relu_cuts_off_does_not_count_as_saturated():
    lowered, clips = lower(Conv(8, 3, norm="batch", activation="relu"), Classifier()), draw_clips(4)
    network = quantise_network(lowered, [clips])
    assert float((lowered.steps[0].module(clips) < 0).float().mean()) > 0.2
    assert measure_saturation(network, [clips]) < 0.02
