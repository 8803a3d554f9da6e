"""ONNX files in an old runtime: onnxruntime 1.16, in an environment of its own, gives what the newest gives.

The environment variable NAS_ASC_ONNXRUNTIME_1_16 names its Python: `python -m venv old`, then
`old/bin/pip install "onnxruntime==1.16.*" "numpy<2"`.
"""

import json
import os
import subprocess

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.errors import ExportError
from nas_asc.export import BITS, Graph, build_onnx
from nas_asc.layers import ACTIVATIONS, Architecture, Conv, Moments, format_layer
from nas_asc.models import lower_network
from tests.export.onnx_run import difference, run
from tests.models.cases import CASES
from tests.models.drawn import draw_model
from tests.models.systems import SYSTEMS, describe_system

OLD_PYTHON = os.environ.get("NAS_ASC_ONNXRUNTIME_1_16", "")
SHOWN = ("CP-Mobile-2024", "Baseline-2022", "BC-ResNet-Mod-8")
SCRIPT = """
import json, pathlib, sys
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.x64quantprecision", "1")
options.log_severity_level, options.intra_op_num_threads = 4, 1
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = session.run(None, {"log_mel": numpy.load(path.with_suffix(".npy"))})[0]
    numpy.save(path.with_suffix(".found.npy"), found)
print(json.dumps([onnxruntime.__version__, numpy.__version__]))
"""


def build_models(architecture):
    """Models of a network by their bits, and clips."""
    lowered, clips = lower_network(draw_model(architecture)), torch.randn(4, *architecture.in_shape)
    quantised = quantise_network(lowered, [clips])
    return {bits: build_onnx(quantised if bits == 8 else lowered, bits=bits) for bits in BITS}, clips


def test_old_runtime_gives_what_the_newest_gives(tmp_path):
    if not OLD_PYTHON:
        pytest.skip("needs NAS_ASC_ONNXRUNTIME_1_16, a Python with onnxruntime 1.16 and numpy below 2")
    networks = {format_layer(layer): Architecture((layer,), in_shape, 10) for layer, in_shape, _ in CASES}
    networks |= {name: describe_system(space, name) for space, name in SYSTEMS if name in SHOWN}
    expected = {}
    for number, (name, architecture) in enumerate(networks.items()):
        models, clips = build_models(architecture)
        for bits, model in models.items():
            path = tmp_path / f"{number}-{bits}.onnx"
            path.write_bytes(model.SerializeToString())
            np.save(path.with_suffix(".npy"), clips.numpy())
            expected[path.with_suffix(".found.npy")] = name, run(model, clips)
    ran = subprocess.run([OLD_PYTHON, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True)
    runtime, numpy_version = json.loads(ran.stdout.splitlines()[-1])
    assert runtime.startswith("1.16.")
    assert numpy_version.startswith("1.")
    worst = {name: difference(np.load(path), torch.from_numpy(found)) for path, (name, found) in expected.items()}
    assert {name: share for name, share in worst.items() if share > 0.02} == {}


@pytest.mark.parametrize("bits", BITS)
def test_file_has_the_lowest_opset_of_its_operators(bits):
    for name in ACTIVATIONS:
        models, _ = build_models(Architecture((Conv(8, 3, activation=name), Moments()), (4, 9, 11), 10))
        opset = 14 if name == "hardswish" else 13
        assert models[bits].opset_import[0].version == opset
        assert models[bits].ir_version == 7


def test_operators_of_ones_own_decide_on_the_opset():
    """A younger one raises the opset, and reductions have their axes as it wants them."""
    for kind, opset, n_inputs in (("Relu", 13, 1), ("Gelu", 20, 2)):
        graph = Graph()
        mean = graph.node("ReduceMean", graph.node(kind, "log_mel"), graph.integers(2, 3), keepdims=0)
        model = graph.to_model(in_shape=(3, 4, 5), out_shape=(3,), output=mean)
        assert model.opset_import[0].version == opset
        assert len(model.graph.node[1].input) == n_inputs
        assert run(model, torch.ones(2, 3, 4, 5)).shape == (2, 3)
    graph = Graph()
    odd = graph.node("NoSuchOperator", "log_mel")
    with pytest.raises(ExportError, match=r"no version of ONNX has all operators of the network .*NoSuchOperator"):
        graph.to_model(in_shape=(3, 4, 5), out_shape=(3, 4, 5), output=odd)


def test_file_is_of_a_format_that_the_old_runtime_knows():
    """onnxruntime 1.16 reads opset 19 and IR version 9 at most."""
    for space, name in SYSTEMS:
        if name in SHOWN:
            models, _ = build_models(describe_system(space, name))
            assert all(model.opset_import[0].version <= 19 and model.ir_version <= 9 for model in models.values())
