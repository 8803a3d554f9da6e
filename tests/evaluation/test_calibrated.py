"""Files of networks whose clips are not all alike: silence among them, and one recording that is far too loud."""

import numpy as np
import pytest
import soundfile

from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, evaluate_candidate, export_network
from nas_asc.evaluation.quantised_training import calibration_batch
from nas_asc.training import Run
from tests.evaluation.tones import PITCHES_HZ, RATE

pytest_plugins = ["tests.evaluation.tones"]
N_CLIPS = 60


def write_tones(root, *, level, silent_every=None):
    """Noisy half-second tones of three classes; every so many clips one is silent but for its least bit."""
    rng, times = np.random.default_rng(0), np.arange(RATE // 2) / RATE
    for name, pitch in PITCHES_HZ.items():
        (root / name).mkdir(parents=True)
        for index in range(N_CLIPS):
            tone = 0.2 * np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * times)
            samples = level * (tone + 0.02 * rng.standard_normal(len(times)))
            if silent_every is not None and index % silent_every == 0:
                samples = np.zeros(len(times))
                samples[pitch + index] = 2**-15  # no two files are the same
            soundfile.write(root / name / f"{index:02}.wav", samples.astype(np.float32), RATE)


def prepare(root, cache_dir):
    data_set = load_data_set(root)
    return PreparedData(data_set, split_data_set(data_set), cache_dir=cache_dir)


def export(prepared, design, path):
    outcome = evaluate_candidate(design, prepared, Run())
    assert outcome.scores.accuracy > 0.8
    return export_network(path, outcome.network, prepared, recipe=design.recipe, name="tones")


def test_one_silent_clip_in_ten_leaves_the_classes_as_they_are(make_design, tmp_path):
    write_tones(tmp_path / "data", level=1, silent_every=10)
    prepared, design = prepare(tmp_path / "data", tmp_path / "cache"), make_design(epochs=8)
    lowest = prepared.validation_clips(design.log_mel).clips.features.min(axis=(1, 2, 3))
    assert (lowest == lowest.min()).mean() >= 0.05  # silent ones are scored too
    exported = export(prepared, design, tmp_path / "net.onnx")
    assert exported.agreement > 0.95
    assert exported.saturated < 0.15


def test_one_clip_40_db_louder_among_64_leaves_the_classes_as_they_are(make_design, tmp_path):
    data, design = tmp_path / "data", make_design(epochs=8)
    write_tones(data, level=0.01)
    usual = prepare(data, tmp_path / "before")
    rows = usual.split.train[np.linspace(0, len(usual.split.train) - 1, 64).round().astype(int)]  # which calibrate
    path = data / str(usual.data_set.paths[rows[20]])
    samples, rate = soundfile.read(path, dtype="float32")
    soundfile.write(path, 100 * samples, rate)
    prepared = prepare(data, tmp_path / "after")
    np.testing.assert_array_equal(prepared.split.train, usual.split.train)
    highest = calibration_batch(prepared.train_clips(design.log_mel)).amax(dim=(1, 2, 3)).sort().values
    assert highest[-1] > highest[-2] + 1  # deviations: it is there, and alone
    exported = export(prepared, design, tmp_path / "net.onnx")
    assert exported.agreement > 0.95
    assert exported.saturated == pytest.approx(0, abs=0.02)
