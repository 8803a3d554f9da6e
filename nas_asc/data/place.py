"""Where and with what the synthetic scenes are recorded: colour of a place, response of a device.

Conventions:
    Spectra are amplitudes over the bins of one second at 44,100 Hz, (22,051,) float32; levels are in dB.
"""

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.scene import N_SAMPLES, Signal

_FREQUENCY = np.arange(N_SAMPLES // 2 + 1, dtype=np.float64)
_OCTAVES = np.log2(np.maximum(_FREQUENCY, 20.0) / 1_000.0)
_KNOTS = np.linspace(_OCTAVES[0], _OCTAVES[-1], 160)


def draw_colour(rng: np.random.Generator) -> Signal:
    """Background spectrum of a place, of unit power: a random tilt and three broad bumps."""
    level_db = -rng.uniform(2.0, 7.0) * _KNOTS
    for _ in range(3):
        centre, width, height = rng.uniform(-4, 4), rng.uniform(0.5, 1.5), rng.uniform(-8, 8)
        level_db = level_db + height * np.exp(-(((_KNOTS - centre) / width) ** 2))
    amplitude = _to_amplitude(np.clip(level_db, -45, 25))
    return amplitude / np.float32(np.sqrt(np.mean(amplitude**2)))


def draw_response(rng: np.random.Generator, *, strength_db: float) -> Signal:
    """Amplitude response of a recording device: ripples of about `strength_db`, and rolled-off edges.

    Args:
        rng: Draws ripples and edges.
        strength_db: How far the device is from a flat one; 0 is flat.
    """
    ripple = np.zeros_like(_KNOTS)
    for _ in range(4):
        weight, rate, turn = rng.uniform(-1, 1), rng.uniform(0.15, 0.8), rng.uniform()
        ripple += weight * np.cos(2 * np.pi * (_KNOTS * rate + turn))
    low_hz, high_hz = rng.uniform(60, 60 + 40 * strength_db), rng.uniform(18_000 - 600 * strength_db, 20_000)
    frequency = 1_000 * 2**_KNOTS
    edges = 10 * np.log10(1 + (low_hz / frequency) ** 4) + 10 * np.log10(1 + (frequency / high_hz) ** 8)
    return _to_amplitude(strength_db * ripple / 2 - edges * min(1.0, strength_db / 4))


def _to_amplitude(level_db: NDArray[np.float64]) -> Signal:
    amplitude: Signal = (10 ** (np.interp(_OCTAVES, _KNOTS, level_db) / 20)).astype(np.float32)
    return amplitude
