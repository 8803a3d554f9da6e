"""What the features of a search's front ends take, against closed forms."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from nas_asc.features import FeatureRoom
from nas_asc.frontend import LogMel
from nas_asc.plan.front_ends import FrontEnds

SMALL, LARGE = LogMel(n_mels=32), LogMel(n_mels=128)
N_CLIPS = 1_000


@dataclass
class Known:
    """Who knows how long features take."""

    small_s: float = 10.0
    large_s: float = 40.0
    kept_bytes: int = 10**12
    memory_bytes: int = 10**12
    made: tuple[LogMel, ...] = ()
    torch_device: str = "cuda"

    def __post_init__(self):
        room = FeatureRoom(N_CLIPS, 1.0, most_bytes=10**12, kept_bytes=self.kept_bytes)
        self.prepared = SimpleNamespace(
            room=room,
            memory_bytes=self.memory_bytes,
            makes_on=lambda log_mel, torch_device: torch_device == "cuda" and log_mel in self.made,
        )

    def forecast_features(self, log_mel):
        return self.small_s if log_mel == SMALL else self.large_s


def n_bytes(log_mel):
    return N_CLIPS * 2 * log_mel.n_mels * log_mel.n_frames(1.0)


def test_front_ends_are_counted_by_how_probably_one_of_the_draws_has_them():
    found = FrontEnds([SMALL] * 3 + [LARGE], Known()).forecast(2, peak_bytes=7)
    small, large = 1 - 0.25**2, 1 - 0.75**2
    assert found.seconds == pytest.approx(10 * small + 40 * large)
    assert found.n_bytes == found.disk_bytes == found.kept_bytes == int(n_bytes(SMALL) * small + n_bytes(LARGE) * large)
    assert found.n == round(small + large)
    assert found.table_bytes == (n_bytes(SMALL), n_bytes(SMALL), n_bytes(LARGE))
    assert found.table_s == pytest.approx(0.75 * 10 + 0.25 * 40)
    assert found.memory_bytes == 7 + found.n_bytes
    assert found.n_clips == N_CLIPS


def test_what_is_there_takes_no_time_and_the_cache_and_the_memory_no_more_than_they_hold():
    worker = Known(small_s=0.0, kept_bytes=1, memory_bytes=5)
    found = FrontEnds([SMALL, LARGE], worker).forecast(1_000, peak_bytes=7)
    assert (found.n, found.seconds, found.table_s) == (2, pytest.approx(40.0), pytest.approx(40.0))
    assert found.kept_bytes == n_bytes(LARGE)  # one table at least
    assert found.memory_bytes == 7 + 5
    assert FrontEnds([SMALL], worker).forecast(9, peak_bytes=0).table_s == 0.0


def test_what_the_device_makes_is_neither_on_disk_nor_in_memory():
    found = FrontEnds([SMALL, LARGE], Known(made=(LARGE,), kept_bytes=1)).forecast(1_000, peak_bytes=7)
    assert found.n_bytes == n_bytes(SMALL) + n_bytes(LARGE)
    assert found.disk_bytes == found.kept_bytes == n_bytes(SMALL)
    assert found.memory_bytes == 7 + n_bytes(SMALL)


def test_trials_within_a_time_leave_time_for_their_features():
    front_ends = FrontEnds([SMALL, LARGE], Known())
    for seconds in (0.0, 30.0, 61.0, 500.0):
        n = front_ends.n_trials_within(seconds, trial_s=5.0, exploring=0.5)
        assert n == 0 or 5.0 * n + front_ends.seconds(0.5 * n) <= seconds
        assert 5.0 * (n + 1) + front_ends.seconds(0.5 * (n + 1)) > seconds
    assert FrontEnds([SMALL], Known(small_s=0.0)).n_trials_within(61.0, trial_s=5.0, exploring=1.0) == 12
