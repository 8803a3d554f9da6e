"""What stands beside a file is enough to port it: the front end by its numbers alone, and known values."""

import json
import re

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.export import build_onnx, build_tflite, write_onnx, write_tflite
from nas_asc.export.port import describe_front_end, draw_integers, name_operators
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.models import lower_network
from nas_asc.prediction import Metadata, MicroFile
from tests.export.onnx_run import run
from tests.export.tflite import needs_runtime
from tests.models.drawn import draw_model

FRONT_ENDS = [
    LogMel(sample_rate=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=20),
    LogMel(
        sample_rate=16_000, n_fft=512, win_length=512, hop_length=256, n_mels=20, f_min=50, f_max=7_000, center=False
    ),
    LogMel(
        sample_rate=22_050, n_fft=1024, win_length=700, hop_length=441, n_mels=24, n_channels=2, kept_bands=(1, 5, 9)
    ),
]


def describe(log_mel):
    n = log_mel.n_bands
    return Metadata(
        name="tiny",
        classes=("a", "b", "c"),
        clip_s=0.5,
        sample_rate=log_mel.sample_rate,
        log_mel=log_mel,
        mean=(0.5,) * n,
        std=(2.0,) * n,
    )


def numbers(text):
    return [float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


@pytest.mark.parametrize("log_mel", FRONT_ENDS, ids=str)
def test_known_samples_have_the_features_that_the_words_say(log_mel):
    """Written after the steps alone, with a Fourier transform of sines: no line of it is the package's."""
    found = describe_front_end(describe(log_mel))
    steps = dict(step.split(": ", 1) for step in found["steps"])
    rate, n_samples = numbers(steps["samples"])[-2:]
    size, width = int(numbers(steps["frames"])[1]), int(numbers(steps["window"])[0])
    start = int(re.search(r"times sample (\d+)", steps["window"])[1])
    half = int(re.search(r"k \* (\d+) /", steps["spectrum"])[1])
    n_edges, low, high = (
        float(re.search(pattern, steps["mel bands"])[1])
        for pattern in (r"^(\d+) edges", r"from ([\d.]+) to", r"to ([\d.]+) Hz")
    )
    kept = re.search(r"\[(.*)\] are kept", steps["mel bands"])
    offset = float(re.search(r"power \+ ([\d.e-]+)\)", steps["logarithm"])[1])
    n = np.arange(int(n_samples))
    samples = ((31 * n * n) % 65536 - 32768) / 32768
    hop = int(re.search(r"sample (\d+) t", steps["frames"])[1])
    k = np.arange(size // 2 + 1)
    sines = np.exp(-2j * np.pi * np.outer(k, np.arange(size)) / size)
    window = np.zeros(size)
    window[start : start + width] = np.sin(np.pi * np.arange(width) / width) ** 2
    to_mel, from_mel = (lambda f: 2595 * np.log10(1 + f / 700)), (lambda m: 700 * (10 ** (m / 2595) - 1))
    edges = from_mel(np.linspace(to_mel(low), to_mel(high), int(n_edges)))
    hertz = k * half / (size // 2)
    bands = [np.interp(hertz, edges[m : m + 3], [0, 1, 0]) for m in range(int(n_edges) - 2)]
    if kept:
        bands = [bands[int(m)] for m in kept[1].split(",")]
    for name, expected in found["example"]["log_mel"].items():
        first = int(name.split()[1]) * hop - (size // 2 if "centred" in steps["frames"] else 0)
        places = np.abs(np.arange(first, first + size))  # mirrored before the clip
        power = np.abs(sines @ (samples[places] * window)) ** 2
        np.testing.assert_allclose(np.log(np.array(bands) @ power + offset), expected, atol=2e-3)
    assert rate == log_mel.sample_rate
    assert n_samples == log_mel.n_samples(0.5)


def build(log_mel):
    architecture = Architecture((Conv(4, 3, padding=1, activation="hardswish"), Classifier()), log_mel.shape(0.5), 3)
    clips = torch.randn(4, *architecture.in_shape)
    return quantise_network(lower_network(draw_model(architecture)), [clips])


def test_known_input_of_a_tflite_file_has_its_output(tmp_path):
    needs_runtime()
    log_mel = FRONT_ENDS[2]
    path = tmp_path / "net.tflite"
    write_tflite(path, build_tflite(build(log_mel)), describe(log_mel))
    beside = json.loads(path.with_suffix(".json").read_text())
    shape = beside["input"]["shape"]
    assert dict(zip(beside["input"]["axes"], shape, strict=True)) == {
        "clip": 1,
        "mel band": log_mel.n_bands,
        "frame": log_mel.n_frames(0.5),
        "channel": 2,
    }
    integers = np.array([(37 * i) % 256 - 128 for i in range(int(np.prod(shape)))], np.int8).reshape(shape)
    assert MicroFile(path.read_bytes()).run_integers(integers)[0].tolist() == beside["example"]["output"]
    assert np.ptp(beside["example"]["output"]) > 0
    assert {"AddConv2D", "AddHardSwish", "AddMean", "AddReshape"} <= set(beside["operators"])


def test_known_input_of_an_onnx_file_has_its_output(tmp_path):
    log_mel = FRONT_ENDS[2]
    path, model = tmp_path / "net.onnx", build_onnx(build(log_mel))
    write_onnx(path, model, describe(log_mel))
    beside = json.loads(path.with_suffix(".json").read_text())
    shape = beside["input"]["shape"][1:]
    assert shape == list(log_mel.shape(0.5))
    values = np.array([((37 * i) % 256 - 128) / 64 for i in range(int(np.prod(shape)))], np.float32)
    np.testing.assert_allclose(
        run(model, torch.from_numpy(values.reshape(1, *shape)))[0], beside["example"]["output"], atol=1e-4
    )
    assert beside["session_options"] == {"session.x64quantprecision": "1"}
    assert beside["opset"] == 14


def test_operators_are_named_as_the_resolver_names_them():
    kinds = ("ADD", "BATCH_MATMUL", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "PADV2", "PRELU", "ADD")
    expected = [
        "AddAdd",
        "AddBatchMatMul",
        "AddDepthwiseConv2D",
        "AddFullyConnected",
        "AddMaxPool2D",
        "AddPadV2",
        "AddPrelu",
    ]
    assert name_operators(kinds) == expected


def test_known_integers_take_every_value():
    assert len(np.unique(draw_integers((1, 16, 16, 1)))) == 256
