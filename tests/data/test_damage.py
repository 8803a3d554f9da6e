import numpy as np
import pytest
import soundfile

from nas_asc.data import ClipError, check_audio, load_data_set, report_damage
from nas_asc.errors import DataError
from tests.data.recordings import write_wav


def _write_good(root, n_clips=210):
    for number in range(n_clips):
        write_wav(root / "ab"[number % 2] / f"{number}.wav", seconds=0.1)
    return root


def _empty(path):
    soundfile.write(path, np.zeros(0, np.float32), 8_000, "FLOAT")


_FAULTS = {
    "unreadable": lambda path: path.write_bytes(b"RIFF no sound"),
    "empty": _empty,
    "700 samples, too short for 800": lambda path: write_wav(path, seconds=700 / 8_000),
    "900 samples, too long for 800": lambda path: write_wav(path, seconds=900 / 8_000),
}


@pytest.mark.parametrize("cause", _FAULTS)
def test_few_damaged_recordings_are_named_with_their_cause(tmp_path, cause):
    _FAULTS[cause](_write_good(tmp_path) / "a" / "x.wav")
    data = load_data_set(tmp_path)
    report = check_audio(data, np.arange(len(data)))
    row = data.paths.tolist().index("a/x.wav")
    assert report.rows.tolist() == [row]
    assert f"1 of 211 recordings cannot be used: a/x.wav: {cause}" in report.describe()
    with pytest.raises(ClipError, match=f"x.wav: {cause}"):
        data.waveform(row)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_found_when_decoded(tmp_path, value):
    write_wav(_write_good(tmp_path) / "a" / "x.wav", seconds=0.1, value=value)
    data = load_data_set(tmp_path)
    with pytest.raises(ClipError, match=r"x\.wav: values that are not finite"):
        data.waveform(data.paths.tolist().index("a/x.wav"))


@pytest.mark.parametrize(
    ("n_good", "n_bad", "is_refused"), [(19, 1, False), (4, 1, False), (36, 2, True), (99, 5, False)]
)
def test_one_bad_recording_of_twenty_does_not_stop_a_first_try(tmp_path, n_good, n_bad, is_refused):
    root = _write_good(tmp_path, n_good)
    for number in range(n_bad):
        _empty(root / "a" / f"x{number}.wav")
    data = load_data_set(root)
    if is_refused:
        with pytest.raises(
            DataError, match=rf"{n_bad} of {len(data)} .*a/x0\.wav: empty; .*only 5 % may.*`allow_damaged`.*`clip_s`"
        ):
            check_audio(data, range(len(data)))
    else:
        assert len(check_audio(data, range(len(data))).rows) == n_bad


@pytest.mark.parametrize(("allowed", "is_refused"), [(0.0, True), (0.01, False), (0.2, False)])
def test_how_many_may_be_left_out_can_be_chosen(tmp_path, allowed, is_refused):
    _empty(_write_good(tmp_path, 20) / "a" / "x.wav")
    data = load_data_set(tmp_path, allow_damaged=allowed)
    if is_refused:
        with pytest.raises(DataError, match="only 0 % may be left out"):
            check_audio(data, range(len(data)))
    else:
        assert len(check_audio(data, range(len(data))).rows) == 1


def test_a_class_without_a_usable_recording_stops_a_search(tmp_path):
    root = _write_good(tmp_path, 60)
    (root / "c").mkdir()
    _empty(root / "c" / "x.wav")
    data = load_data_set(root)
    with pytest.raises(DataError, match="no recording of c can be used"):
        check_audio(data, range(len(data)))


def test_rates_that_differ_are_told(tmp_path):
    write_wav(_write_good(tmp_path, 10) / "a" / "x.wav", seconds=0.1, sample_rate=16_000)
    data = load_data_set(tmp_path)
    assert "10 at 8,000 Hz, 1 at 16,000 Hz" in check_audio(data, range(len(data))).describe()
    assert (data.sample_rate, data.task.sample_rate) == (8_000, 16_000)


def test_damage_of_a_part_is_judged_on_the_whole_set(tmp_path):
    _empty(_write_good(tmp_path) / "a" / "x.wav")
    data = load_data_set(tmp_path)
    row = data.paths.tolist().index("a/x.wav")
    assert check_audio(data, [row, row + 1]).rows.tolist() == [row]


def test_what_is_cut_and_padded_is_counted(tmp_path):
    root = _write_good(tmp_path)
    for name, n_samples in (("x", 790), ("y", 820), ("z", 805)):
        write_wav(root / "a" / f"{name}.wav", seconds=n_samples / 8_000)
    data = load_data_set(root)
    report = check_audio(data, np.arange(len(data)))
    assert (report.n_cut, report.n_padded, report.largest_change) == (2, 1, 0.025)
    assert "2 recordings are cut and 1 padded with silence" in report.describe()
    assert "up to 2.5 %" in report.describe()
    padded = data.waveform(data.paths.tolist().index("a/x.wav"))
    assert len(padded) == 800
    assert (padded[790:] == 0).all()


def test_any_length_is_good_where_the_user_named_one(tmp_path):
    write_wav(_write_good(tmp_path, 8) / "a" / "x.wav", seconds=0.5)
    data = load_data_set(tmp_path, clip_s=0.4)
    report = check_audio(data, np.arange(len(data)))
    assert (report.faults, report.n_cut, report.n_padded) == ((), 1, 8)


def test_no_damage_is_described_by_nothing(tmp_path):
    data = load_data_set(_write_good(tmp_path, 8))
    assert check_audio(data, np.arange(8)).describe() == ""
    assert report_damage(data, [], 8).describe() == ""


def test_long_lists_of_damage_are_shortened(tmp_path):
    data = load_data_set(_write_good(tmp_path, 20))
    with pytest.raises(DataError, match=r"20 of 20 .*; and 10 more\. That is 100\.0 %"):
        report_damage(data, [(row, "empty") for row in range(20)], 20)


def test_channels_are_averaged(tmp_path):
    data = load_data_set(_write_good(tmp_path, 4))
    stereo = np.stack([np.full(800, 0.5), np.full(800, -0.25)], axis=1)
    soundfile.write(data.path(0), stereo, 8_000, "FLOAT")
    assert np.allclose(data.waveform(0), 0.125)


def test_the_real_recordings_of_other_lengths_are_named(esc10_dir):
    data = load_data_set(esc10_dir)
    report = check_audio(data, np.arange(len(data)))
    assert len(report.faults) == 3
    assert all("samples, too" in fault for fault in report.faults)
    assert not check_audio(load_data_set(esc10_dir, clip_s=5.0), np.arange(400)).faults


def test_left_and_right_are_kept_where_they_are_asked_for(tmp_path):
    data = load_data_set(_write_good(tmp_path, 4))
    stereo = np.stack([np.full(800, 0.5), np.full(800, -0.25)], axis=1)
    soundfile.write(data.path(0), stereo, 8_000, "FLOAT")
    assert np.array_equal(data.waveform(0, n_channels=2), stereo.T)
    mono = data.waveform(1)
    assert np.array_equal(data.waveform(1, n_channels=2), np.stack([mono, mono]))
    soundfile.write(data.path(2), np.zeros((800, 4)), 8_000, "FLOAT")
    with pytest.raises(ClipError, match="4 channels instead of 2"):
        data.waveform(2, n_channels=2)
