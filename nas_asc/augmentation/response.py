"""Responses of recording devices as levels of mel bands: from impulse responses, or of synthetic microphones."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.augmentation.mel import Values, bin_frequencies, mel_filters
from nas_asc.data import load_responses
from nas_asc.frontend import LogMel
from nas_asc.recipe import DeviceResponse

_FLOOR = 1e-6  # no band is attenuated by more than 60 dB, below which noise of the device would be left
_FINENESS, _FEWEST_POINTS = 16, 2**14  # of a response's transform: for each of its samples, and in all
_N_RIPPLES, _RATES = 4, (0.1, 0.6)  # turns an octave
_LOW_HZ, _HIGH_HZ = (40.0, 300.0), (5_000.0, 18_000.0)


@lru_cache(maxsize=16)
def response_levels(part: DeviceResponse, log_mel: LogMel) -> Tensor:
    """(R, F) natural logarithm of each response's mean power in each band, float32; made once a process.

    Args:
        part: Folder of responses, or what synthetic ones to draw.
        log_mel: The front end.

    Raises:
        DataError: The folder holds no responses, or one cannot be read.
    """
    frequencies = bin_frequencies(log_mel)
    if part.folder is None:
        rng = np.random.default_rng(part.seed)
        power = draw_microphones(rng, part.n_responses, frequencies, strength_db=part.strength_db)
    else:
        loaded = load_responses(part.folder)
        power = np.stack([response_power(response, rate, frequencies) for response, rate in loaded])
    return torch.from_numpy(band_levels(power, log_mel)).float()


def response_power(response: NDArray[np.float32], sample_rate: int, frequencies: Values) -> Values:
    """Power |H|^2 of an impulse response at some frequencies; above half its rate, as at half its rate.

    Args:
        response: (N,) samples.
        sample_rate: Hz of the response.
        frequencies: In Hz, ascending.
    """
    n_points = max(_FINENESS * len(response), _FEWEST_POINTS)
    power = np.abs(np.fft.rfft(response.astype(np.float64), n_points)) ** 2
    known = np.arange(len(power)) * (sample_rate / n_points)
    return np.interp(frequencies, known, power)


def draw_microphones(rng: np.random.Generator, n: int, frequencies: Values, *, strength_db: float) -> Values:
    """Power (n, n_bins) of smooth, band-limited responses, as of cheap microphones in small housings.

    The level ripples slowly over octaves with a deviation of about `strength_db`, and falls by 12 dB an octave below a
    lower limit of 40 to 300 Hz and above an upper one of 5 to 18 kHz, both uniform over octaves.

    Args:
        rng: Source of randomness.
        n: How many.
        frequencies: (n_bins,) in Hz.
        strength_db: Deviation of the ripple.
    """
    octaves = np.log2(np.maximum(frequencies, 20.0) / 1_000)
    shape = (n, _N_RIPPLES, 1)
    rates, turns = rng.uniform(*_RATES, shape), rng.uniform(0, 1, shape)
    weights = rng.normal(size=shape) * np.sqrt(2 / _N_RIPPLES)
    ripple_db = strength_db * np.sum(weights * np.cos(2 * np.pi * (rates * octaves + turns)), axis=1)
    low, high = (a * (b / a) ** rng.uniform(0, 1, (n, 1)) for a, b in (_LOW_HZ, _HIGH_HZ))
    passed = (1 + (low / np.maximum(frequencies, 1.0)) ** 4) * (1 + (frequencies / high) ** 4)
    power: Values = 10 ** (ripple_db / 10) / passed
    return power


def band_levels(power: Values, log_mel: LogMel) -> Values:
    """(R, F) logarithm of the mean of |H|^2 over each band's filter, white noise keeping its power over all bands.

    Args:
        power: (R, n_fft // 2 + 1) |H|^2 at the transform's bins.
        log_mel: The front end.
    """
    filters = mel_filters(log_mel)
    widths = filters.sum(axis=1)
    mel_power = power @ filters.T
    scaled = mel_power / widths / (mel_power.sum(axis=1, keepdims=True) / widths.sum())
    levels: Values = np.log(np.maximum(scaled, _FLOOR))
    return levels
