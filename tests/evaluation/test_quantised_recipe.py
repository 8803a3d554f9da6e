"""A recipe with training in 8 bits: the network in float as without it, a file of the weights trained in 8 bits."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from nas_asc.clock import TimeLimit
from nas_asc.cost import count_cost, count_nonzero, list_kernels
from nas_asc.errors import CompressionError, ExportError
from nas_asc.evaluation import Member, evaluate_candidate, export_network, join_networks, train_design
from nas_asc.evaluation.quantised_state import has_quantised_weights, load_quantised_weights, quantised_weights
from nas_asc.evaluation.quantised_training import quantise, train_quantised
from nas_asc.export import build_onnx
from nas_asc.layers import (
    Architecture,
    BroadcastResidual,
    Classifier,
    Conv,
    Dense,
    Ensemble,
    InvertedBottleneck,
    Moments,
    SharedResidual,
)
from nas_asc.models import lower_network
from nas_asc.recipe import MagnitudePruning, OneShotPruning, PolynomialPruning, QuantisedTraining, StructuredPruning
from nas_asc.training import DeadlineError, Run
from tests.clocks import ManualClock
from tests.evaluation.brief import with_epochs
from tests.models.drawn import draw_model

pytest_plugins = ["tests.evaluation.tones"]
QAT = QuantisedTraining(0.25)
SEEDED = Run(seed=1)


def evaluate(design, prepared, run=SEEDED):
    return evaluate_candidate(design, prepared, run)


def export(path, network, design, prepared, **options):
    return export_network(path / "network.onnx", network, prepared, recipe=design.recipe, name="network", **options)


def without_integers(network):
    """The network without the weights that were trained in 8 bits."""
    state = {name: value for name, value in network.state.items() if not name.startswith("int8.")}
    return replace(network, state=state)


def integers(path):
    """The int8 constants of two dimensions or more: the weights."""
    tensors = map(numpy_helper.to_array, onnx.load(path).graph.initializer)
    return [tensor for tensor in tensors if tensor.dtype == np.int8 and tensor.ndim > 1]


@pytest.fixture(scope="module")
def design(make_design):
    return make_design(quantisation=QAT)


@pytest.fixture(scope="module")
def outcome(design, prepared):
    """The design trained, 8 epochs in float and 2 in 8 bits."""
    return evaluate(design, prepared)


def test_network_in_float_is_that_without_training_in_8_bits(outcome, prepared, make_design):
    plain = evaluate(make_design(), prepared)
    assert outcome.scores == plain.scores
    assert outcome.network.nonzero_params == plain.network.nonzero_params
    assert all(torch.equal(outcome.network.state[name], value) for name, value in plain.network.state.items())
    assert has_quantised_weights(outcome.network.state)
    assert not has_quantised_weights(plain.network.state)


def test_learning_curve_goes_on_in_8_bits(design, prepared):
    rows = []
    outcome = evaluate(with_epochs(design, 4), prepared, replace(SEEDED, on_epoch=rows.append))
    assert [row.epoch for row in rows] == [row.epoch for row in outcome.curve] == [1, 2, 3, 4, 5]
    assert len(rows) == design.recipe.n_curve_epochs(4) == design.recipe.n_passes(4)
    assert rows[4].learning_rate < 0.05 * 0.01


def test_file_is_that_of_the_training_done_by_hand(outcome, design, prepared, tmp_path):
    exported = export(tmp_path, outcome.network, design, prepared)
    network, mean, std = outcome.network.load()
    clips = prepared.train_clips(outcome.network.log_mel)
    assert torch.equal(clips.mean, mean)
    assert torch.equal(clips.std, std)
    lowered = lower_network(network)
    train_quantised(lowered, clips, SEEDED, recipe=design.recipe, epochs=2)
    assert exported.qat_epochs == 2
    by_hand = build_onnx(quantise(lowered, clips, recipe=design.recipe), bits=8)
    tensors = [numpy_helper.to_array(tensor) for tensor in by_hand.graph.initializer]
    weights = [tensor for tensor in tensors if tensor.dtype == np.int8 and tensor.ndim > 1]
    found = integers(exported.path)
    assert len(found) == len(weights) > 3
    assert all(np.array_equal(one, other) for one, other in zip(found, weights, strict=True))


def test_the_same_state_gives_the_same_file(outcome, design, prepared, tmp_path):
    once = export(tmp_path / "once", outcome.network, design, prepared).path.read_bytes()
    twice = export(tmp_path / "twice", outcome.network, design, prepared).path.read_bytes()
    other = export(tmp_path / "plain", without_integers(outcome.network), design, prepared)
    assert once == twice != other.path.read_bytes()
    assert other.qat_epochs == 0


def test_file_in_float_is_the_network_in_float(outcome, design, prepared, tmp_path):
    exported = export(tmp_path, outcome.network, design, prepared, bits=32)
    assert exported.scores.log_loss == pytest.approx(outcome.scores.log_loss, abs=1e-4)
    assert exported.qat_epochs == 0


def test_it_is_not_trained_in_8_bits_twice(outcome, design, prepared, tmp_path):
    with pytest.raises(ExportError, match="its recipe trained the network in 8 bits already, 2 epochs"):
        export(tmp_path, outcome.network, design, prepared, qat_epochs=1)


def test_last_training_is_in_8_bits_too(design, prepared):
    clips = prepared.development_clips(design.log_mel)
    assert has_quantised_weights(train_design(with_epochs(design, 1), clips, SEEDED).network.state)


def test_deadline_holds_in_8_bits(design, prepared):
    reached, clock = [], ManualClock()

    def let_time_pass(row):
        reached.append(row.epoch)
        if row.epoch == 2:
            clock.seconds = 1_001.0

    run = replace(SEEDED, limit=TimeLimit(1_000.0, clock), on_epoch=let_time_pass)
    with pytest.raises(DeadlineError, match="in epoch 1 of 1"):
        evaluate(with_epochs(design, 2), prepared, run)
    assert reached == [1, 2]


@pytest.mark.parametrize("pruning", [MagnitudePruning(400), PolynomialPruning(0.7), OneShotPruning(0.5)], ids=str)
def test_masked_weights_are_zeros_of_the_file(pruning, prepared, make_design, tmp_path):
    design = make_design(pruning=pruning, quantisation=QAT)
    outcome = evaluate(design, prepared)
    kernels = list_kernels(outcome.network.architecture)
    masked = [outcome.network.state[f"{kernel.layer}.{kernel.operation}.weight"].numpy() == 0 for kernel in kernels]
    found = integers(export(tmp_path, outcome.network, design, prepared).path)
    assert sum(map(np.sum, masked)) == count_cost(design.architecture).all_params - count_nonzero(
        design.architecture, pruning
    )
    assert [tensor.size for tensor in found] == [kernel.size for kernel in kernels]
    for tensor, mask in zip(found, masked, strict=True):
        assert not tensor.reshape(mask.shape)[mask].any()
        assert tensor.any()


def test_removed_channels_are_not_in_the_file(prepared, make_design, tmp_path):
    dense = count_cost(make_design().architecture)
    design = make_design(pruning=StructuredPruning(dense.params // 2, None, 0.5), quantisation=QAT)
    outcome = evaluate(design, prepared)
    architecture = outcome.network.architecture
    cost = count_cost(architecture)
    exported = export(tmp_path, outcome.network, design, prepared)
    found = integers(exported.path)
    assert cost.params <= dense.params // 2
    assert sum(tensor.size for tensor in found) == sum(kernel.size for kernel in list_kernels(architecture))
    assert sum(tensor.size for tensor in found) < cost.params
    assert exported.cost["params"] == cost.params
    assert exported.scores.accuracy > 0.6


LAYERS = [
    (Conv(6, kernel_size=3, stride=2, norm="batch", activation="prelu"), SharedResidual(2), Classifier()),
    (Conv(4, kernel_size=3, stride=(3, 1), padding=1, norm="batch"), BroadcastResidual(8, n_bands=2), Classifier()),
    (Ensemble(((Moments(("mean",)), Dense(5)), (InvertedBottleneck(8), Classifier())), "logits"),),
]


@pytest.mark.parametrize("layers", LAYERS, ids=["shared", "sub-bands", "tandem"])
def test_weights_of_every_step_are_stored_and_found_again(layers):
    architecture, clips = Architecture(layers, (1, 12, 9), 5), torch.randn(4, 1, 12, 9)
    trained = lower_network(draw_model(architecture))
    plain = lower_network(draw_model(architecture))
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(torch.randn_like(parameter))
    state = quantised_weights(trained)
    assert sum(value.numel() for value in state.values()) == sum(value.numel() for value in trained.parameters())
    load_quantised_weights(plain, state)
    with torch.inference_mode():
        assert torch.equal(plain(clips), trained(clips))


def test_joined_networks_keep_their_weights_in_8_bits(outcome):
    networks = [outcome.network, without_integers(outcome.network)]
    whole = join_networks([Member(number, network, outcome.probabilities) for number, network in enumerate(networks)])
    joined = lower_network(whole.load()[0])
    load_quantised_weights(joined, whole.state)
    alone = [lower_network(network.load()[0]) for network in networks]
    load_quantised_weights(alone[0], outcome.network.state)
    clips = torch.randn(3, *whole.architecture.in_shape)
    with torch.inference_mode():
        expected = sum(network(clips).softmax(dim=1) for network in alone) / 2
        assert torch.allclose(joined(clips).softmax(dim=1), expected, atol=1e-5)


def test_weights_of_another_network_are_refused(outcome):
    other = lower_network(draw_model(Architecture((Conv(4, kernel_size=3), Classifier()), (1, 12, 9), 5)))
    with pytest.raises(CompressionError, match=r"int8\.0\.conv\.weight of shape \(8, 1, 3, 3\) has no place"):
        load_quantised_weights(other, outcome.network.state)
