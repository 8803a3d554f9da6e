"""Recordings through a .tflite file: what the .onnx file of the same network hears, and files that are none."""

import json
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from nas_asc.cli import main
from nas_asc.compression import quantise_network
from nas_asc.data import load_data_set
from nas_asc.errors import ModelFileError
from nas_asc.export import build_onnx, build_tflite, write_onnx, write_tflite
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv, InvertedBottleneck
from nas_asc.models import build_model, lower_network
from nas_asc.prediction import EXACT_SUMS, Metadata, MicroFile, ModelFile, compute_log_mel, resample
from tests.export.tflite import needs_runtime

LOG_MEL = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=32)
ROWS = range(0, 2_800, 50)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Synthetic scenes as files, at their own rate."""
    folder, scenes = tmp_path_factory.mktemp("scenes"), load_data_set(None)
    for row in ROWS:
        soundfile.write(folder / f"{row:04}.wav", scenes.waveform(row).ravel(), scenes.sample_rate, "PCM_24")
    return folder


def train_briefly(model, clips, labels):
    """The model after so few steps that it is unsure of some clips, but not of all."""
    optimiser = torch.optim.Adam(model.train().parameters(), lr=0.01)
    for _ in range(30):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(clips), labels).backward()
        optimiser.step()
    return model.eval()


@pytest.fixture(scope="module")
def files(tmp_path_factory, recordings):
    """One network in 8 bits as a file of either kind, trained on the recordings."""
    needs_runtime()
    folder, scenes = tmp_path_factory.mktemp("files"), load_data_set(None)
    waveforms = np.stack([resample(scenes.waveform(row).reshape(1, -1), 44_100, 16_000) for row in ROWS])
    features = compute_log_mel(waveforms, LOG_MEL)
    mean, std = features.mean(axis=(0, 1, 3)), features.std(axis=(0, 1, 3))
    metadata = Metadata(
        name="twice", classes=scenes.classes, clip_s=1.0, sample_rate=44_100, log_mel=LOG_MEL, mean=mean, std=std
    )
    layers = (Conv(16, kernel_size=3, stride=2, norm="batch"), InvertedBottleneck(24, stride=2), Classifier())
    torch.manual_seed(0)
    clips = torch.from_numpy((features - mean[:, None]) / std[:, None])
    model = train_briefly(
        build_model(Architecture(layers, metadata.in_shape, 10)), clips, torch.from_numpy(scenes.labels[list(ROWS)])
    )
    network = quantise_network(lower_network(model), [clips])
    write_onnx(folder / "twice.onnx", build_onnx(network, bits=8), metadata)
    write_tflite(folder / "twice.tflite", build_tflite(network), metadata)
    return folder


def say(capsys, *words):
    """What `predict` prints as JSON."""
    assert main(["predict", *map(str, words), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_both_files_hear_the_same_classes(files, recordings, capsys):
    rows, others = (say(capsys, files / f"twice.{kind}", recordings) for kind in ("onnx", "tflite"))
    assert [row["path"] for row in rows] == [row["path"] for row in others]
    assert len({row["class"] for row in rows}) > 5
    step, n_sure = json.loads((files / "twice.json").read_text())["output"]["scale"], 0
    for row, other in zip(rows, others, strict=True):
        first, second = sorted(row["probabilities"].values())[:-3:-1]
        if np.log(first / second) > 2.5 * step:  # each logit may move by one
            n_sure += 1
            assert row["class"] == other["class"]
        found, expected = (
            np.log([each["probabilities"][name] for name in row["probabilities"]]) for each in (other, row)
        )
        assert np.abs((found - found[0]) - (expected - expected[0])).max() < 2.01 * step
    assert n_sure > 0.8 * len(ROWS)


def test_logits_are_a_step_apart_at_most(files):
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*EXACT_SUMS)  # else a processor without VNNI cuts sums off
    session = onnxruntime.InferenceSession(files / "twice.onnx", options, providers=["CPUExecutionProvider"])
    micro = MicroFile((files / "twice.tflite").read_bytes())
    ports = json.loads((files / "twice.json").read_text())
    clips = np.random.default_rng(0).normal(0, 1, (20, *session.get_inputs()[0].shape[1:])).astype(np.float32)
    found, (expected,) = micro.run(clips), session.run(["logits"], {"log_mel": clips})
    steps = np.rint((found - expected) / ports["output"]["scale"])
    assert np.abs(steps).max() <= 1
    assert np.ptp(expected) > 50 * ports["output"]["scale"]


def test_a_time_line_is_heard_through_a_tflite_file(files, recordings, capsys):
    path = sorted(recordings.iterdir())[0]
    (whole,) = say(capsys, files / "twice.tflite", path)
    (window,) = say(capsys, files / "twice.tflite", path, "--step", "0.5s")
    assert (window["class"], window["probability"]) == (whole["class"], pytest.approx(whole["probability"]))


def test_missing_packages_are_one_line(files, recordings, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    words = ["predict", str(files / "twice.tflite"), str(recordings)]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "nas-asc: a .tflite file needs two further packages. Install them: pip install 'nas-asc[tflite]'\n"
    )
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "nas-asc: TensorFlow Lite Micro has packages for Linux on x86-64 alone. Use an ONNX file here.\n"
    )


def test_file_that_is_none_is_refused(files, tmp_path):
    (tmp_path / "text.tflite").write_text("no network, but a few words")
    with pytest.raises(ModelFileError, match=r"text.tflite: it is no TensorFlow Lite file"):
        ModelFile(tmp_path / "text.tflite")
    with pytest.raises(ModelFileError, match="there is no file"):
        ModelFile(tmp_path / "absent.tflite")


def test_file_whose_network_is_of_other_clips_is_refused(files, tmp_path):
    content, clip_s = (files / "twice.tflite").read_bytes(), b'"clip_s":1.0'
    assert content.count(clip_s) == 1
    (tmp_path / "other.tflite").write_bytes(content.replace(clip_s, b'"clip_s":2.0'))
    with pytest.raises(
        ModelFileError, match=r"its input must be int8 of \(1, 32, 101, 1\), but is int8 of \(1, 32, 51"
    ):
        ModelFile(tmp_path / "other.tflite")


TRY = """
import sys
from pathlib import Path
from nas_asc.errors import NasAscError
from nas_asc.prediction import ModelFile
path, content = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
for number in range(40):
    path.write_bytes(content[: len(content) * number // 40])
    try:
        ModelFile(path)
    except NasAscError as error:
        assert str(error).startswith(str(path)), error
    else:
        raise SystemExit(f"read with {number} of 40 parts")
"""


def test_file_cut_short_at_any_place_is_refused(files, tmp_path):
    words = [sys.executable, "-c", TRY, str(tmp_path / "cut.tflite"), str(files / "twice.tflite")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
