"""Features on disk: equal to those computed by hand, of the rows asked for, without the damaged ones."""

import resource
import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from nas_asc.data import load_data_set, write_synthetic
from nas_asc.errors import DataError, FrontEndError
from nas_asc.features import bytes_per_clip, compute_features, log_mel_batch, resample
from nas_asc.features.compute import iterate_batches
from nas_asc.frontend import LogMel
from tests.features.noise import write_folder

_FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
_ROWS = np.arange(0, 2_800, 140)


def _names(cache):
    return sorted(path.name for path in (cache / "features").iterdir())


def test_table_holds_the_features_of_its_rows_in_their_order(tmp_path):
    data = load_data_set()
    rows = _ROWS[::-1].copy()
    table = compute_features(data, _FRONT_END, rows, cache_dir=tmp_path)
    waveforms = torch.from_numpy(np.stack([data.waveform(int(row)) for row in rows]))
    expected = log_mel_batch(resample(waveforms, 44_100, 16_000), _FRONT_END).numpy()
    assert table.array.dtype == np.float16
    assert table.rows.tolist() == rows.tolist()
    np.testing.assert_allclose(table.array, expected, atol=0.02)


def test_second_asking_reads_the_disk(tmp_path):
    data, calls = load_data_set(), []
    first = compute_features(data, _FRONT_END, _ROWS, cache_dir=tmp_path, on_progress=lambda *each: calls.append(each))
    assert (calls[0], calls[-1]) == ((0, len(_ROWS)), (len(_ROWS), len(_ROWS)))
    calls.clear()
    second = compute_features(data, _FRONT_END, _ROWS, cache_dir=tmp_path, on_progress=lambda *each: calls.append(each))
    assert calls == []
    np.testing.assert_array_equal(first.array, second.array)


@pytest.mark.parametrize("change", [{"n_mels": 41}, {"hop_length": 321}, {"log_offset": 2e-5}, {"f_max": 7_000.0}])
def test_another_front_end_is_another_table(tmp_path, change):
    data = load_data_set()
    compute_features(data, _FRONT_END, _ROWS[:2], cache_dir=tmp_path)
    compute_features(data, replace(_FRONT_END, **change), _ROWS[:2], cache_dir=tmp_path)
    assert len(_names(tmp_path)) == 2


def test_bytes_of_a_clip_are_those_on_disk(tmp_path):
    table = compute_features(load_data_set(), _FRONT_END, _ROWS, cache_dir=tmp_path)
    assert table.array.nbytes == len(_ROWS) * bytes_per_clip(_FRONT_END, 1.0)


def _take(data, rows):
    names = ("paths", "labels", "groups", "devices", "cities", "parts", "folds")
    columns = {name: getattr(data, name)[rows] for name in names}
    return replace(data, **columns, digest="taken", synthesise=lambda row: data.waveform(rows[row]))


def test_recordings_on_disk_have_the_features_of_the_embedded_scenes(tmp_path):
    data = _take(load_data_set(), np.arange(0, 2_800, 35))
    write_synthetic(data, tmp_path / "scenes")
    on_disk = load_data_set(tmp_path / "scenes")
    row_of = {path: row for row, path in enumerate(on_disk.paths.tolist())}
    rows = np.array([row_of[path] for path in data.paths.tolist()])
    embedded = compute_features(data, _FRONT_END, np.arange(len(data)), cache_dir=tmp_path / "cache")
    decoded = compute_features(on_disk, _FRONT_END, rows, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(embedded.array, decoded.array)
    assert len(_names(tmp_path / "cache")) == 2


def test_features_are_the_same_with_any_number_of_workers_and_in_any_company(tmp_path):
    data = load_data_set()
    tables = [
        compute_features(data, _FRONT_END, rows, cache_dir=tmp_path / str(n_workers), n_workers=n_workers).array
        for n_workers, rows in ((1, _ROWS), (3, _ROWS), (2, _ROWS[5:6]))
    ]
    np.testing.assert_array_equal(tables[0], tables[1])
    np.testing.assert_allclose(tables[0][5:6], tables[2], atol=0.01)  # half a step of float16 at 12 is 0.004


def test_clips_are_decoded_as_they_are_written_not_all_at_once():
    data, decoded = load_data_set(), []

    def decode(row):
        decoded.append(row)
        return np.zeros(44_100, np.float32)

    watched = replace(data, digest="watched", synthesise=decode)
    with closing(iterate_batches(watched, _FRONT_END, np.arange(2_800), n_workers=2)) as batches:
        next(batches)
        next(batches)
    assert 0 < len(decoded) < 500


_SMALL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=20)


@pytest.mark.parametrize(("value", "cause"), [(np.nan, "not finite"), (1e30, "too loud")])
def test_a_few_damaged_recordings_are_named_and_left_out(tmp_path, value, cause):
    data = write_folder(tmp_path / "data", n=250, bad=1, value=value)
    for _ in range(2):  # computed, then read
        table = compute_features(data, _SMALL, np.arange(250), cache_dir=tmp_path / "cache")
        assert len(table.rows) == len(table.array) == 249
        assert "cat/000.wav" in table.damage.describe()
        assert cause in table.damage.describe()
        assert 0 not in table.rows
        assert np.isfinite(table.array).all()


def test_many_damaged_recordings_stop_with_their_list_and_leave_nothing(tmp_path):
    data = write_folder(tmp_path / "data", n=40, bad=3)
    with pytest.raises(DataError, match=r"3 of .* recordings cannot be used: cat/000.wav"):
        compute_features(data, _SMALL, np.arange(40), cache_dir=tmp_path / "cache")
    assert _names(tmp_path / "cache") == []


def test_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match=r"features cannot be kept in .*file.* Give another `cache`"):
        compute_features(load_data_set(), _FRONT_END, _ROWS[:2], cache_dir=blocked)


@pytest.mark.parametrize("name", ["features.npy", "rows.npy", "damage.tsv"])
def test_table_that_was_cut_short_is_computed_again(tmp_path, name):
    data = load_data_set()
    whole = np.array(compute_features(data, _FRONT_END, _ROWS, cache_dir=tmp_path).array)
    file = tmp_path / "features" / _names(tmp_path)[0] / name
    if file.stat().st_size:
        with file.open("r+b") as stream:
            stream.truncate(file.stat().st_size - 100)
    else:
        file.unlink()
    np.testing.assert_array_equal(compute_features(data, _FRONT_END, _ROWS, cache_dir=tmp_path).array, whole)


def test_disk_that_is_full_is_one_line_and_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(DataError, match=r"features cannot be kept in .*File too large"):
            compute_features(load_data_set(), _FRONT_END, _ROWS, cache_dir=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert _names(tmp_path) == []


def test_interrupt_leaves_no_folder_no_thread_and_torch_as_it_was(tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    n_threads, n_torch_threads = threading.active_count(), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt) as caught:
        compute_features(load_data_set(), _FRONT_END, np.arange(200), cache_dir=tmp_path, on_progress=stop)
    assert caught.value is not None  # its trace holds the frames: nothing is left to the garbage collector
    assert _names(tmp_path) == []
    assert (threading.active_count(), torch.get_num_threads()) == (n_threads, n_torch_threads)


def test_no_rows_are_an_empty_table(tmp_path):
    table = compute_features(load_data_set(), _FRONT_END, np.zeros(0, np.int64), cache_dir=tmp_path)
    assert table.array.shape == (0, *_FRONT_END.shape(1.0))


def test_clip_shorter_than_half_the_transform_is_refused_before_anything_is_read(tmp_path):
    data = replace(load_data_set(), clip_s=0.05)
    with pytest.raises(FrontEndError, match=r"n_fft=4096 for clips of 1600 samples .* Use a smaller n_fft"):
        compute_features(data, LogMel(), _ROWS, cache_dir=tmp_path)


def test_another_clip_length_of_the_same_files_is_read_anew(tmp_path):
    write_folder(tmp_path / "data", n=8, bad=0)
    shapes = [
        compute_features(
            load_data_set(tmp_path / "data", clip_s=clip_s), _SMALL, np.arange(8), cache_dir=tmp_path / "cache"
        ).array.shape
        for clip_s in (1.0, 0.5)
    ]
    assert shapes == [(8, *_SMALL.shape(1.0)), (8, *_SMALL.shape(0.5))]


def test_recording_that_is_written_anew_is_read_anew(tmp_path):
    first = write_folder(tmp_path / "data", n=40, bad=0)
    rows, cache = np.arange(40), tmp_path / "cache"
    before = compute_features(first, _SMALL, rows, cache_dir=cache).array
    path = tmp_path / "data" / first.paths[2]  # no file whose bytes are in the digest
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[::-1], rate, "FLOAT")
    second = load_data_set(tmp_path / "data")
    assert second.digest == first.digest
    after = compute_features(second, _SMALL, rows, cache_dir=cache).array
    assert np.flatnonzero((before != after).reshape(40, -1).any(axis=1)).tolist() == [2]


def test_real_recordings_have_features_but_for_the_named_damaged_ones(esc10_dir, tmp_path):
    data = load_data_set(esc10_dir)
    rows = np.arange(0, len(data), 20)
    front_end = LogMel(sample_rate=22_050, n_fft=1_024, win_length=882, hop_length=441, n_mels=64)
    table = compute_features(data, front_end, rows, cache_dir=tmp_path)
    assert len(table.rows) + len(table.damage.rows) == len(rows)
    assert table.array.shape[1:] == (1, 64, 251)
    assert -12 < float(table.array.min()) < float(table.array.max()) < 16
