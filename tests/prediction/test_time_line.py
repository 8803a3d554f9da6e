"""What is heard over time: the same as clip by clip, from hours in little memory, smoothed, and as events."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.data import Block, ClipError, read_recording
from nas_asc.prediction import Event, ModelFile, Window, find_events, smooth
from nas_asc.prediction.clip import cut_blocks
from tests.prediction.tiny import write_tiny

RATE = 16_000
CLASSES = ("low", "middle", "high")


def write_sound(path, seconds, *, hz=200, rate=RATE, channels=1):
    times = np.arange(round(seconds * rate)) / rate
    noise = 1e-4 * np.random.default_rng(0).standard_normal((len(times), channels))
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * times)[:, None] + noise, rate, "FLOAT")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return ModelFile(write_tiny(tmp_path_factory.mktemp("model") / "tiny.onnx"))


def blocks_of(waveform, sizes):
    ends = np.cumsum([0, *sizes, waveform.shape[1]])
    for start, end in pairwise(ends):
        if start < waveform.shape[1]:
            yield Block(waveform[:, start:end], 100, 1.0)


@given(st.integers(1, 900), st.lists(st.integers(1, 300), max_size=6), st.sampled_from([None, 0.05, 0.3, 1.0]))
def test_clips_do_not_depend_on_the_blocks_that_a_recording_comes_in(n_samples, sizes, step_s):
    waveform = np.arange(1, n_samples + 1, dtype=np.float32)[None]

    def cut(sizes):
        found = [np.array(clips) for clips, _ in cut_blocks(blocks_of(waveform, sizes), 1.0, step_s=step_s)]
        return np.concatenate(found)

    whole, parted = cut([]), cut(sizes)
    assert np.array_equal(whole, parted)
    step = 100 if step_s is None else round(100 * step_s)
    for number, clip in enumerate(whole):
        heard = waveform[:, number * step : number * step + 100]
        assert np.array_equal(clip[:, : heard.shape[1]], heard)
        assert (clip[:, heard.shape[1] :] == 0).all()
    unheard = n_samples - ((len(whole) - 1) * step + 100)
    assert unheard < max(50, step)


def test_windows_are_what_their_stretches_are_by_themselves(model, tmp_path):
    path = write_sound(tmp_path / "long.wav", 4.3)
    windows = list(model.follow(path, step_s=0.5))
    assert [window.start_s for window in windows] == pytest.approx(np.arange(7) * 0.5)
    assert all(window.end_s - window.start_s == 1.0 for window in windows)
    waveform, _ = read_recording(path)
    for window in windows:
        start = round(window.start_s * RATE)
        alone = tmp_path / "alone.wav"
        soundfile.write(alone, waveform[0, start : start + RATE], RATE, "FLOAT")
        (prediction,) = model.classify([alone])
        assert window.probabilities == pytest.approx(list(prediction.probabilities.values()), abs=1e-9)


def test_a_recording_that_breaks_off_gives_what_came_before(model, tmp_path, monkeypatch):
    path = write_sound(tmp_path / "long.wav", 3.0)
    samples, rate = soundfile.read(path)
    samples[-1] = np.nan
    soundfile.write(path, samples, rate, "FLOAT")
    with pytest.raises(ClipError, match="values that are not finite"):
        list(model.follow(path))


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"rate": 8_000}, "recorded at 8,000 Hz, below the 16,000 Hz of the network's front end"),
        ({"channels": 2, "turned": True}, "its channels cancel when they are mixed"),
        ({"silent": True}, "digital silence"),
        ({}, None),
    ],
)
def test_what_is_odd_about_a_recording_is_told(model, tmp_path, options, note):
    turned, silent = options.pop("turned", False), options.pop("silent", False)
    path = write_sound(tmp_path / "odd.wav", 1.0, **options)
    samples, rate = soundfile.read(path, always_2d=True)
    if turned:
        samples[:, 1] = -samples[:, 0]
    soundfile.write(path, 0 * samples if silent else samples, rate, "FLOAT")
    notes = []
    list(model.classify([path], on_note=notes.append))
    assert [each.split("odd.wav: ")[1] for each in notes] == ([] if note is None else [note])


def windows_of(rows, step_s=0.5):
    return [Window(i * step_s, i * step_s + 1.0, np.array(row, float)) for i, row in enumerate(rows)]


def test_smoothing_is_the_mean_of_the_last_windows():
    rows = np.random.default_rng(0).dirichlet(np.ones(3), size=8)
    found = [window.probabilities for window in smooth(windows_of(rows), 3)]
    for number, probabilities in enumerate(found):
        assert probabilities == pytest.approx(rows[max(0, number - 2) : number + 1].mean(axis=0))


def test_events_are_stretches_of_one_class_and_short_gaps_are_bridged():
    high, low, unsure = [0.0, 0.1, 0.9], [0.8, 0.1, 0.1], [0.4, 0.3, 0.3]
    windows = windows_of([low, low, unsure, high, unsure, unsure, unsure, high, high, unsure])
    found = list(find_events(windows, CLASSES, threshold=0.7))
    assert found == [Event(0.0, 1.5, "low", 0.8), Event(1.5, 2.5, "high", 0.9), Event(3.5, 5.0, "high", 0.9)]
    held = list(find_events(windows, CLASSES, threshold=0.7, hold_s=1.0))
    assert held == [Event(0.0, 1.5, "low", 0.8), Event(1.5, 5.0, "high", 0.9)]
    assert list(find_events(windows, CLASSES, threshold=0.95)) == []


@pytest.mark.slow
def test_twelve_minutes_take_no_more_memory_than_four(model, tmp_path):
    import tracemalloc

    peaks = []
    for minutes in (4, 12):
        path = write_sound(tmp_path / f"{minutes}.wav", 60 * minutes)
        tracemalloc.start()
        assert sum(1 for _ in model.follow(path)) == 60 * minutes
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
