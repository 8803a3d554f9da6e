import numpy as np
import pytest

from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import DataError
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel
from tests.data.esc_files import HEADER, esc_rows, write_esc
from tests.data.recordings import link_wavs, write_rows


def test_esc50_is_used_whole(tmp_path):
    data = load_data_set(write_esc(tmp_path))
    assert (data.name, data.classes, len(data), data.fold_numbers) == (
        "esc50",
        ("dog", "engine", "rain"),
        60,
        (1, 2, 3, 4, 5),
    )
    assert data.path(0).is_file()


def test_esc10_is_taken_where_asked(tmp_path):
    data = load_data_set(write_esc(tmp_path), subset=10)
    assert (data.name, data.classes, len(data)) == ("esc10", ("dog", "rain"), 40)


def test_esc10_is_taken_where_only_its_recordings_are_there(tmp_path):
    data = load_data_set(write_esc(tmp_path, without=("engine",)))
    assert (data.name, data.classes, len(data)) == ("esc10", ("dog", "rain"), 40)


def test_missing_recordings_do_not_turn_esc50_into_esc10(tmp_path):
    root = write_esc(tmp_path)
    (root / "audio" / "3-231-B-2.wav").unlink()
    with pytest.raises(DataError, match=r"1 of 60 recordings are missing .*3-231-B-2\.wav"):
        load_data_set(root)


def test_esc10_of_a_listing_without_marks_is_an_error(tmp_path):
    rows = [(*row[:4], False, *row[5:]) for row in esc_rows()]
    write_rows(tmp_path / "meta" / "esc50.csv", [HEADER, *rows], separator=",", ending="\n")
    with pytest.raises(DataError, match="`subset=10` needs rows with 'True'"):
        load_data_set(tmp_path, subset=10)


def test_old_columns_at_the_root_are_read(tmp_path):
    rows = [(name, fold, target, category) for name, fold, target, category, *_ in esc_rows()]
    write_rows(tmp_path / "esc50.csv", [("filename", "fold", "category", "category_name"), *rows], separator=",")
    link_wavs(tmp_path, [f"audio/{row[0]}" for row in rows])
    data = load_data_set(tmp_path)
    assert data.classes == ("dog", "engine", "rain")
    assert data.groups[0] == "10", "the source file is the name's second part"


def test_the_parent_folder_will_do(tmp_path):
    write_esc(tmp_path / "ESC-50-master")
    assert len(load_data_set(tmp_path)) == 60


@pytest.mark.parametrize("test_fold", range(1, 6))
def test_the_fold_after_the_test_fold_validates(tmp_path, test_fold):
    data = load_data_set(write_esc(tmp_path))
    split = split_data_set(data, test_fold=test_fold)
    assert set(data.folds[split.test].tolist()) == {test_fold}
    assert set(data.folds[split.validation].tolist()) == {test_fold % 5 + 1}
    assert len(split.train) == 36


def test_fragments_of_a_source_file_in_two_folds_are_refused(tmp_path):
    root = write_esc(tmp_path)
    text = (root / "meta" / "esc50.csv").read_text().replace("2-20-A-0.wav,2", "2-20-A-0.wav,4")
    (root / "meta" / "esc50.csv").write_text(text)
    with pytest.raises(DataError, match="source file '20' is in training and in validation"):
        split_data_set(load_data_set(root), test_fold=1)


def test_a_fold_that_is_no_number_is_an_error(tmp_path):
    root = write_esc(tmp_path)
    text = (root / "meta" / "esc50.csv").read_text().replace("2-20-A-0.wav,2", "2-20-A-0.wav,two")
    (root / "meta" / "esc50.csv").write_text(text)
    with pytest.raises(DataError, match="line 6: column 'fold' must be a number from 1, but got 'two'"):
        load_data_set(root)


def test_real_recordings_are_read_to_one_length(esc10_dir):
    data = load_data_set(esc10_dir)
    assert (data.name, len(data), len(data.classes), data.sample_rate, data.clip_s) == ("esc10", 400, 10, 44_100, 5.0)
    waveform = data.waveform(0)
    assert (waveform.shape, waveform.dtype) == ((220_500,), np.float32)
    assert np.abs(waveform).max() <= 1.01


def test_the_real_data_set_its_splits_and_its_features_are_those_of_version_0_1_0(esc10_dir, tmp_path):
    """Numbers of that version: a study of it goes on where it was."""
    data = load_data_set(esc10_dir, clip_s=5.0)
    assert data.digest == "15558a18e83539be"
    digests = [split_data_set(data, test_fold=fold).digest for fold in (None, 1, 3, 5)]
    assert digests == ["07ff2435dfd956a8", "8937a40f95d7b537", "09d216c514693f04", "3e28bda860e198dc"]
    log_mel = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
    array = compute_features(data, log_mel, np.array([0, 100, 200, 300, 399]), cache_dir=tmp_path).array
    found = array.astype(np.float32)
    assert np.allclose(found.mean(axis=(1, 2, 3)), [-10.848, -9.073, -0.657, -0.372, -7.943], atol=2e-3)
    assert np.allclose(found.std(axis=(1, 2, 3)), [2.72, 2.98, 4.154, 2.863, 4.179], atol=2e-3)
