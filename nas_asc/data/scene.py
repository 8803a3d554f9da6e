"""Sounds of the synthetic scenes: ten classes that differ in how sound moves, not in how much of it there is.

Conventions:
    Signals are (N,) float32 at 44,100 Hz, spectra (N // 2 + 1,); every function is pure, its randomness comes from
    the generator it is given. Classes come in pairs that fill the same bands: rising or falling glides, slow or fast
    beating, tonal or noisy pops, steady or moving harmonics, even or paired pulses. The mean spectrum says little.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44_100
N_SAMPLES = 44_100

Signal = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
_N_BINS = N_SAMPLES // 2 + 1  # bins are 1 Hz apart: a clip is one second
_TIME: Signal = np.arange(N_SAMPLES, dtype=np.float32) / np.float32(SAMPLE_RATE)
_N_TABLE = 4_096


def draw_noise(rng: np.random.Generator, n_bins: int = _N_BINS) -> Spectrum:
    """Spectrum of white Gaussian noise: (n_bins,) values of unit variance."""
    return rng.standard_normal(2 * n_bins, dtype=np.float32).view(np.complex64) * np.float32(np.sqrt(0.5))


def draw_event(scene: str, rng: np.random.Generator) -> Signal:
    """One second of what makes a scene, of unit power."""
    return to_unit(_EVENTS[scene](rng))


def to_spectrum(signal: Signal) -> Spectrum:
    """Spectrum of a signal, scaled so that white noise of unit power has bins of unit variance."""
    return np.fft.rfft(signal, norm="ortho").astype(np.complex64, copy=False)


def to_signal(spectrum: Spectrum) -> Signal:
    """Signal of a spectrum; undoes `to_spectrum`."""
    return np.fft.irfft(spectrum, N_SAMPLES, norm="ortho").astype(np.float32, copy=False)


def to_unit(signal: Signal) -> Signal:
    """The signal at unit power."""
    return signal / np.float32(np.sqrt(np.dot(signal, signal) / len(signal)) + 1e-9)


def _glides(rng: np.random.Generator, *, rising: bool) -> Signal:
    signal = np.zeros(N_SAMPLES, np.float32)
    for _ in range(rng.integers(3, 6)):
        low, ratio = rng.uniform(400, 1_800), rng.uniform(1.6, 2.6)
        length = rng.uniform(0.12, 0.3)
        where, share = _stretch(rng.uniform(-0.5 * length, 1 - 0.5 * length), length)
        start, ratio = (low, ratio) if rising else (low * ratio, 1 / ratio)
        turns = np.float32(start * length / np.log(ratio)) * np.exp(share * np.float32(np.log(ratio)))
        phase = np.float32(2 * np.pi) * (turns - np.floor(turns))
        signal[where] += np.float32(rng.uniform(0.5, 1)) * _fade(share) * (np.sin(phase) + 0.4 * np.sin(2 * phase))
    return signal


def _beating(rng: np.random.Generator, *, low_hz: float, high_hz: float) -> Signal:
    rate, depth = rng.uniform(low_hz, high_hz), rng.uniform(0.85, 1.0)
    wave = np.sin(np.float32(2 * np.pi) * (np.float32(rate) * _TIME + np.float32(rng.uniform())))
    noise = _band_noise(rng, rng.uniform(300, 2_500), rng.uniform(0.8, 1.6))
    return (1 + np.float32(depth) * wave) ** 2 * noise


def _pops(rng: np.random.Generator, *, tonal: bool) -> Signal:
    signal = np.zeros(N_SAMPLES, np.float32)
    centre = rng.uniform(1_200, 4_500)
    noise = None if tonal else _band_noise(rng, centre, 0.7)
    for _ in range(rng.integers(5, 10)):
        where, share = _stretch(rng.uniform(0, 0.95), rng.uniform(0.03, 0.07))
        pitch = centre * rng.uniform(0.75, 1.33)
        tone = np.sin(np.float32(2 * np.pi * pitch) * _TIME[where]) * np.float32(1.4)
        sound = tone if noise is None else noise[where]
        signal[where] += np.float32(rng.uniform(0.5, 1)) * _fade(share) * sound
    return signal


def _harmonics(rng: np.random.Generator, *, moving: bool) -> Signal:
    pitch = rng.uniform(130, 420)
    turns = np.float32(pitch) * _TIME
    if moving:
        wobble = np.sin(np.float32(2 * np.pi) * (np.float32(rng.uniform(3.5, 7.5)) * _TIME + rng.uniform()))
        track = np.exp2(np.float32(rng.uniform(0.12, 0.3)) * wobble.astype(np.float32))
        turns = np.cumsum(track, dtype=np.float64) * (pitch / SAMPLE_RATE)
    weights = rng.uniform(0.3, 1.0, 10) / np.sqrt(np.arange(1, 11))
    period = np.fft.irfft(np.concatenate([[0], weights]) * np.exp(2j * np.pi * rng.uniform(size=11)), _N_TABLE)
    return period.astype(np.float32)[(turns * _N_TABLE).astype(np.int32) % _N_TABLE]


def _pulses(rng: np.random.Generator, *, paired: bool) -> Signal:
    noise = _band_noise(rng, rng.uniform(150, 900), rng.uniform(1.0, 2.0))
    rate = rng.uniform(2.2, 3.6) if paired else rng.uniform(4.4, 7.2)
    envelope = np.zeros(N_SAMPLES, np.float32)
    for start in np.arange(rng.uniform(0, 1 / rate), 1.0, 1 / rate):
        for offset in (0.0, rng.uniform(0.075, 0.095)) if paired else (0.0,):
            where, share = _stretch(start + offset, 0.15)
            envelope[where] += np.exp(share * np.float32(-0.15 / 0.018))
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
    """Noise with a bell-shaped band; only the bins that it reaches are drawn."""
    low, high = (round(centre_hz * 2 ** (sign * 2 * width_octaves)) for sign in (-1, 1))
    low, high = max(low, 1), min(high, _N_BINS)
    octaves = np.log2(np.arange(low, high, dtype=np.float32) / np.float32(centre_hz))
    spectrum = np.zeros(_N_BINS, np.complex64)
    spectrum[low:high] = draw_noise(rng, high - low) * np.exp(-((octaves / np.float32(width_octaves)) ** 2))
    return to_signal(spectrum)


def _stretch(start: float, length: float) -> tuple[slice, Signal]:
    """Samples between `start` and `start + length` seconds, and how far along each is, in [0, 1)."""
    where = slice(max(0, int(start * SAMPLE_RATE)), max(0, int((start + length) * SAMPLE_RATE)))
    return where, (_TIME[where] - np.float32(start)) / np.float32(length)


def _fade(share: Signal) -> Signal:
    return np.sin(np.float32(np.pi) * np.clip(share, 0, 1)) ** 2
