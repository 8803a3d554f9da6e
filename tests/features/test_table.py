"""Features on disk: equal to those computed by hand, whole or absent, whoever is killed and however many compute."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from nas_asc.data import load_data_set, write_synthetic
from nas_asc.errors import DataError
from nas_asc.features import bytes_per_clip, compute_features, default_cache_dir, log_mel_batch, resample
from nas_asc.frontend import LogMel

_FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
_ROWS = np.arange(0, 2_800, 140)

_PROGRAM = """
import sys, numpy as np, torch
from pathlib import Path
from nas_asc.data import load_data_set
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel
torch.set_num_threads(1)
front_end = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
rows = np.arange(0, 2_800, int(sys.argv[2]))
say = lambda done, total: print(done, flush=True)
table = compute_features(load_data_set(), front_end, rows, cache_dir=Path(sys.argv[1]), on_progress=say)
print("sum", float(np.asarray(table.array, np.float64).sum()), flush=True)
"""


def _start(cache, step):
    command = [sys.executable, "-c", _PROGRAM, str(cache), str(step)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


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
    assert calls[-1] == (len(_ROWS), len(_ROWS))
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


def test_recordings_on_disk_have_the_features_of_the_embedded_scenes(tmp_path):
    data = load_data_set()
    write_synthetic(data, tmp_path / "scenes")
    on_disk = load_data_set(tmp_path / "scenes")
    row_of = {path: row for row, path in enumerate(on_disk.paths.tolist())}
    rows = np.array([row_of[path] for path in data.paths[_ROWS].tolist()])
    embedded = compute_features(data, _FRONT_END, _ROWS, cache_dir=tmp_path / "cache")
    decoded = compute_features(on_disk, _FRONT_END, rows, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(embedded.array, decoded.array)


def _write_folder(root, *, n, bad):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for index in range(n // 2):
            samples = rng.standard_normal(8_000) * 0.1
            if name == "cat" and index < bad:
                samples[100] = np.nan
            soundfile.write(root / name / f"{index:03}.wav", samples, 8_000, "FLOAT")
    return load_data_set(root)


_SMALL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=20)


def test_a_few_damaged_recordings_are_named_and_left_out(tmp_path):
    data = _write_folder(tmp_path / "data", n=250, bad=1)
    for _ in range(2):  # computed, then read
        table = compute_features(data, _SMALL, np.arange(250), cache_dir=tmp_path / "cache")
        assert len(table.rows) == len(table.array) == 249
        assert "cat/000.wav" in table.damage.describe()
        assert "not finite" in table.damage.describe()


def test_many_damaged_recordings_stop_with_their_list_and_leave_nothing(tmp_path):
    data = _write_folder(tmp_path / "data", n=40, bad=3)
    with pytest.raises(DataError, match=r"3 of .* recordings cannot be used: cat/000.wav"):
        compute_features(data, _SMALL, np.arange(40), cache_dir=tmp_path / "cache")
    assert _names(tmp_path / "cache") == []


def test_two_processes_at_once_leave_one_whole_table(tmp_path):
    running = [_start(tmp_path, 40) for _ in range(2)]
    sums = [process.communicate()[0].strip().splitlines()[-1] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sums[0] == sums[1]
    assert len(_names(tmp_path)) == 1


def test_killed_process_leaves_no_table_and_the_next_one_computes_it(tmp_path):
    process = _start(tmp_path, 4)
    assert process.stdout.readline().strip().isdigit()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    left = _names(tmp_path)
    assert left
    assert all(name.startswith(".partial-") for name in left)
    compute_features(load_data_set(), _FRONT_END, _ROWS, cache_dir=tmp_path)
    assert len([name for name in _names(tmp_path) if not name.startswith(".partial-")]) == 1


def test_old_left_overs_are_removed(tmp_path):
    old = tmp_path / "features" / ".partial-old"
    old.mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    compute_features(load_data_set(), _FRONT_END, _ROWS[:2], cache_dir=tmp_path)
    assert not old.exists()


def test_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match=r"features cannot be kept in .*file.* Give another `--cache`"):
        compute_features(load_data_set(), _FRONT_END, _ROWS[:2], cache_dir=blocked)


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NAS_ASC_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("NAS_ASC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "nas-asc"
