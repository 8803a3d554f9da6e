"""Sounds of the synthetic scenes: ten classes that differ in how sound moves, not in how much of it there is.

Conventions:
    Waveforms are (N,) at 44,100 Hz; every function is pure, its randomness comes from the generator it is given.
    Classes come in pairs that fill the same bands: rising or falling glides, slow or fast beating, blips or bursts,
    steady or moving harmonics, even or paired pulses. The mean spectrum therefore says little.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44_100
N_SAMPLES = 44_100

Signal = NDArray[np.float64]
_TIME = np.arange(N_SAMPLES) / SAMPLE_RATE
_N_TABLE = 4_096
_FREQUENCY = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE)


def draw_bed(rng: np.random.Generator, shape: Signal) -> Signal:
    """Steady background noise with the amplitude spectrum `shape`, of unit power."""
    parts = rng.standard_normal((2, len(_FREQUENCY)))
    return _unit(np.fft.irfft((parts[0] + 1j * parts[1]) * shape, N_SAMPLES))


def draw_shape(rng: np.random.Generator) -> Signal:
    """Amplitude spectrum of a place: a random tilt and three broad bumps."""
    octaves = np.log2(np.maximum(_FREQUENCY, 30.0) / 1000.0)
    level_db = -rng.uniform(2.0, 7.0) * octaves
    for _ in range(3):
        centre, width, height = rng.uniform(-4, 4), rng.uniform(0.5, 1.5), rng.uniform(-8, 8)
        level_db = level_db + height * np.exp(-(((octaves - centre) / width) ** 2))
    return _from_db(np.clip(level_db, -45, 25))


def draw_response(rng: np.random.Generator, *, strength_db: float) -> Signal:
    """Amplitude response of a recording device: ripples of up to `strength_db`, and rolled-off edges."""
    octaves = np.log2(np.maximum(_FREQUENCY, 20.0) / 1000.0)
    ripple = sum(
        rng.uniform(-1, 1) * np.cos(2 * np.pi * (octaves * rng.uniform(0.15, 0.8) + rng.uniform())) for _ in range(4)
    )
    edge_hz = rng.uniform(60, 60 + 40 * strength_db), rng.uniform(18_000 - 600 * strength_db, 20_000)
    slope = 10 * np.log10(1 + (edge_hz[0] / np.maximum(_FREQUENCY, 1)) ** 4)
    slope = slope + 10 * np.log10(1 + (_FREQUENCY / edge_hz[1]) ** 8)
    return _from_db(strength_db * ripple / 2 - slope * min(1.0, strength_db / 4))


def record(signal: Signal, response: Signal, *, drive: float) -> Signal:
    """The signal as a device records it: filtered, then softly compressed.

    Args:
        signal: (N,) of unit power.
        response: Amplitude response over the frequencies of the transform.
        drive: Strength of the compression; 0 is none.
    """
    filtered = _unit(np.fft.irfft(np.fft.rfft(signal) * response, N_SAMPLES))
    return filtered if drive == 0 else np.tanh(drive * filtered) / drive


def draw_event(scene: str, rng: np.random.Generator) -> Signal:
    """One second of what makes a scene, of unit power."""
    return _unit(_EVENTS[scene](rng))


def _glides(rng: np.random.Generator, *, rising: bool) -> Signal:
    signal = np.zeros(N_SAMPLES)
    for _ in range(rng.integers(3, 6)):
        low = rng.uniform(400, 1_800)
        high, length = low * rng.uniform(1.6, 2.6), rng.uniform(0.12, 0.3)
        ends = (low, high) if rising else (high, low)
        where, share = _stretch(rng.uniform(-0.5 * length, 1 - 0.5 * length), length)
        phase = 2 * np.pi * np.cumsum(ends[0] * (ends[1] / ends[0]) ** share) / SAMPLE_RATE
        signal[where] += rng.uniform(0.5, 1) * _fade(share) * (np.sin(phase) + 0.4 * np.sin(2 * phase))
    return signal


def _beating(rng: np.random.Generator, *, low_hz: float, high_hz: float) -> Signal:
    rate, depth = rng.uniform(low_hz, high_hz), rng.uniform(0.85, 1.0)
    envelope = 1 + depth * np.sin(2 * np.pi * (rate * _TIME + rng.uniform()))
    return envelope**2 * _band_noise(rng, rng.uniform(300, 2_500), rng.uniform(0.8, 1.6))


def _pops(rng: np.random.Generator, *, tonal: bool) -> Signal:
    signal = np.zeros(N_SAMPLES)
    centre = rng.uniform(1_200, 4_500)
    noise = _band_noise(rng, centre, 0.7)
    for _ in range(rng.integers(5, 10)):
        where, share = _stretch(rng.uniform(0, 0.95), rng.uniform(0.03, 0.07))
        pitch = centre * rng.uniform(0.75, 1.33)
        sound = np.sin(2 * np.pi * pitch * _TIME[where]) * 1.4 if tonal else noise[where]
        signal[where] += rng.uniform(0.5, 1) * _fade(share) * sound
    return signal


def _harmonics(rng: np.random.Generator, *, moving: bool) -> Signal:
    pitch = rng.uniform(130, 420)
    turns = pitch * _TIME + rng.uniform()
    if moving:
        wobble = np.sin(2 * np.pi * (rng.uniform(3.5, 7.5) * _TIME + rng.uniform()))
        turns = np.cumsum(pitch * 2 ** (rng.uniform(0.12, 0.3) * wobble)) / SAMPLE_RATE
    weights = rng.uniform(0.3, 1.0, 10) / np.sqrt(np.arange(1, 11))
    period = np.fft.irfft(np.concatenate([[0], -1j * weights]), _N_TABLE) * _N_TABLE / 2
    return np.asarray(period[(turns * _N_TABLE).astype(np.int64) % _N_TABLE])


def _pulses(rng: np.random.Generator, *, paired: bool) -> Signal:
    noise = _band_noise(rng, rng.uniform(150, 900), rng.uniform(1.0, 2.0))
    rate = rng.uniform(2.2, 3.6) if paired else rng.uniform(4.4, 7.2)
    envelope = np.zeros(N_SAMPLES)
    for start in np.arange(rng.uniform(0, 1 / rate), 1.0, 1 / rate):
        for offset in (0.0, rng.uniform(0.075, 0.095)) if paired else (0.0,):
            where, share = _stretch(start + offset, 0.15)
            envelope[where] += np.exp(-share * 0.15 / 0.018)
    return envelope * noise


_EVENTS: dict[str, Callable[[np.random.Generator], Signal]] = {
    "airport": lambda rng: _glides(rng, rising=True),
    "bus": lambda rng: _beating(rng, low_hz=2.5, high_hz=5.0),
    "metro": lambda rng: _glides(rng, rising=False),
    "metro_station": lambda rng: _pulses(rng, paired=True),
    "park": lambda rng: _pops(rng, tonal=True),
    "public_square": lambda rng: _harmonics(rng, moving=False),
    "shopping_mall": lambda rng: _harmonics(rng, moving=True),
    "street_pedestrian": lambda rng: _pops(rng, tonal=False),
    "street_traffic": lambda rng: _pulses(rng, paired=False),
    "tram": lambda rng: _beating(rng, low_hz=9.0, high_hz=16.0),
}
SCENES = tuple(_EVENTS)


def _band_noise(rng: np.random.Generator, centre_hz: float, width_octaves: float) -> Signal:
    octaves = np.log2(np.maximum(_FREQUENCY, 1.0) / centre_hz)
    return draw_bed(rng, np.exp(-((octaves / width_octaves) ** 2)))


def _stretch(start: float, length: float) -> tuple[slice, Signal]:
    """Samples between `start` and `start + length` seconds, and how far along each is, in [0, 1)."""
    where = slice(max(0, int(start * SAMPLE_RATE)), max(0, int((start + length) * SAMPLE_RATE)))
    return where, (_TIME[where] - start) / length


def _fade(share: Signal) -> Signal:
    return np.sin(np.pi * np.clip(share, 0, 1)) ** 2


def _unit(signal: Signal) -> Signal:
    return signal / max(float(np.sqrt(np.mean(signal**2))), 1e-9)


def _from_db(level_db: Signal) -> Signal:
    return np.asarray(10 ** (level_db / 20))
