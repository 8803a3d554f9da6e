"""ONNX models against the network they come from, run by onnxruntime: every layer, every published system."""

from collections import Counter

import onnx
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.errors import ExportError, ModelFileError
from nas_asc.export import build_onnx, count_weight_bytes
from nas_asc.layers import Architecture, AvgPool, Classifier, Conv, InvertedBottleneck, MaxPool, Primitive, format_layer
from nas_asc.models import lower_network
from nas_asc.prediction import run_session
from tests.export.onnx_run import difference, open_session, run
from tests.models.cases import CASES
from tests.models.drawn import draw_model
from tests.models.systems import describe_system, of_every_system

SMALL = Architecture((Conv(8, kernel_size=3, norm="batch"), InvertedBottleneck(8), Classifier()), (1, 16, 12), 10)


def operators(model, tmp_path):
    """How many nodes of each kind remain when onnxruntime has put its integer operators in place."""
    open_session(model, tmp_path / "optimised.onnx")
    return Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)


def check(architecture, *, tolerance):
    model, clips = draw_model(architecture), torch.randn(4, *architecture.in_shape)
    lowered = lower_network(model)
    quantised = quantise_network(lowered, [clips])
    with torch.inference_mode():
        logits, simulated = model(clips), quantised(clips)
    assert difference(run(build_onnx(lowered, bits=32), clips), logits) < 1e-4
    assert difference(run(build_onnx(lowered, bits=16), clips), logits) < 2e-2
    assert difference(run(build_onnx(quantised), clips), simulated) < tolerance


@pytest.mark.parametrize(
    ("layer", "in_shape"), [case[:2] for case in CASES], ids=[format_layer(case[0]) for case in CASES]
)
def test_file_of_a_layer_gives_what_the_layer_gives(layer, in_shape):
    check(Architecture((layer,), in_shape, 10), tolerance=0.03)


@pytest.mark.parametrize("layer", [AvgPool(3), AvgPool(3, 2, 1), MaxPool(3), MaxPool(3, 2, 1)], ids=format_layer)
def test_window_as_large_as_its_map_is_global_only_without_padding(layer):
    check(Architecture((layer,), (4, 3, 3), 10), tolerance=0.03)


@of_every_system
def test_file_of_a_system_gives_what_the_system_gives(space, name):
    check(describe_system(space, name), tolerance=0.25)  # of untrained networks, in which one step grows to many


def test_products_and_sums_are_integer(tmp_path):
    lowered = lower_network(draw_model(SMALL))
    found = operators(build_onnx(quantise_network(lowered, [torch.randn(4, 1, 16, 12)])), tmp_path)
    assert found["QLinearConv"] == 5
    assert found["QLinearAdd"] == 1
    assert found["QLinearGlobalAveragePool"] == 1
    assert found["DequantizeLinear"] == 1  # of the logits
    assert not {"Conv", "Add", "Relu", "GlobalAveragePool"} & set(found)


def test_bytes_follow_from_bits():
    lowered = lower_network(draw_model(SMALL))
    quantised = quantise_network(lowered, [torch.randn(4, 1, 16, 12)])
    convolutions = [step.module for step in lowered.steps if step.primitive.word == "conv"]
    weights = sum(module.weight.numel() for module in convolutions)
    channels = sum(module.out_channels for module in convolutions)
    integers = 8 * 2 + 8  # the shapes of two reshapes, at most
    for bits, expected in ((32, 4 * (weights + channels)), (16, 2 * (weights + channels))):
        assert 0 <= count_weight_bytes(build_onnx(lowered, bits=bits)) - expected <= integers
    # a weight, an int32 bias, its scale, the weights' scale and zero point; a scale and a zero point a value
    expected = weights + (4 + 4 + 4 + 1) * channels
    assert 0 <= count_weight_bytes(build_onnx(quantised)) - expected <= integers + 5 * len(quantised.low)


def test_file_holds_no_trace_of_the_machine():
    lowered = lower_network(draw_model(SMALL))
    model = build_onnx(lowered, bits=32)
    assert not model.metadata_props
    assert not model.doc_string
    assert not model.graph.doc_string
    assert all(not node.doc_string and not node.metadata_props for node in model.graph.node)
    assert [node.name for node in model.graph.node if node.name] == [*(step.name for step in lowered.steps), "logits"]


def test_scales_too_far_apart_for_the_runtime_are_told_and_nothing_is_printed(capfd):
    clips = torch.randn(4, 1, 16, 12)
    quantised = quantise_network(lower_network(draw_model(SMALL)), [clips])
    mean = next(index for index, step in enumerate(quantised.steps, 1) if step.name.endswith("pool"))
    quantised.low[mean], quantised.high[mean] = -5e-6, 5e-6
    with pytest.raises(ModelFileError, match=r"onnxruntime cannot compute one of its steps \(QLinearGlobalAveragePool"):
        run_session(open_session(build_onnx(quantised)), clips.numpy())
    assert capfd.readouterr() == ("", "")


def test_bad_requests_are_told():
    lowered = lower_network(draw_model(SMALL))
    with pytest.raises(ExportError, match="needs ranges for 8 bits"):
        build_onnx(lowered)
    with pytest.raises(ExportError, match="must be 8, 16 or 32, but got bits=4"):
        build_onnx(lowered, bits=4)


def test_primitive_of_ones_own_without_nodes_is_told():
    class Silent(Primitive):
        def out_shape(self, *in_shapes):
            return in_shapes[0]

    with pytest.raises(ExportError, match="`write_nodes` must be defined in Silent"):
        Silent().write_nodes(None, None)
