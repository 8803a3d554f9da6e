"""The cache: whole or absent, whoever is killed and however many compute."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nas_asc.errors import DataError, FrontEndError
from nas_asc.features import (
    bytes_per_clip,
    clear_cache,
    compute_features,
    count_cached_bytes,
    default_cache_bytes,
    default_cache_dir,
    features_file,
)
from nas_asc.frontend import LogMel
from tests.features.compute_slowly import FRONT_END, ROWS, compute, load_data_set

_ROOT = Path(__file__).parents[2]


def _start(cache, *, pause_s=0.0):
    command = [sys.executable, "-m", "tests.features.compute_slowly", str(cache), str(pause_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_ROOT)


def _kill(process, number=signal.SIGKILL):
    process.send_signal(number)
    _, error = process.communicate()
    return error


def _names(cache):
    return sorted(path.name for path in (cache / "features").iterdir())


def _sum(array):
    return float(np.asarray(array, np.float64).sum())


@pytest.fixture(scope="module")
def expected_sum(tmp_path_factory):
    return _sum(compute(tmp_path_factory.mktemp("cache")).array)


def test_two_processes_at_once_compute_one_table_once(tmp_path, expected_sum):
    running = [_start(tmp_path) for _ in range(2)]
    said = [process.communicate()[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert [float(lines[-1]) for lines in said] == [expected_sum] * 2
    assert sorted(int(lines[lines.index("made") + 1]) for lines in said) == [0, len(ROWS)]  # the other one only waited
    assert all(str(len(ROWS)) in lines for lines in said)  # and said so
    assert len(_names(tmp_path)) == 1
    assert not _names(tmp_path)[0].startswith(".")


def test_who_waits_for_a_process_that_is_killed_computes_the_table(tmp_path, expected_sum):
    process = _start(tmp_path, pause_s=30)
    assert process.stdout.readline().strip().isdigit()
    tables, calls = [], []
    waiting = threading.Thread(
        target=lambda: tables.append(compute(tmp_path, on_progress=lambda *each: calls.append(each)))
    )
    waiting.start()
    while not calls and waiting.is_alive():
        waiting.join(timeout=0.1)
    assert waiting.is_alive()
    assert calls  # how far the other one is
    assert all(done < total == len(ROWS) for done, total in calls)
    _kill(process)
    waiting.join()
    assert calls[-1] == (len(ROWS), len(ROWS))
    assert _sum(tables[0].array) == expected_sum
    assert [name.startswith(".") for name in _names(tmp_path)] == [False]


def test_left_overs_of_a_killed_process_go_when_anything_else_is_computed(tmp_path):
    process = _start(tmp_path, pause_s=30)
    process.stdout.readline()
    living = _names(tmp_path)
    compute_features(load_data_set(), FRONT_END, ROWS[:2], cache_dir=tmp_path)
    assert set(living) < set(_names(tmp_path))
    assert process.poll() is None
    _kill(process)
    compute_features(load_data_set(), FRONT_END, ROWS[:3], cache_dir=tmp_path)
    assert [name.startswith(".") for name in _names(tmp_path)] == [False, False]


def test_interrupted_process_ends_at_once_and_leaves_nothing(tmp_path):
    process = _start(tmp_path, pause_s=24 * 3600)  # who waits for its end would never come back
    process.stdout.readline()
    assert "KeyboardInterrupt" in _kill(process, signal.SIGINT)
    assert _names(tmp_path) == []


@pytest.mark.slow
def test_killed_at_random_moments_no_table_is_ever_wrong(tmp_path, expected_sum):
    rng = np.random.default_rng(0)
    for _ in range(12):
        process = _start(tmp_path)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 1.0))
        _kill(process)
        hidden = [name for name in _names(tmp_path) if name.startswith(".")]
        assert len(hidden) <= 1
        for name in set(_names(tmp_path)) - set(hidden):
            assert len(np.load(tmp_path / "features" / name / "features.npy", mmap_mode="r")) == len(ROWS)
            if rng.uniform() < 0.7:
                clear_cache(tmp_path)
    assert _sum(compute(tmp_path).array) == expected_sum


def test_cache_is_counted_and_cleared_and_open_tables_stay_readable(tmp_path):
    assert count_cached_bytes(tmp_path) == clear_cache(tmp_path) == 0
    table = compute_features(load_data_set(), FRONT_END, ROWS[:20], cache_dir=tmp_path)
    size = count_cached_bytes(tmp_path)
    assert table.array.nbytes < size < table.array.nbytes + 2_000
    assert clear_cache(tmp_path) == size
    assert _names(tmp_path) == []
    assert np.isfinite(table.array).all()


def front_end(n_mels):
    return replace(FRONT_END, n_mels=n_mels)


def compute_some(cache, n_mels, **options):
    return compute_features(load_data_set(), front_end(n_mels), ROWS[:20], cache_dir=cache, **options)


def kept(cache):
    """Bands of the front ends whose features are on disk."""
    return {n for n in (20, 30, 40) if features_file(load_data_set(), front_end(n), ROWS[:20], cache).is_file()}


def test_the_least_used_features_go_first_where_there_is_a_limit(tmp_path):
    for n_mels in (20, 30):
        compute_some(tmp_path, n_mels)
    compute_some(tmp_path, 20)  # used again
    size, largest = count_cached_bytes(tmp_path), 20 * bytes_per_clip(front_end(40), 1.0)
    opened = compute_some(tmp_path, 20)
    compute_some(tmp_path, 40, cache_bytes=size + largest)
    assert kept(tmp_path) == {20, 30, 40}
    (tmp_path / "features" / ".new-other").mkdir()  # what another process is writing stays
    shutil.rmtree(next(path for path in (tmp_path / "features").iterdir() if "-" in path.name and _bands(path) == 40))
    compute_some(tmp_path, 40, cache_bytes=size + largest - 1)
    assert kept(tmp_path) == {20, 40}
    compute_some(tmp_path, 30, cache_bytes=largest)
    assert kept(tmp_path) == {30}
    assert np.isfinite(opened.array).all()


def _bands(path):
    return np.load(path / "features.npy", mmap_mode="r").shape[2] if (path / "features.npy").is_file() else None


def test_features_that_alone_are_too_large_are_refused_and_nothing_goes(tmp_path):
    compute_some(tmp_path, 20)
    n_bytes = 20 * bytes_per_clip(front_end(40), 1.0)
    with pytest.raises(FrontEndError, match=r"`cache_bytes` must hold .* these take 81.6kB and it has 81.6kB"):
        compute_some(tmp_path, 40, cache_bytes=n_bytes - 1)
    assert kept(tmp_path) == {20}


def test_without_a_limit_a_fifth_of_the_free_disk_is_taken_or_one_table(tmp_path, monkeypatch):
    compute_some(tmp_path, 20)
    first = count_cached_bytes(tmp_path)
    for free, left in ((5 * 10**6, {20, 30}), (first, {40})):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr(shutil, "disk_usage", lambda path, usage=usage: usage)
        assert default_cache_bytes(tmp_path) == (free + count_cached_bytes(tmp_path)) // 5
        compute_some(tmp_path, max(left))
        assert kept(tmp_path) == left


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NAS_ASC_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("NAS_ASC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "nas-asc"


def test_all_training_clips_of_tau_fit_in_five_gigabytes():
    assert 139_620 * bytes_per_clip(LogMel(), 1.0) < 5e9


def test_a_file_system_without_locks_is_one_line_with_how_to_go_on(tmp_path, monkeypatch):
    def refuse(stream, kind):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DataError, match=r"features cannot be kept in .*No locks available.* Give another `cache`"):
        compute(tmp_path)
