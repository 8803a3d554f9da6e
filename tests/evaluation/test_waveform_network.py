"""A trained network with its front end: it gives the probabilities of the trial, and is a module like others."""

import copy

import numpy as np
import pytest
import torch
import torchinfo

from nas_asc.cost import count_cost
from nas_asc.errors import FrontEndError
from nas_asc.evaluation import WaveformNetwork, evaluate_candidate
from nas_asc.models import count_module
from nas_asc.training import Run

pytest_plugins = ["tests.evaluation.tones"]


@pytest.fixture(scope="module")
def outcome(prepared, make_design):
    return evaluate_candidate(make_design(epochs=3), prepared, Run())


@pytest.fixture
def module(outcome):
    return WaveformNetwork(outcome.network)


@pytest.fixture(scope="module")
def waveforms(prepared):
    """Of the validation clips."""
    return torch.from_numpy(np.stack([prepared.data_set.read(row)[0][0] for row in prepared.split.validation]))


@torch.no_grad()
def listen(module, waveforms):
    return module(waveforms).float().softmax(dim=1).numpy()


def test_probabilities_are_those_of_the_trial(module, outcome, waveforms):
    found = listen(module, waveforms)
    np.testing.assert_allclose(found, outcome.probabilities, atol=5e-3)  # of features that were kept in float16
    assert np.ptp(outcome.probabilities, axis=0).min() > 0.1
    np.testing.assert_array_equal(found, listen(module, waveforms[:, None]))


def test_copies_and_states_give_the_same(module, outcome, waveforms):
    expected = listen(module, waveforms)
    copied = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    np.testing.assert_array_equal(listen(copied, waveforms), expected)
    assert np.abs(listen(module, waveforms) - expected).max() > 0.1
    module.mean.zero_()
    module.load_state_dict(copied.state_dict())
    np.testing.assert_array_equal(listen(module, waveforms), expected)


def test_half_precision_and_back_hears_the_same(module, waveforms):
    expected = listen(module, waveforms)
    assert module.half()(waveforms).dtype == torch.float16
    np.testing.assert_allclose(listen(module, waveforms), expected, atol=0.02)
    assert module.float()(waveforms.double()).dtype == torch.float32
    np.testing.assert_allclose(listen(module, waveforms), expected, atol=0.02)


def test_gradients_reach_weights_and_waveforms(module, waveforms):
    sound = waveforms[:4].clone().requires_grad_()
    module(sound).logsumexp(dim=1).sum().backward()
    assert sound.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_counters_of_others_count_what_count_counts(module, waveforms):
    cost = count_cost(module.architecture)
    summary = torchinfo.summary(module, input_data=waveforms[:1], verbose=0)
    assert summary.total_params == cost.params
    assert summary.total_mult_adds == cost.official_macs
    assert summary.total_param_bytes == 4 * cost.params
    assert count_module(module.network, module.architecture.in_shape).macs == cost.macs
    for kind, n_bytes in ((torch.float16, 2), (torch.float32, 4)):
        kept = [value for value in module.to(kind).network.state_dict().values() if value.is_floating_point()]
        assert sum(value.nbytes for value in kept) == n_bytes * cost.all_params


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 4_000 - 1_000), r"must give log-mels of \(1, 32, 21\), but give \(1, 32, 16\)"),
        ((2, 2, 4_000), r"must be \(B, N\) or \(B, 1, N\), but got shape \(2, 2, 4000\)"),
        ((4_000,), r"must be \(B, N\) or \(B, 1, N\), but got shape \(4000,\)"),
    ],
    ids=str,
)
def test_other_shapes_are_told(module, shape, message):
    with pytest.raises(FrontEndError, match=message):
        module(torch.zeros(shape))
