"""Bytes of a network at 16 and 32 bits, against its folded module and its file."""

import pytest

from nas_asc.cost import cost_at_bits, count_cost, count_pruned_cost
from nas_asc.export import build_onnx, count_weight_bytes
from nas_asc.layers import Architecture, Classifier, Conv, InvertedBottleneck, format_layer
from nas_asc.models import build_model, fold_norms, lower_network
from nas_asc.recipe import StructuredPruning
from tests.models.cases import CASES
from tests.models.drawn import draw_model

NETWORK = Architecture(
    (Conv(8, 3, 2, "same", norm="batch", activation="relu"), InvertedBottleneck(8, branches=1), Classifier()),
    (1, 32, 40),
    10,
)


@pytest.mark.parametrize(("layer", "in_shape", "_"), CASES, ids=[format_layer(layer) for layer, _, _ in CASES])
def test_bytes_are_those_of_the_folded_module(layer, in_shape, _):
    architecture = Architecture((layer,), in_shape, 10)
    folded = fold_norms(build_model(architecture))
    if any(hasattr(module, "running_var") for module in folded.modules()):
        pytest.skip("a norm that does not fold becomes a convolution in the file alone")
    n_values = sum(value.numel() for value in folded.parameters())
    cost = count_cost(architecture)
    assert [cost_at_bits(cost, architecture, bits).int8_bytes for bits in (16, 32)] == [2 * n_values, 4 * n_values]


@pytest.mark.parametrize("bits", [16, 32])
def test_bytes_are_those_of_the_file(bits):
    model = build_onnx(lower_network(draw_model(NETWORK)), bits=bits)  # equal constants would be stored once
    expected = cost_at_bits(count_cost(NETWORK), NETWORK, bits).int8_bytes
    assert 0 <= count_weight_bytes(model) - expected <= 8 * 4  # shapes of reshapes


def test_activations_take_as_many_bytes_and_nothing_else_changes():
    cost = count_cost(NETWORK)
    for bits in (16, 32):
        found = cost_at_bits(cost, NETWORK, bits)
        assert found.peak_ram_bytes == bits // 8 * cost.peak_ram_bytes
        assert (found.params, found.macs, found.official_macs) == (cost.params, cost.macs, cost.official_macs)
        assert found.bits == bits


def test_without_a_precision_of_its_own_a_cost_is_what_it_was():
    cost = count_cost(NETWORK)
    assert cost_at_bits(cost, NETWORK, None) == cost
    assert cost_at_bits(cost, NETWORK, 8).int8_bytes == cost.int8_bytes
    assert type(cost).from_dict({name: value for name, value in cost.to_dict().items() if name != "bits"}) == cost


def test_pruned_cost_has_the_precision_too():
    pruning = StructuredPruning(500, None)
    assert count_pruned_cost(NETWORK, pruning, bits=16).bits == 16
    assert count_pruned_cost(NETWORK, pruning, bits=16).params == 500
    assert count_pruned_cost(NETWORK, None, bits=16) == cost_at_bits(count_cost(NETWORK), NETWORK, 16)
