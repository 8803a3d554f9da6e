"""What is odd about the sound of recordings."""

import numpy as np
import pytest
import soundfile

from nas_asc.data import listen, load_data_set, spread_rows
from nas_asc.data.signal import find_ceiling, find_oddities

NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 800)).astype(np.float32)
ODD = {
    "digital silence": np.zeros((1, 800), np.float32),
    "channels that cancel when they are mixed": np.concatenate([NOISE, -NOISE]),
    "saturated samples": np.clip(5 * NOISE, -1, 1),
    "a constant offset": NOISE + 0.3,
}
FINE = {
    "noise": NOISE,
    "stereo": np.concatenate([NOISE, NOISE]),
    "quiet": 1e-4 * NOISE,
    "one side": np.concatenate([NOISE, 0 * NOISE]),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_heard_and_nothing_else(name):
    assert find_oddities(ODD[name]) == (name,)


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_let_be(name):
    assert find_oddities(FINE[name]) == ()


def test_oddities_of_a_data_set_are_counted_with_an_example(tmp_path):
    sounds = [*ODD.values(), *FINE.values(), ODD["digital silence"]]
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        for number, sound in enumerate(sounds):
            soundfile.write(tmp_path / name / f"{number}.wav", sound.T * (1 - 0.01 * label), 8_000, subtype="FLOAT")
    data = load_data_set(tmp_path)
    found = {each.name: each.n for each in listen(data, spread_rows(len(data))).oddities}
    assert found["digital silence"] == 4
    assert found["channels that cancel when they are mixed"] == 2
    assert found["a constant offset"] == 2
    assert listen(load_data_set(), range(3)).oddities == ()


def narrow_noise(rate, ceiling_hz, *, level=0.1, seed=0):
    """Noise of five seconds that was made at twice the ceiling: nothing above it, as its spectrum is cut there."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(5 * rate))
    spectrum[np.fft.rfftfreq(5 * rate, 1 / rate) > ceiling_hz] = 0
    return (level * np.fft.irfft(spectrum, 5 * rate)[None]).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("level", [0.1, 0.003])
def test_the_ceiling_of_what_was_made_at_a_lower_rate_is_found(rate, level):
    sound = np.round(narrow_noise(rate, 4_000, level=level) * 2**15) / np.float32(2**15)  # as in a file of 16 bits
    assert find_ceiling(sound, rate) == pytest.approx(4_000, rel=0.07)


def test_a_dark_sound_and_a_tone_in_noise_have_no_ceiling():
    rng, time = np.random.default_rng(0), np.arange(5 * 44_100) / 44_100
    brown = np.cumsum(rng.standard_normal(len(time)))
    brown = (brown / np.abs(brown).max()).astype(np.float32)[None]
    tone = (0.3 * np.sin(2 * np.pi * 1_000 * time) + 1e-3 * rng.standard_normal(len(time))).astype(np.float32)[None]
    shrill = (1e-3 * rng.standard_normal(len(time))).astype(np.float32)[None]
    shrill[:, :20_000] += narrow_noise(44_100, 3_000)[:, :20_000]
    for sound in (brown, tone, shrill, NOISE):
        assert find_ceiling(sound, 44_100) == 22_050


@pytest.mark.parametrize(("n_narrow", "is_told"), [(8, True), (6, True), (5, False), (0, False)])
def test_empty_upper_bands_are_told_where_most_clips_have_them(tmp_path, n_narrow, is_told):
    for number in range(10):
        ceiling_hz = 4_000 if number < n_narrow else 22_050
        path = tmp_path / "ab"[number % 2] / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, narrow_noise(44_100, ceiling_hz, seed=number)[0], 44_100)
    (tmp_path / "a" / "silent.wav").write_bytes((tmp_path / "a" / "0.wav").read_bytes()[:44] + bytes(88_200))
    data = load_data_set(tmp_path, clip_s=5.0)
    told = listen(data, range(len(data))).describe_ceiling(44_100)
    assert bool(told) == is_told
    if is_told:
        assert told.startswith("nothing above 3.9 kHz: ")
        assert f"{n_narrow} of 10 clips" in told
        assert "the upper 46 % of the mel bands up to 22.1 kHz" in told  # 1 - mel(3,900) / mel(22,050)


def test_music_lossily_coded_keeps_its_bands(esc10_dir):
    data = load_data_set(esc10_dir, clip_s=5.0)
    assert listen(data, spread_rows(len(data), 40)).describe_ceiling(44_100) == ""
