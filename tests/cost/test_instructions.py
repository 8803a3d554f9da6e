"""The front end's loops, counted by hand; tests/export/test_instructions.py holds the prices to an emulated core."""

import pytest

from nas_asc.cost import FORECAST_CORES, count_front_end_work, forecast_on_cores
from nas_asc.frontend import LogMel


def front_end(**changed):
    return LogMel(**{"sample_rate": 16_000, "n_fft": 512, "win_length": 400, "hop_length": 320, "n_mels": 40} | changed)


def test_a_clip_is_its_frames():
    log_mel = front_end()
    clip, frame = (count_front_end_work(log_mel, 1.0, part=part) for part in ("clip", "frame"))
    assert clip["transform: four"] == 51 * frame["transform: four"] == 51 * 4 * 64
    assert clip["mel: band"] == 51 * 40
    assert frame["window: sample of a frame"] == 400
    assert frame["window: zero"] == 112
    assert frame["window: new sample"] == 320
    assert set(clip) & set(frame) == set(clip) - {"window: sample of a centred clip"}


@pytest.mark.parametrize(("n_fft", "angles", "n_fours", "n_twos"), [(512, 1 + 4 + 16 + 64, 4, 0), (1024, 170, 4, 256)])
def test_passes_of_a_transform(n_fft, angles, n_fours, n_twos):
    work = count_front_end_work(front_end(n_fft=n_fft), 1.0, part="frame")
    assert work["transform: angle"] == angles
    assert work["transform: four"] == n_fours * n_fft // 8
    assert work["transform: two"] == n_twos


def test_two_channels_take_twice_as_much():
    one, two = (forecast_on_cores(front_end(n_channels=n), 1.0) for n in (1, 2))
    assert list(one) == list(FORECAST_CORES)
    for core, parts in one.items():
        assert two[core] == pytest.approx({part: 2 * taken for part, taken in parts.items()}, rel=1e-4)


@pytest.mark.parametrize("n_fft", [500, 8])
def test_no_forecast_where_there_is_no_c(n_fft):
    log_mel = LogMel(sample_rate=8_000, n_fft=n_fft, win_length=n_fft, hop_length=n_fft // 2, n_mels=2)
    assert forecast_on_cores(log_mel, 1.0) == {}
