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

from nas_asc.layers import Architecture, Conv, Flatten, InvertedBottleneck, MaxPool, Residual, format_layer
from tests.export.c_code import build_network, draw_inputs, run_micro
from tests.export.tflite import ABLE, needs_runtime
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
TRY = """
import sys
import numpy, bakenn
from bakenn.errors import CompileError
from bakenn.reference import run_reference
folder = sys.argv[1]
for number in range(int(sys.argv[2])):
    inputs = numpy.load(f"{folder}/inputs-{number}.npy")
    try:
        plan = bakenn.compile_tflite(f"{folder}/{number}.tflite", f"{folder}/c-{number}", name="net").plan
    except CompileError:
        continue
    numpy.save(f"{folder}/outputs-{number}.npy", numpy.stack([run_reference(plan, clip[None])[0] for clip in inputs]))
"""
TAKEN = {"ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "PAD", "RESHAPE"}  # as the guide names them
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


def is_taken(model):
    """Whether bakenn runs all of a model's operators, by the guide."""
    grouped = any(
        operator.kind == "CONV_2D" and model.shape(operator.inputs[0])[3] > model.shape(operator.inputs[1])[3]
        for operator in model.operators
    )
    return bool(model.kinds) and set(model.kinds) <= TAKEN and not grouped


@pytest.mark.slow
def test_bakenn_takes_just_the_operators_that_the_guide_names(tmp_path):
    needs_reader("bakenn")
    networks = [build_network(Architecture((layer,), in_shape, 10)) for layer, in_shape in ABLE]
    for number, network in enumerate(networks):
        (tmp_path / f"{number}.tflite").write_bytes(network.to_bytes())
        np.save(tmp_path / f"inputs-{number}.npy", draw_inputs(network, 2))
    ran = subprocess.run([PYTHON, "-c", TRY, str(tmp_path), str(len(networks))], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    taken = [(tmp_path / f"outputs-{number}.npy").exists() for number in range(len(networks))]
    assert 5 < sum(taken) < len(networks)
    assert [format_layer(layer) for (layer, _), one in zip(ABLE, taken, strict=True) if one] == [
        format_layer(layer) for (layer, _), one in zip(ABLE, networks, strict=True) if is_taken(one.model)
    ]
    for number, network in enumerate(networks):
        if taken[number]:
            found = np.load(tmp_path / f"outputs-{number}.npy").astype(int).reshape(2, -1)
            expected = run_micro(network, np.load(tmp_path / f"inputs-{number}.npy")).astype(int)
            assert np.abs(found - expected).max() <= 1, ABLE[number]


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
