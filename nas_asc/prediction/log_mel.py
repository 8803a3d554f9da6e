"""From waveforms to log-mels in numpy alone: the front end that networks were trained with, without torch.

Conventions:
    The definition is `LogMel`'s, computed in float64. torchaudio, through which the room `features` computes it, gives
    the same in float64; its float32 is off by up to 2e-3 in quiet bands beside loud ones, half of what float16 costs.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import FrontEndError
from nas_asc.frontend import LogMel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_N_ZERO_CROSSINGS = 6
_ROLLOFF = 0.99
_N_KEPT = 16
_N_GROUPED = 8


def compute_log_mel(waveforms: Floats, log_mel: LogMel) -> Floats:
    """Log-mels: log(mel power + log_offset), natural logarithm.

    Args:
        waveforms: (..., N) at `log_mel.sample_rate`.
        log_mel: The front end.

    Raises:
        FrontEndError: N is too short for one transform.

    Shape:
        input (..., N), output (..., n_bands, T) with T of `LogMel.n_frames`

    >>> front_end = LogMel(sample_rate=16000, n_fft=1024, win_length=640, n_mels=40)
    >>> compute_log_mel(np.zeros((2, 1, 16000), np.float32), front_end).shape
    (2, 1, 40, 33)
    """
    _validate_length(log_mel, waveforms.shape[-1])
    flat = np.asarray(waveforms, np.float32).reshape(-1, waveforms.shape[-1])
    mels = np.stack([_mel_power(waveform, log_mel) for waveform in flat])
    return np.log(mels + log_mel.log_offset).astype(np.float32).reshape(*waveforms.shape[:-1], *mels.shape[1:])


def resample(waveforms: Floats, sample_rate: int, new_sample_rate: int) -> Floats:
    """Waveforms at another rate; (..., N) to (..., ceil(N x new / old)), silence assumed beyond their ends.

    Each new sample is the sum of the old ones around it, weighted by a sinc that cuts at 0.99 of the lower half-rate
    and fades in a Hann window over six of its zero crossings on either side.

    Args:
        waveforms: (..., N) at `sample_rate`.
        sample_rate: Rate in Hz they have.
        new_sample_rate: Rate in Hz they get.

    >>> resample(np.zeros((1, 44100), np.float32), 44100, 16000).shape
    (1, 16000)
    """
    if sample_rate == new_sample_rate:
        return waveforms
    divisor = math.gcd(sample_rate, new_sample_rate)
    old, new = sample_rate // divisor, new_sample_rate // divisor
    weights, reach = _resampling_weights(old, new)
    n_new = -(-waveforms.shape[-1] * new // old)
    places = np.arange(n_new, dtype=np.int64)
    nearest, phases = places * old // new, places % new
    padded = np.pad(waveforms, [(0, 0)] * (waveforms.ndim - 1) + [(reach, reach + 1)])
    resampled = np.zeros((*waveforms.shape[:-1], n_new))
    for tap, weight in enumerate(weights):
        resampled += padded[..., nearest + tap] * weight[phases]
    return resampled.astype(np.float32)


def _validate_length(log_mel: LogMel, n_samples: int) -> None:
    least = log_mel.n_fft // 2 + 1 if log_mel.center else log_mel.n_fft
    if n_samples < least:
        raise FrontEndError(
            f"`waveforms` must have {least} samples or more for n_fft={log_mel.n_fft}, but got {n_samples}."
        )


def _mel_power(waveform: Floats, log_mel: LogMel) -> Doubles:
    edge = log_mel.n_fft // 2 if log_mel.center else 0
    padded = np.pad(waveform, edge, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, log_mel.n_fft)[:: log_mel.hop_length]
    spectrum = np.fft.rfft(frames * _window(log_mel.n_fft, log_mel.win_length), axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).T
    return np.concatenate([weights @ power[bins] for bins, weights in _filter_groups(log_mel)])


@lru_cache(maxsize=_N_KEPT)
def _window(n_fft: int, win_length: int) -> Doubles:
    """Periodic Hann window in the middle of a transform, zeros beside it."""
    window, start = np.zeros(n_fft), (n_fft - win_length) // 2
    window[start : start + win_length] = np.sin(np.pi * np.arange(win_length) / win_length) ** 2
    return window


@lru_cache(maxsize=_N_KEPT)
def _filter_groups(log_mel: LogMel) -> tuple[tuple[slice, Doubles], ...]:
    """The filters, few at a time, without bins at which they are zero: products so small that no thread is begun."""
    filters, groups = mel_filters(log_mel), []
    for start in range(0, len(filters), _N_GROUPED):
        group = filters[start : start + _N_GROUPED]
        used = np.flatnonzero(group.any(axis=0))
        bins = slice(used[0], used[-1] + 1) if len(used) else slice(0)
        groups.append((bins, np.ascontiguousarray(group[:, bins])))
    return tuple(groups)


@lru_cache(maxsize=_N_KEPT)
def mel_filters(log_mel: LogMel) -> Doubles:
    """(n_bands, n_fft // 2 + 1) triangles of height one, equally spaced on HTK's mel scale."""
    lowest, highest = (2595 * math.log10(1 + hz / 700) for hz in (log_mel.f_min, log_mel.upper_edge))
    edges = 700 * (10 ** (np.linspace(lowest, highest, log_mel.n_mels + 2) / 2595) - 1)
    # torchaudio takes the whole number below half of an odd rate
    bins = np.linspace(0, log_mel.sample_rate // 2, log_mel.n_fft // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return filters if log_mel.kept_bands is None else filters[list(log_mel.kept_bands)]


@lru_cache(maxsize=_N_KEPT)
def _resampling_weights(old: int, new: int) -> tuple[Floats, int]:
    """Weights (n_taps, new) of the old samples around each phase of the new ones, and how many lie on one side."""
    cut = _ROLLOFF * min(old, new)
    reach = math.ceil(_N_ZERO_CROSSINGS * old / cut)
    places = np.arange(new)
    phases = (places / new).astype(np.float32)  # torchaudio rounds them so, which moves loud sounds by -100 dB
    neighbours = places * old // new + np.arange(-reach, reach + 2)[:, None]
    distance = (neighbours / old - phases) * cut  # in zero crossings
    fade = np.where(np.abs(distance) < _N_ZERO_CROSSINGS, np.cos(np.pi * distance / (2 * _N_ZERO_CROSSINGS)) ** 2, 0)
    return (cut / old * np.sinc(distance) * fade).astype(np.float32), reach
