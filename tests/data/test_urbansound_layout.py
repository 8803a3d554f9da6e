import itertools
import shutil

import numpy as np
import pytest
import torch

from nas_asc.cli import main
from nas_asc.data import check_audio, iterate_folds, load_data_set, split_data_set
from nas_asc.errors import DataError
from nas_asc.features import compute_features, log_mel_batch
from nas_asc.frontend import LogMel
from nas_asc.prediction import Metadata
from nas_asc.prediction.clip import iterate_features
from tests.data.recordings import write_rows, write_wav
from tests.data.urbansound_files import (
    CLASSES,
    HEADER,
    IN_TWO_FOLDS,
    MOST_RATE,
    tone,
    urbansound_rows,
    write_tone,
    write_urbansound,
)

_N_CLIPS = 103
_LOG_MEL = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_urbansound(tmp_path_factory.mktemp("data") / "UrbanSound8K")


def test_it_is_recognised_with_its_columns(root):
    data = load_data_set(root)
    assert (data.kind, data.name, len(data), data.clip_s) == ("urbansound8k", "urbansound8k", _N_CLIPS, 4.0)
    assert (data.sample_rate, data.fold_numbers) == (MOST_RATE, tuple(range(1, 11)))
    assert data.classes == CLASSES, "the order of classID"
    for row, (name, upload, _, _, _, fold, label, _) in enumerate(urbansound_rows()):
        assert data.paths[row] == f"fold{fold}/{name}"
        assert (data.groups[row], data.folds[row], data.labels[row]) == (upload, fold, label)
        assert data.path(row).is_file()


@pytest.mark.parametrize(
    ("listing", "audio", "given"),
    [
        ("metadata", "audio", ""),
        ("metadata", "audio", "audio"),
        ("", "", ""),
        ("UrbanSound8K/metadata", "UrbanSound8K/audio", ""),
    ],
    ids=["whole", "audio alone", "flat", "parent"],
)
def test_any_of_its_folders_is_the_same_data(tmp_path, root, listing, audio, given, monkeypatch):
    shutil.copytree(root / "metadata", tmp_path / listing, dirs_exist_ok=True)
    shutil.copytree(root / "audio", tmp_path / audio, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / given)
    for source in (tmp_path / given, "."):
        data = load_data_set(source)
        assert (data.kind, data.digest) == ("urbansound8k", load_data_set(root).digest)
        assert data.path(5).is_file()


def test_other_folders_beside_the_listing_are_not_it(tmp_path, root):
    shutil.copytree(root / "metadata", tmp_path / "metadata")
    for number in range(10):
        write_wav(tmp_path / "mine" / "ab"[number % 2] / f"{number}.wav")
    assert load_data_set(tmp_path / "mine").kind == "folder"


def test_a_listing_of_other_columns_is_not_it(tmp_path):
    write_rows(tmp_path / "UrbanSound8K.csv", [("path", "label")], separator=",")
    with pytest.raises(DataError, match="is no known data set"):
        load_data_set(tmp_path)


def test_a_recording_in_two_folds_stays_in_the_one_with_more_of_it(root):
    data = load_data_set(root)
    assert data.folds[(data.groups == IN_TWO_FOLDS) & (data.parts == "")].tolist() == [7, 7]
    assert data.folds[data.parts == "unused"].tolist() == [2]
    assert data.notes[0].startswith("1 clips are unused: most clips of their recordings are in another fold")


def test_of_two_folds_with_as_many_clips_of_a_recording_the_lower_one_keeps_them(tmp_path):
    rows = [row for row in urbansound_rows() if (row[1], row[0][-5]) != (IN_TWO_FOLDS, "1")]
    write_urbansound(tmp_path)
    write_rows(tmp_path / "metadata" / "UrbanSound8K.csv", [HEADER, *rows], separator=",")
    data = load_data_set(tmp_path)
    assert data.folds[(data.groups == IN_TWO_FOLDS) & (data.parts == "")].tolist() == [2]


def test_no_recording_is_in_two_parts_whatever_fold_is_the_test(root):
    data = load_data_set(root)
    for fold, split in iterate_folds(data):
        assert set(data.folds[split.test].tolist()) == {fold}
        assert set(data.folds[split.validation].tolist()) == {fold % 10 + 1}
        groups = [set(data.groups[rows].tolist()) for rows in (split.train, split.validation, split.test)]
        assert not any(one & other for one, other in itertools.combinations(groups, 2))
    assert len(split_data_set(data).test) == 0


def test_short_clips_are_padded_with_silence_and_counted(root):
    data = load_data_set(root)
    report = check_audio(data, range(len(data)))
    assert (report.faults, report.n_cut, report.n_padded) == ((), 0, _N_CLIPS)
    assert report.largest_change == pytest.approx(1 - 0.05 / 4, abs=1e-4)
    for row in range(8):
        waveform, rate = data.read(row)
        assert waveform.shape == (1, 4 * rate)
        end = round(rate * (0.05, 0.3, 0.12)[row % 3])
        assert waveform[0, :end].any()
        assert not waveform[0, end:].any()
    assert len({data.read(row)[1] for row in range(8)}) == 4


def test_another_length_can_be_asked_for(root):
    data = load_data_set(root, clip_s=0.1)
    assert data.clip_s == 0.1
    assert all(data.read(row)[0].shape[1] == round(0.1 * data.read(row)[1]) for row in range(8))


def _write_one_tone(folder):
    """The same tone in files of every rate, number of channels and format; their names."""
    rows = []
    formats = itertools.product((8_000, 22_050, 44_100, 96_000), (1, 2), ("PCM_16", "PCM_24", "FLOAT"))
    for number, (rate, n_channels, subtype) in enumerate(formats):
        name = f"{number}-{number % 2}-0-0.wav"
        rows.append((name, str(number), 0, 1, 1, 1 + number % 10, number % 2, CLASSES[number % 2]))
        path = folder / f"fold{1 + number % 10}" / name
        write_tone(path, 1_000, 1.0, rate, n_channels=n_channels, subtype=subtype)
    write_rows(folder / "UrbanSound8K.csv", [HEADER, *rows], separator=",")
    return folder


@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_tone_has_the_same_features_at_every_rate(tmp_path, n_channels):
    data = load_data_set(_write_one_tone(tmp_path / "tones"), clip_s=1.0)
    log_mel = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40, n_channels=n_channels)
    table = compute_features(data, log_mel, np.arange(len(data)), cache_dir=tmp_path / "cache")
    assert len(table.array) == 24
    expected = log_mel_batch(torch.from_numpy(tone(1_000, 1.0, 16_000)).float()[None], _LOG_MEL).numpy()[0]
    expected = np.repeat(expected[:, :, 2:-2], n_channels, axis=0)  # the clip's ends differ
    loud = expected > expected.max() - 9  # by 40 dB; below that 16 bits and filters differ
    assert loud.any(axis=1).all(), "a band or two of every frame"
    for features in table.array[..., 2:-2]:
        np.testing.assert_allclose(features[loud], expected[loud], atol=0.05)


def test_features_of_mixed_rates_are_those_an_exported_network_is_given(root, tmp_path):
    data = load_data_set(root)
    rows = np.arange(14)
    table = compute_features(data, _LOG_MEL, rows, cache_dir=tmp_path)
    metadata = Metadata(
        name="x", classes=data.classes, clip_s=data.clip_s, sample_rate=data.sample_rate, log_mel=_LOG_MEL,
        mean=(0.0,) * 40, std=(1.0,) * 40,
    )  # fmt: skip
    for row, features in zip(rows, table.array, strict=True):
        (expected,) = iterate_features(data.path(row), metadata)
        np.testing.assert_allclose(features, expected[0], atol=0.02)


def test_the_order_of_rows_and_their_company_do_not_matter(root, tmp_path):
    data = load_data_set(root)
    rows = np.arange(20)
    together = compute_features(data, _LOG_MEL, rows, cache_dir=tmp_path).array
    backwards = compute_features(data, _LOG_MEL, rows[::-1].copy(), cache_dir=tmp_path).array
    np.testing.assert_array_equal(together, backwards[::-1])
    alone = compute_features(data, _LOG_MEL, rows[5:6], cache_dir=tmp_path).array
    np.testing.assert_allclose(together[5:6], alone, atol=0.004)


def test_a_missing_recording_and_a_fold_that_is_none_are_named(tmp_path):
    write_urbansound(tmp_path)
    listing = tmp_path / "metadata" / "UrbanSound8K.csv"
    text = listing.read_text()
    (tmp_path / "audio" / "fold1" / "1003-3-0-0.wav").unlink()
    with pytest.raises(DataError, match=r"1 of 103 recordings are missing .*fold1/1003-3-0-0\.wav"):
        load_data_set(tmp_path)
    listing.write_text(text.replace("1.55,1,1,0,air", "1.55,1,one,0,air", 1))
    with pytest.raises(DataError, match="line 2: column 'fold' must be a number from 1, but got 'one'"):
        load_data_set(tmp_path)


def test_a_subset_does_not_belong_to_it(root):
    with pytest.raises(DataError, match="`subset` does not belong to UrbanSound8K"):
        load_data_set(root, subset=10)


def test_it_is_shown_with_its_rates_and_what_is_unused(root, capsys):
    assert main(["data", "show", str(root), "--test-fold", "1"]) == 0
    out = capsys.readouterr().out
    assert "data: urbansound8k (urbansound8k)\n" in out
    assert "clips: 103 of 4 s at rates up to 96,000 Hz, most of them 44,100 Hz\n" in out
    assert "note: 1 clips are unused" in out
