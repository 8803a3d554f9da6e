"""The .tflite files in another runtime: LiteRT's reference kernels give the same values, XNNPACK the same classes."""

import numpy as np
import pytest

from nas_asc.layers import Architecture, AvgPool, Conv, Dense, Flatten, format_layer
from tests.export.c_code import build_network, draw_inputs, run_micro
from tests.export.tflite import ABLE, needs_runtime
from tests.models.systems import SYSTEMS, describe_system

IN_INTEGERS = [case for case in ABLE if not any(word in format_layer(case[0]) for word in ("Ensemble", "Moments"))]
N_CLIPS = 4


def run_litert(network, inputs, *, is_reference):
    """Outputs of LiteRT, a row a clip."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs pip install ai-edge-litert")
    needs_runtime()
    kernels = {"experimental_op_resolver_type": litert.OpResolverType.BUILTIN_REF} if is_reference else {}
    interpreter = litert.Interpreter(model_content=network.to_bytes(), num_threads=1, **kernels)
    interpreter.allocate_tensors()
    (into,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for clip in inputs:
        interpreter.set_tensor(into["index"], clip[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(out["index"]).ravel())
    return np.array(found)


@pytest.mark.parametrize(("layer", "in_shape"), IN_INTEGERS, ids=[format_layer(case[0]) for case in IN_INTEGERS])
def test_reference_kernels_of_litert_give_the_same_values(layer, in_shape):
    network = build_network(Architecture((layer,), in_shape, 10))
    inputs = draw_inputs(network, N_CLIPS)
    found = run_litert(network, inputs, is_reference=True)
    np.testing.assert_array_equal(found, run_micro(network, inputs))


@pytest.mark.parametrize("name", ["CP-Mobile-2024", "Baseline-2022", "NTU-VGG"])
def test_xnnpack_gives_a_system_s_classes(name):
    space = next(space for space, system in SYSTEMS if system == name)
    network = build_network(describe_system(space, name))
    inputs = draw_inputs(network, N_CLIPS)
    found = run_litert(network, inputs, is_reference=False).astype(int)
    expected = run_micro(network, inputs).astype(int)
    assert np.abs(found - expected).max() <= 1
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_every_convolution_has_biases():
    layers = (Conv(8, 3), AvgPool(3, 2, 1), Conv(8, 3, groups=8), Flatten(), Dense(4, bias=False))
    operators = build_network(Architecture(layers, (1, 16, 12), 4)).model.operators
    kinds = {operator.kind: operator for operator in operators}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"} <= set(kinds)
    assert all(len(kinds[kind].inputs) == 3 for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
