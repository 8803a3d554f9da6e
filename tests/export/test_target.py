"""What a target cannot run as integers, held to onnxruntime's own graph of each layer's int8 file."""

import onnx
import onnxruntime
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.cost import list_obstacles
from nas_asc.export import build_onnx, measure_integer_share
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Ensemble, Moments, Norm, format_layer
from nas_asc.models import lower_network
from tests.models.cases import CASES, embed
from tests.models.drawn import draw_model

MERGED = Ensemble(((Classifier(),), (Conv(6, kernel_size=3), Classifier())))
# a case that averages probabilities, before which there is nothing to quantise, is tried at the end of a network
EMBEDDED = [case for case in CASES if "mean of probabilities" not in str(list_obstacles(embed(*case), "onnxruntime"))]


def measure(architecture, folder):
    """Share of the products that onnxruntime computes in integers, and what reads floats made of inner integers."""
    quantised = quantise_network(lower_network(draw_model(architecture)), [torch.randn(8, *architecture.in_shape)])
    path, optimised = folder / "int8.onnx", folder / "optimised.onnx"
    onnx.save(build_onnx(quantised), path)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(optimised), 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(optimised).graph.node
    inputs = {node.output[0] for node in nodes if node.input[0] == "log_mel"}  # float as given, then rounded
    turned = [node for node in nodes if node.op_type == "DequantizeLinear" and node.input[0] not in inputs]
    floats = {node.output[0] for node in turned}
    return measure_integer_share(path, quantised), {node.op_type for node in nodes if floats.intersection(node.input)}


@pytest.mark.parametrize("case", EMBEDDED, ids=[format_layer(case[0]) for case in EMBEDDED])
def test_table_of_onnxruntime_is_what_it_does(case, tmp_path):
    architecture = embed(*case)
    share, in_float = measure(architecture, tmp_path)
    assert bool(list_obstacles(architecture, "onnxruntime")) == bool(in_float), in_float
    assert share == 1 or in_float


def test_mean_of_probabilities_is_float(tmp_path):
    architecture = Architecture((Conv(8, kernel_size=3), MERGED), (1, 12, 13), 10)
    assert list_obstacles(architecture, "onnxruntime") == ("mean of probabilities (float in onnxruntime)",)
    assert measure(architecture, tmp_path)[1]


@pytest.mark.parametrize("kind", ["layer", "residual", "frequency_instance"])
def test_norm_of_the_float_input_turns_no_integer_into_a_float(kind, tmp_path):
    architecture = Architecture((Norm(kind), Conv(8, kernel_size=3, activation="relu"), Classifier()), (1, 12, 13), 10)
    assert list_obstacles(architecture, "onnxruntime") == list_obstacles(architecture, "tflite-micro") == ()
    assert measure(architecture, tmp_path) == (1, set())


def test_moments_of_the_float_input_turn_no_integer_into_a_float(tmp_path):
    architecture = Architecture((Moments(), Dense(10)), (1, 12, 13), 10)
    assert list_obstacles(architecture, "onnxruntime") == ()
    assert measure(architecture, tmp_path) == (1, set())
