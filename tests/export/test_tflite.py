"""TensorFlow Lite files against the network in 8 bits, run by TensorFlow Lite Micro: every layer, every system."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.errors import ExportError, ModelFileError
from nas_asc.export import build_tflite, write_tflite
from nas_asc.frontend import LogMel
from nas_asc.layers import (
    Architecture,
    AvgPool,
    Classifier,
    Conv,
    InvertedBottleneck,
    MaxPool,
    format_layer,
)
from nas_asc.models import lower_network
from nas_asc.prediction import Metadata, MicroFile, check_tflite, read_tflite_metadata
from tests.export.tflite import ABLE, needs_runtime
from tests.models.cases import CASES
from tests.models.drawn import draw_model
from tests.models.systems import SYSTEMS, describe_system, of_every_system

SMALL = Architecture((Conv(8, kernel_size=3, norm="batch"), InvertedBottleneck(8), Classifier()), (1, 16, 12), 10)
N_CLIPS = 4


def draw_lowered(architecture):
    """A lowered network without weights that are zero at first."""
    model = draw_model(architecture)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    return lower_network(model)


def quantise(architecture):
    clips = torch.randn(N_CLIPS, *architecture.in_shape)
    return quantise_network(draw_lowered(architecture), [clips]), clips


def check(architecture, *, n_steps, share):
    """The file and its simulation differ by few steps of the output's range; two roundings may differ by one."""
    needs_runtime()
    network, clips = quantise(architecture)
    with torch.inference_mode():
        expected = network(clips).numpy()
    built = build_tflite(network)
    found = MicroFile(built.to_bytes()).run(clips.numpy())
    assert found.shape == expected.shape
    assert np.ptp(expected) > 0
    differences = np.abs(found - expected)
    step = np.ptp(expected) / 255
    assert differences.max() < (n_steps + 0.5) * step
    assert differences.mean() < share * step
    return found, expected


@pytest.mark.parametrize(("layer", "in_shape"), ABLE, ids=[format_layer(case[0]) for case in ABLE])
def test_file_of_a_layer_gives_what_the_layer_gives(layer, in_shape):
    check(Architecture((layer,), in_shape, 10), n_steps=8, share=1)


@pytest.mark.parametrize("layer", [AvgPool(3), AvgPool(3, 2, 1), MaxPool(3), MaxPool(3, 2, 1)], ids=format_layer)
def test_window_as_large_as_its_map_is_global_only_without_padding(layer):
    check(Architecture((layer,), (4, 3, 3), 10), n_steps=1, share=1)


@pytest.mark.parametrize("size", [(8, 8), (9, 9), (8, 9), (7, 10)], ids=str)
@pytest.mark.parametrize("padding", [0, 1, 2, (0, 2)], ids=str)
@pytest.mark.parametrize("stride", [1, 2, 3, (1, 2)], ids=str)
def test_windows_stand_where_they_stand_in_torch(size, padding, stride):
    layer = Conv(4, kernel_size=5, stride=stride, padding=padding)
    check(Architecture((layer,), (2, *size), 10), n_steps=1, share=1)
    check(Architecture((replace(layer, groups=2),), (2, *size), 10), n_steps=1, share=1)
    pool = MaxPool((5, 4), stride=stride, padding=padding)
    check(Architecture((pool,), (2, *size), 10), n_steps=1, share=1)


@of_every_system
@pytest.mark.slow
def test_file_of_a_system_gives_what_the_system_gives(space, name):
    found, expected = check(describe_system(space, name), n_steps=80, share=25)  # untrained, one step grows to many
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.5


@pytest.mark.parametrize("name", ["CP-Mobile-2024", "Baseline-2022", "NTU-VGG", "FAU-Linear"])
def test_file_of_a_small_system_gives_what_the_system_gives(name):
    space = next(space for space, system in SYSTEMS if system == name)
    found, expected = check(describe_system(space, name), n_steps=4, share=1)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_what_the_runtime_lacks_is_told_with_its_remedy():
    network, _ = quantise(Architecture((Conv(8, kernel_size=1, activation="gelu"),), (4, 9, 11), 10))
    with pytest.raises(
        ExportError, match=r"step '0.activation' is gelu.* Use relu, hardswish or silu, or `file_format="
    ):
        build_tflite(network)


def test_primitive_of_ones_own_is_told():
    layer, in_shape, _ = next(case for case in CASES if type(case[0]).__name__ == "Fork")
    network, _ = quantise(Architecture((layer,), in_shape, 10))
    with pytest.raises(ExportError, match=r"step '0.square' \(Squaring\) has no operator"):
        build_tflite(network)


def test_network_without_ranges_is_refused():
    with pytest.raises(ExportError, match="needs ranges for 8 bits"):
        build_tflite(draw_lowered(SMALL))


def test_missing_packages_are_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(ExportError, match=r"pip install 'nas-asc\[tflite\]'$"):
        check_tflite()
    monkeypatch.setitem(sys.modules, "tflite", None)
    network, _ = quantise(SMALL)
    with pytest.raises(ExportError, match=r"pip install 'nas-asc\[tflite\]'$"):
        build_tflite(network).to_bytes()


def test_operators_are_the_plain_ones():
    network, _ = quantise(SMALL)
    kinds = build_tflite(network).model.kinds
    assert kinds == ("CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "ADD", "CONV_2D", "MEAN", "RESHAPE")


def test_bytes_of_constants_follow_from_weights():
    network, _ = quantise(SMALL)
    convolutions = [step.module for step in network.steps if step.primitive.word == "conv"]
    weights = sum(module.weight.numel() for module in convolutions)
    channels = sum(module.out_channels for module in convolutions)
    # a weight; an int32 bias, and scale (4) and zero point (8) of weight and bias; axes of the mean, a shape
    assert build_tflite(network).weight_bytes == weights + (4 + 2 * (4 + 8)) * channels + 2 * 4 + 2 * 4


def test_metadata_lies_in_the_file_and_beside_it(tmp_path):
    needs_runtime()
    network, _ = quantise(SMALL)
    metadata = Metadata(
        name="small",
        classes=tuple("abcdefghij"),
        clip_s=1.0,
        sample_rate=16_000,
        log_mel=LogMel(sample_rate=16_000, n_mels=16),
        mean=(0.5,) * 16,
        std=(2.0,) * 16,
    )
    path = tmp_path / "folder" / "small.tflite"
    write_tflite(path, build_tflite(network), metadata)
    assert read_tflite_metadata(path.read_bytes()) == metadata
    found, beside = network.range_of(0), json.loads(path.with_suffix(".json").read_text())
    assert beside["input"]["shape"] == [1, 16, 12, 1]
    assert (beside["input"]["scale"], beside["input"]["zero_point"] + 128) == (found.scale, found.zero_point)
    with pytest.raises(ExportError, match=r"must end in \.tflite"):
        write_tflite(tmp_path / "small.onnx", build_tflite(network), metadata)


def test_file_without_metadata_or_sense_is_told():
    needs_runtime()
    network, _ = quantise(SMALL)
    with pytest.raises(ModelFileError, match="has no entry 'nas_asc'"):
        read_tflite_metadata(build_tflite(network).to_bytes())


def test_operators_have_the_versions_that_take_int8():
    needs_runtime()
    import tflite

    network, _ = quantise(SMALL)
    model = tflite.Model.GetRootAsModel(build_tflite(network).to_bytes(), 0)
    codes = [model.OperatorCodes(number) for number in range(model.OperatorCodesLength())]
    names = {value: name for name, value in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}
    found = {names[code.BuiltinCode()]: code.Version() for code in codes}
    assert found == {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "ADD": 2, "MEAN": 2, "RESHAPE": 1}
