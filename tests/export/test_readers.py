"""The .tflite files read by others: ethos-u-vela 5.2 places every operator, bakenn 1.0 computes the same values.

The environment variable NAS_ASC_TFLITE_READERS names a Python that has them: `python -m venv readers`, then
`readers/bin/pip install "ethos-u-vela==5.2.*" "bakenn[tflite]"`.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nas_asc.layers import Architecture, Conv, Flatten, InvertedBottleneck, MaxPool, Residual
from tests.export.c_code import build_network, draw_inputs, run_micro
from tests.export.tflite import needs_runtime
from tests.models.systems import SYSTEMS, describe_system

PYTHON = os.environ.get("NAS_ASC_TFLITE_READERS", "")
BAKE = """
import sys
import numpy, bakenn
from bakenn.reference import run_reference
folder = sys.argv[1]
plan = bakenn.compile_tflite(folder + "/net.tflite", folder + "/c", name="net").plan
inputs = numpy.load(folder + "/inputs.npy")
numpy.save(folder + "/outputs.npy", numpy.stack([run_reference(plan, clip[None])[0] for clip in inputs]))
"""
# a head as large as its map and no dense layer: bakenn 1.0 refuses MEAN, TRANSPOSE, and a scale for each output
PLAIN = (
    Conv(8, 3, 2, "same", norm="batch", activation="relu"),
    InvertedBottleneck(8, stride=2),
    Residual(12),
    MaxPool(2),
    Conv(5, (4, 3)),
    Flatten(),
)


def needs_reader(name):
    """Skip the test where a reader is not named or not installed."""
    needs_runtime()
    if not PYTHON:
        pytest.skip("needs NAS_ASC_TFLITE_READERS, a Python with ethos-u-vela and bakenn")
    if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no {name}")


@pytest.mark.parametrize("name", ["CP-Mobile-2024", "Baseline-2022", "NTU-VGG"])
def test_vela_leaves_no_operator_to_the_processor(name, tmp_path):
    needs_reader("ethosu.vela")
    space = next(space for space, system in SYSTEMS if system == name)
    path = tmp_path / "net.tflite"
    path.write_bytes(build_network(describe_system(space, name)).to_bytes())
    vela = Path(PYTHON).with_name("vela")
    command = [vela, path, "--accelerator-config", "ethos-u55-128", "--output-dir", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^CPU operators = 0 \(0\.0%\)$", ran.stdout, re.MULTILINE), ran.stdout
    assert (tmp_path / "net_vela.tflite").stat().st_size > 1_000


def test_bakenn_computes_the_same_values(tmp_path):
    needs_reader("bakenn")
    network = build_network(Architecture(PLAIN, (1, 32, 24), 5))
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "PAD", "MAX_POOL_2D", "RESHAPE"} == set(network.model.kinds)
    inputs = draw_inputs(network, 8)
    (tmp_path / "net.tflite").write_bytes(network.to_bytes())
    np.save(tmp_path / "inputs.npy", inputs)
    ran = subprocess.run([PYTHON, "-c", BAKE, str(tmp_path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found, expected = np.load(tmp_path / "outputs.npy").astype(int), run_micro(network, inputs).astype(int)
    assert np.abs(found - expected).max() <= 1
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert np.ptp(expected) > 50


def test_dense_layers_read_and_write_two_axes_without_a_transposition():
    for space, name in SYSTEMS:
        if name in ("Baseline-2022", "NTU-VGG"):
            model = build_network(describe_system(space, name)).model
            dense = [operator for operator in model.operators if operator.kind == "FULLY_CONNECTED"]
            assert dense
            assert "TRANSPOSE" not in model.kinds  # their weights lie in the order of the map
            assert all(
                len(model.shape(one)) == 2 for operator in dense for one in (operator.inputs[0], operator.output)
            )
