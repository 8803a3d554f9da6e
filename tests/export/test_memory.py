"""Peak memory: the static rule against the graph of the file, and the graph against TensorFlow Lite Micro's arena."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.compression import quantise_network
from nas_asc.cost import Lifetime, count_cost, plan_memory
from nas_asc.export import build_tflite
from nas_asc.layers import Architecture, BasicBlock, format_layer
from nas_asc.models import lower_network
from nas_asc.prediction import MicroFile
from tests.export.tflite import ABLE, needs_runtime
from tests.models.drawn import draw_model
from tests.models.systems import describe_system, of_every_system

NOT_COUNTED = {"PAD", "PADV2", "DEQUANTIZE"}  # zeros around a strided input, and float32
REORDERED = ("AttentivePool", "Flatten()")  # copies of a map, channels first
ALIGNMENT = 16


@cache
def build(architecture):
    torch.manual_seed(0)
    network = quantise_network(lower_network(draw_model(architecture)), [torch.randn(1, *architecture.in_shape)])
    return build_tflite(network)


def is_counted(file, name=""):
    """Whether the static rule counts all that the file holds."""
    return not NOT_COUNTED & set(file.model.kinds) and not name.startswith(REORDERED)


@pytest.mark.parametrize(("layer", "in_shape"), ABLE, ids=[format_layer(case[0]) for case in ABLE])
def test_static_peak_of_a_layer_is_that_of_its_file(layer, in_shape):
    architecture = Architecture((layer,), in_shape, 10)
    file, static = build(architecture), count_cost(architecture).peak_ram_bytes
    assert file.peak_bytes == static if is_counted(file, format_layer(layer)) else file.peak_bytes >= static


def test_most_layers_are_counted_in_full():
    counted = [is_counted(build(Architecture((layer,), shape, 10)), format_layer(layer)) for layer, shape in ABLE]
    assert np.mean(counted) > 0.6


@of_every_system
@pytest.mark.slow
def test_arena_of_a_system_is_its_static_peak(space, name):
    needs_runtime()
    architecture = describe_system(space, name)
    file, static = build(architecture), count_cost(architecture).peak_ram_bytes
    activations = MicroFile(file.to_bytes()).arena.activations
    assert activations == pytest.approx(file.peak_bytes, rel=0.05)  # what is not counted is in the graph, and known
    if "DEQUANTIZE" in file.model.kinds or name.startswith("NTU-Inception"):  # which pads where it is largest
        assert file.peak_bytes >= static
    else:
        assert activations == pytest.approx(static, rel=0.05)


def test_plan_of_the_file_leaves_no_gaps_where_the_runtime_leaves_some():
    needs_runtime()
    file = build(Architecture((BasicBlock(12, kernel_size=5, norm=None, first_activation=False),), (8, 9, 11), 10))
    content = file.to_bytes()
    unplanned = content.replace(b"OfflineMemoryAllocation", b"NoPlanOfTheMemory------")
    assert MicroFile(content).arena.activations - file.peak_bytes < 4 * ALIGNMENT
    assert MicroFile(unplanned).arena.activations > 1.2 * file.peak_bytes


lifetimes = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=14)


@given(lifetimes)
@settings(max_examples=100, deadline=None)
def test_no_two_tensors_lie_on_one_another_while_both_live(drawn):
    tensors = [Lifetime(number, size, first, first + long) for number, (size, first, long) in enumerate(drawn)]
    offsets = plan_memory(tensors)
    for step in range(20):
        live = [one for one in tensors if one.first <= step <= one.last]
        places = [place for one in live for place in range(offsets[one.tensor], offsets[one.tensor] + one.size)]
        assert len(places) == len(set(places))
    assert all(offset % ALIGNMENT == 0 for offset in offsets.values())
    assert max(offsets.values()) <= sum(one.size + ALIGNMENT for one in tensors)
