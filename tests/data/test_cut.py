"""Long recordings as clips, copies as one recording."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.data import check_audio, load_data_set, split_data_set, summarise_data_set
from nas_asc.data.cut import clip_starts
from nas_asc.errors import DataError
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel

RATE = 8_000


def write_long(root, seconds=(3.0, 2.6, 2.4, 0.4), classes=("cat", "dog")):
    """Recordings whose samples say where they are."""
    for label, name in enumerate(classes):
        for number, length in enumerate(seconds):
            (root / name).mkdir(parents=True, exist_ok=True)
            ramp = np.linspace(0.01 * (10 * label + number + 1), 0.9, round(length * RATE)).astype(np.float32)
            soundfile.write(root / name / f"{number}.wav", ramp, RATE, subtype="FLOAT")
    return root


@given(st.floats(0.1, 50), st.floats(0.2, 3), st.floats(0.1, 1))
def test_clips_cover_a_recording_but_for_less_than_half_of_one(length_s, clip_s, share):
    step_s = share * clip_s
    starts = clip_starts(length_s, clip_s, step_s)
    assert starts[0] == 0
    assert np.allclose(np.diff(starts), step_s)
    assert length_s - (starts[-1] + clip_s) < max(0.5 * clip_s, step_s) + 1e-4
    padded = [start for start in starts if start + clip_s > length_s + 1e-4]
    assert len(padded) <= 1
    assert all(length_s - start >= 0.5 * clip_s - 1e-4 or start == 0 for start in padded)


def test_long_recordings_are_cut_end_to_end_and_what_is_dropped_is_told(tmp_path):
    data = load_data_set(write_long(tmp_path), clip_s=1.0)
    assert len(data) == 2 * (3 + 3 + 2 + 1)
    assert data.notes[-1] == (
        "8 recordings are cut into 18 clips of 1 s, end to end; 2 are shorter and padded; 2 rests under half a clip are"
        " dropped"
    )
    whole, _ = soundfile.read(tmp_path / "cat" / "0.wav", dtype="float32")
    rows = np.flatnonzero(data.paths == "cat/0.wav")
    assert np.array_equal(np.concatenate([data.waveform(row) for row in rows]), whole)
    assert len(set(data.groups[rows].tolist())) == 1
    short = int(np.flatnonzero(data.paths == "cat/3.wav")[0])
    assert (data.waveform(short)[round(0.4 * RATE) :] == 0).all()
    assert check_audio(data, range(len(data))).describe() == ""


def test_clips_of_one_recording_stay_together(tmp_path):
    split = split_data_set(data := load_data_set(write_long(tmp_path, seconds=(2.0,) * 6), clip_s=1.0, clip_step_s=0.5))
    parts = [set(data.groups[rows].tolist()) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12


def test_features_are_those_of_the_clips(tmp_path):
    data = load_data_set(write_long(tmp_path / "set"), clip_s=1.0, clip_step_s=0.5)
    log_mel = LogMel(sample_rate=4_000, n_fft=64, win_length=64, hop_length=16, n_mels=8)
    table = compute_features(data, log_mel, np.arange(len(data)), cache_dir=tmp_path / "cache")
    assert len(table.array) == len(data)
    other = load_data_set(tmp_path / "set", clip_s=1.0)
    assert other.digest != data.digest


def test_recordings_that_are_one_clip_each_are_left_as_they_are(tmp_path):
    data = load_data_set(write_long(tmp_path, seconds=(1.0, 0.7, 1.2)), clip_s=1.0)
    assert data.starts is None
    assert len(data) == 6


def test_a_study_of_0_1_0_has_the_first_clip_of_each_recording(tmp_path):
    data = load_data_set(write_long(tmp_path), clip_s=1.0, layout=None)
    assert (len(data), data.starts) == (8, None)


@pytest.mark.parametrize("options", [{"clip_step_s": 0.5}, {"clip_s": 1.0, "clip_step_s": 2.0}])
def test_a_step_needs_a_clip_that_is_no_shorter(tmp_path, options):
    with pytest.raises(DataError, match="`clip_step_s` must be above 0 s and at most `clip_s`"):
        load_data_set(write_long(tmp_path), **options)


def test_a_recording_that_cannot_be_read_is_one_damaged_clip(tmp_path):
    root = write_long(tmp_path, seconds=(3.0,) * 8)
    (root / "cat" / "x.wav").write_bytes(b"RIFF no sound")
    data = load_data_set(root, clip_s=1.0)
    report = check_audio(data, range(len(data)))
    assert [str(data.paths[row]) for row in report.rows] == ["cat/x.wav"]


def test_copies_count_as_one_recording_and_those_of_two_labels_are_warned_of(tmp_path):
    root = write_long(tmp_path, seconds=(1.0,) * 4)
    for name in ("copy", "again"):
        (root / "cat" / f"{name}.wav").write_bytes((root / "cat" / "0.wav").read_bytes())
    (root / "dog" / "stray.wav").write_bytes((root / "cat" / "1.wav").read_bytes())
    data = load_data_set(root)
    group = dict(zip(data.paths.tolist(), data.groups.tolist(), strict=True))
    assert group["cat/0.wav"] == group["cat/copy.wav"] == group["cat/again.wav"]
    assert group["cat/1.wav"] == group["dog/stray.wav"]
    assert len(set(group.values())) == 8
    assert "3 recordings are copies of others, such as cat/again.wav of cat/0.wav" in data.notes[-1]
    assert data.contradictions == (("cat/1.wav", "dog/stray.wav"),)
    told = "recordings of equal bytes under two labels: cat/1.wav and dog/stray.wav"
    assert ("warning", told) in summarise_data_set(data).facts
    as_before = load_data_set(root, layout=None)
    assert as_before.contradictions == data.contradictions
    assert as_before.groups.tolist() == as_before.paths.tolist()
