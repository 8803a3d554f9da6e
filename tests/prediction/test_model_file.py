"""Model files: what they say of recordings, beside the same written out, and which files are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nas_asc.data import ClipError, load_data_set
from nas_asc.errors import ModelFileError
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel
from nas_asc.prediction import ModelFile, compute_log_mel
from tests.data.recordings import write_wav
from tests.prediction.tiny import FRONT_END, make_metadata, make_weights, write_tiny


def _write(path, waveform, sample_rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, sample_rate, "FLOAT")
    return path


def _sound(hz, seconds, *, sample_rate=16_000, seed=0):
    n_samples = round(seconds * sample_rate)
    noise = 1e-4 * np.random.default_rng(seed).standard_normal(n_samples)
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(n_samples) / sample_rate) + noise


def _by_hand(features, metadata):
    """Softmax of the linear layer on standardised means, class by class."""
    weights, biases = make_weights(metadata)
    rows = []
    for clip in np.asarray(features, np.float64):
        means = [
            (band.mean() - metadata.mean[i]) / metadata.std[i] for channel in clip for i, band in enumerate(channel)
        ]
        scores = [np.exp(np.dot(means, weights[:, k]) + biases[k]) for k in range(len(biases))]
        rows.append([score / sum(scores) for score in scores])
    return np.array(rows)


@pytest.fixture
def model(tmp_path):
    return ModelFile(write_tiny(tmp_path / "tiny.onnx"))


def test_probabilities_are_the_networks_of_standardised_features(model):
    features = np.random.default_rng(0).normal(-6, 3, (5, 1, 9, 51)).astype(np.float32)
    found = model.probabilities(features)
    np.testing.assert_allclose(found, _by_hand(features, model.metadata), rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.log(found), model.log_probabilities(features), rtol=1e-9)


def test_logarithms_stay_finite_where_probabilities_vanish(model):
    features = np.full((1, 1, 9, 51), -6, np.float32)
    features[:, :, 6:] = 1e4
    assert np.isfinite(model.log_probabilities(features)).all()
    assert model.probabilities(features)[0].tolist() == [0, 0, 1]


@pytest.mark.parametrize("shape", [(1, 9, 51), (2, 2, 9, 51), (2, 1, 9, 50)])
def test_features_of_another_shape_are_refused(model, shape):
    with pytest.raises(ModelFileError, match=r"`features` must be \(B, 1, 9, 51\) for .*tiny.onnx, but got"):
        model.probabilities(np.zeros(shape, np.float32))


@pytest.mark.parametrize("n_channels", [1, 2])
def test_recordings_get_what_training_would_have_seen(tmp_path, n_channels):
    paths = []
    for number, name in enumerate(("a", "b")):
        stereo = np.stack([_sound(300 * (number + 1), 1, sample_rate=22_050, seed=s) for s in (number, 7)], axis=1)
        paths.append(_write(tmp_path / "clips" / name / "1.wav", stereo, 22_050))
    data_set = load_data_set(tmp_path / "clips")
    log_mel = replace(FRONT_END, n_channels=n_channels)
    table = compute_features(data_set, log_mel, np.arange(2), cache_dir=tmp_path / "cache")
    model = ModelFile(write_tiny(tmp_path / "tiny.onnx", make_metadata(log_mel, sample_rate=22_050)))
    found = [list(each.probabilities.values()) for each in model.classify(paths)]
    np.testing.assert_allclose(found, _by_hand(table.array, model.metadata), atol=1e-3)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("hz", "name"), [(300, "low"), (1_500, "middle"), (3_800, "high")])
def test_tone_is_recognised_at_any_sample_rate(model, tmp_path, sample_rate, hz, name):
    (found,) = model.classify([_write(tmp_path / "tone.wav", _sound(hz, 1, sample_rate=sample_rate), sample_rate)])
    assert (found.class_name, found.n_clips) == (name, 1)
    assert found.probability == max(found.probabilities.values())
    assert sum(found.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("seconds", "n_clips"), [(0.01, 1), (0.49, 1), (1.0, 1), (1.49, 1), (1.5, 2), (2.0, 2), (3.4, 3)]
)
def test_long_recording_is_the_average_of_its_clips(model, tmp_path, seconds, n_clips):
    waveform = np.concatenate([_sound(hz, 1, seed=hz) for hz in (150, 3_500, 1_200, 500)]).astype(np.float32)
    waveform = waveform[: round(seconds * 16_000)]
    (found,) = model.classify([_write(tmp_path / "long.wav", waveform)])
    padded = np.concatenate([waveform, np.zeros(16_000, np.float32)])
    clips = np.stack([padded[None, i * 16_000 : (i + 1) * 16_000] for i in range(n_clips)])
    expected = _by_hand(compute_log_mel(clips, FRONT_END), model.metadata).mean(axis=0)
    assert found.n_clips == n_clips
    np.testing.assert_allclose(list(found.probabilities.values()), expected, rtol=1e-4)


def test_recording_of_many_clips_is_worked_off_in_batches(model, tmp_path):
    (found,) = model.classify([_write(tmp_path / "long.wav", np.tile(_sound(150, 1), 150))])  # 65 clips a batch
    (one,) = model.classify([_write(tmp_path / "one.wav", _sound(150, 1))])
    assert found.n_clips == 150
    assert found.probability == pytest.approx(one.probability, rel=1e-6)


def test_best_classes_come_first(model, tmp_path):
    (found,) = model.classify([_write(tmp_path / "tone.wav", _sound(3_500, 1))])
    assert list(found.best(2)) == sorted(found.probabilities, key=found.probabilities.get, reverse=True)[:2]
    assert found.best() == found.probabilities
    assert list(found.probabilities) == list(model.metadata.classes)


def _damaged(folder):
    folder.mkdir()
    (folder / "text.wav").write_text("no sound")
    soundfile.write(folder / "empty.wav", np.zeros(0), 16_000)
    write_wav(folder / "nan.wav", value=np.nan)
    return {
        "text.wav": r"unreadable \(.*\)",
        "empty.wav": "empty",
        "nan.wav": "values that are not finite",
        "absent.wav": r"unreadable \(.*\)",
    }


def test_recording_that_cannot_be_used_is_named_and_the_others_go_on(model, tmp_path):
    faults, told = _damaged(tmp_path / "bad"), []
    good = _write(tmp_path / "bad" / "tone.wav", _sound(150, 1))
    paths = [*(tmp_path / "bad" / name for name in faults), good]
    assert [each.path for each in model.classify(paths, on_fault=told.append)] == [good]
    assert [str(fault).split(":")[0] for fault in told] == list(map(str, paths[:-1]))
    for name, message in faults.items():
        with pytest.raises(ClipError, match=f"{name}: {message}"):
            list(model.classify([tmp_path / "bad" / name]))


def test_network_of_two_channels_takes_mono_but_not_three(tmp_path):
    model = ModelFile(write_tiny(tmp_path / "tiny.onnx", make_metadata(replace(FRONT_END, n_channels=2))))
    mono = _sound(150, 1)
    (found,) = model.classify([_write(tmp_path / "mono.wav", mono)])
    (both,) = model.classify([_write(tmp_path / "both.wav", np.stack([mono, mono], axis=1))])
    assert found.probabilities == both.probabilities
    with pytest.raises(ClipError, match=r"three.wav: 3 channels instead of 2"):
        list(model.classify([_write(tmp_path / "three.wav", np.stack([mono] * 3, axis=1))]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": None}, r"tiny.onnx: its metadata has no entry 'nas_asc'; give a file that nas-asc exported"),
        ({"text": "{}"}, r"tiny.onnx: `format` must be 1, .* but got format=None"),
        ({"text": "no"}, r"tiny.onnx: the metadata must be JSON"),
        ({"name": "x"}, r"tiny.onnx: its input must be 'log_mel', float32 of \(B, 1, 9, 51\), but is \[\('x'"),
        ({"axes": ["B", 1, 9, 50]}, r"its input must be 'log_mel', float32 of \(B, 1, 9, 51\), but is .*9, 50"),
        ({"axes": [4, 1, 9, 51]}, r"its input must be 'log_mel', float32 of \(B, 1, 9, 51\), but is .*4, 1, 9, 51"),
        ({"text": make_metadata(classes=("a", "b")).to_json()}, r"its output must be 'logits', float32 of \(B, 2\)"),
    ],
)
def test_file_that_does_not_say_what_it_takes_is_refused(tmp_path, options, message):
    with pytest.raises(ModelFileError, match=message):
        ModelFile(write_tiny(tmp_path / "tiny.onnx", **options))


def test_axes_without_a_size_will_do(tmp_path):
    model = ModelFile(write_tiny(tmp_path / "tiny.onnx", axes=["B", 1, 9, "T"]), n_threads=2)
    assert model.probabilities(np.zeros((2, 1, 9, 51), np.float32)).shape == (2, 3)


def test_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "text.onnx"
    with pytest.raises(
        ModelFileError, match=r"`FILE` must be an exported model file, but there is no file '.*text.onnx'"
    ):
        ModelFile(path)
    with pytest.raises(ModelFileError, match="there is no file"):
        ModelFile(tmp_path)
    path.write_text("no network")
    with pytest.raises(
        ModelFileError, match=r"text.onnx: it is no ONNX file that onnxruntime can run \(Protobuf parsing"
    ):
        ModelFile(str(path))


def test_front_end_of_the_default_takes_a_real_recording(tmp_path, esc10_dir):
    metadata = make_metadata(LogMel(), clip_s=5.0, sample_rate=44_100)
    model = ModelFile(write_tiny(tmp_path / "tiny.onnx", metadata))
    (found,) = model.classify([sorted(Path(esc10_dir, "audio").glob("*"))[0]])
    assert found.n_clips == 1
