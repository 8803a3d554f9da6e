"""Room for features: what a front end takes, and which do not fit."""

import shutil
from dataclasses import replace

import pytest

from nas_asc.errors import FrontEndError
from nas_asc.features import FeatureRoom, bytes_per_clip, clear_cache, compute_features, count_cached_bytes
from tests.features.compute_slowly import FRONT_END, ROWS, load_data_set

N_BYTES = 20 * bytes_per_clip(FRONT_END, 1.0)


def of_disk(cache, cache_bytes=None):
    return FeatureRoom.of_disk(20, 1.0, cache_dir=cache, cache_bytes=cache_bytes)


def let_be_free(monkeypatch, n_bytes):
    usage = type("Usage", (), {"free": n_bytes})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)


@pytest.mark.parametrize("spare", [0, -1])
def test_a_front_end_fits_up_to_the_last_byte(tmp_path, spare):
    room = of_disk(tmp_path, N_BYTES + spare)
    assert room.n_bytes(FRONT_END) == N_BYTES
    refusal = room.refusal(FRONT_END)
    assert refusal is None if spare == 0 else refusal.startswith("features larger than the cache (")
    assert room.refusal(replace(FRONT_END, n_mels=1)) is None


def test_the_disk_is_a_limit_also_below_the_size_asked_for(tmp_path, monkeypatch):
    let_be_free(monkeypatch, N_BYTES - 1)
    for cache_bytes in (None, 10 * N_BYTES):
        assert of_disk(tmp_path, cache_bytes).refusal(FRONT_END).startswith("features larger than the disk (")
        with pytest.raises(FrontEndError, match=r"the disk of .* must hold the features of one front end"):
            compute_features(
                load_data_set(), FRONT_END, ROWS[:20], cache_dir=tmp_path, cache_bytes=cache_bytes, n_workers=1
            )
    assert count_cached_bytes(tmp_path) == 0


def test_features_that_can_go_count_as_free(tmp_path, monkeypatch):
    compute_features(load_data_set(), FRONT_END, ROWS[:20], cache_dir=tmp_path, n_workers=1)
    let_be_free(monkeypatch, 0)
    assert of_disk(tmp_path).refusal(FRONT_END) is None
    assert of_disk(tmp_path).kept_bytes == count_cached_bytes(tmp_path) // 5
    clear_cache(tmp_path)
    assert of_disk(tmp_path).refusal(FRONT_END) is not None
