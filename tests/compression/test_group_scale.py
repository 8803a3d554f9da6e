"""Moments standardised before they become integers: by their own statistics, at no change of what is computed."""

import copy

import numpy as np
import pytest
import torch

from nas_asc.compression import QuantisedNetwork, fit_ranges, measure_noise, quantise_network
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Ensemble, Moments, Norm
from nas_asc.models import GroupScale, lower_network
from tests.models.drawn import draw_model

IN_SHAPE = (1, 8, 40)


def draw_clips(n=64):
    """Bands that now and then burst, so that the fifth moment is tens of times the first."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(n, *IN_SHAPE, generator=generator)
    return noise + 8 * noise.abs().amax(3, keepdim=True) * (torch.rand(noise.shape, generator=generator) > 0.98)


def lower(*layers):
    return lower_network(draw_model(Architecture(layers, IN_SHAPE, 10)))


def find_scale(network):
    return next(step for step in network.steps if isinstance(step.module, GroupScale))


def relative_error(logits, expected):
    """Error as a share of the logits' deviation."""
    return ((logits - expected).square().mean() / expected.var()).sqrt().item()


def test_each_moment_is_standardised_by_its_own_statistics():
    clips, lowered = draw_clips(), lower(Moments(), Dense(10))
    scale = find_scale(quantise_network(lowered, [clips[:40], clips[40:]])).module
    x = clips[:, 0].double().numpy()
    mean, std = x.mean(axis=2), np.sqrt(x.var(axis=2) + 1e-5)
    standard = (x - mean[..., None]) / std[..., None]
    moments = [mean, x.var(axis=2), *((standard**order).mean(axis=2) for order in (3, 4, 5))]
    assert scale.shift.numpy() == pytest.approx([values.mean() for values in moments], rel=1e-4, abs=1e-5)
    assert scale.scale.numpy() == pytest.approx([values.std() for values in moments], rel=1e-4)


@pytest.mark.parametrize(
    "layers",
    [
        (Moments(), Dense(10)),
        (Moments(), Dense(10, bias=False)),
        (Moments(("mean", "hyperskewness")), Dense(6, activation="relu"), Dense(10)),
        (Moments(), Norm(), Dense(10)),
        (Ensemble(((Moments(), Dense(10)), (Conv(4, kernel_size=3), Classifier())), merge="logits"),),
    ],
)
def test_network_computes_what_it_computed(layers):
    clips, lowered = draw_clips(), lower(*layers)
    with torch.no_grad():
        expected = lowered(clips)
        for _ in range(2):  # the second time from scales that are not 1
            quantise_network(lowered, [clips])
            assert torch.allclose(lowered(clips), expected, atol=1e-4 * expected.abs().max().item())
            clips, expected = clips[:32], expected[:32]


def test_scale_that_a_norm_reads_is_left_alone():
    quantised = quantise_network(lower(Moments(), Norm(), Dense(10)), [draw_clips()])
    assert (find_scale(quantised).module.scale == 1).all()


def test_without_biases_nothing_is_subtracted():
    module = find_scale(quantise_network(lower(Moments(), Dense(10, bias=False)), [draw_clips()])).module
    assert (module.shift == 0).all()
    assert (module.scale != 1).all()


def test_moments_that_never_change_keep_their_scale():
    quantised = quantise_network(lower(Moments(("variance",)), Dense(10)), [torch.ones(4, *IN_SHAPE)])
    assert find_scale(quantised).module.scale.tolist() == [1]


def test_moments_stay_in_float_until_they_are_scaled():
    quantised = quantise_network(lower(Moments(), Dense(10)), [draw_clips()])
    assert [quantised.owner(index) for index in range(4)] == [0, None, 2, 3]
    assert {noise.name for noise in measure_noise(quantised, draw_clips(4))} == {"input", "0.moments.scale", "1.dense"}


def test_error_falls_to_a_third_of_what_one_range_leaves():
    clips, lowered = draw_clips(), lower(Moments(), Dense(10))
    with torch.no_grad():
        lowered.steps[-1].module.weight /= lowered.steps[0].module(clips).std(dim=0)  # each moment matters as much
        expected = lowered(clips)
        one_range = QuantisedNetwork(copy.deepcopy(lowered)).eval()
        fit_ranges(one_range, [clips])
        before = relative_error(one_range(clips), expected)
        assert relative_error(quantise_network(lowered, [clips])(clips), expected) < before / 3
