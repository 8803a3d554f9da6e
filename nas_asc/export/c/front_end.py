"""The front end's constants as C: window, sines, mel filters, and from the logarithm to int8."""

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import SMALLEST_FFT
from nas_asc.errors import ExportError
from nas_asc.export.c.text import format_float, format_list
from nas_asc.export.tflite_model import Quantisation
from nas_asc.frontend import LogMel
from nas_asc.prediction import Metadata, compute_log_mel, mel_filters

_FULL_SCALE = 32768  # of 16-bit samples
_NEGLIGIBLE = 1e-9  # height of a filter that rounding has left


def validate_front_end(log_mel: LogMel) -> None:
    """Raise unless the front end's C computes it.

    Raises:
        ExportError: Its transform has no power of two of points.
    """
    if log_mel.n_fft < SMALLEST_FFT or log_mel.n_fft & (log_mel.n_fft - 1):
        raise ExportError(
            f"`n_fft` must be a power of two from {SMALLEST_FFT} on for C, but got n_fft={log_mel.n_fft}."
            ' Use another front end, or `file_format="onnx"`.'
        )


def format_tables(metadata: Metadata, into: Quantisation) -> tuple[str, int]:
    """log_mel_tables.c, and how many weights its filters have.

    Args:
        metadata: Front end, mean and deviation of each band.
        into: Quantisation of the network's input.
    """
    log_mel = metadata.log_mel
    half = np.sin(np.pi * np.arange(log_mel.win_length // 2 + 1) / log_mel.win_length) ** 2 / _FULL_SCALE
    sines = np.sin(2 * np.pi * np.arange(log_mel.n_fft) / log_mel.n_fft)
    filters = mel_filters(log_mel)
    bands, weights = [], []
    step = float(np.float32(into.scales[0]))
    for heights, mean, std in zip(filters, metadata.mean, metadata.std, strict=True):
        bins = np.flatnonzero(heights > _NEGLIGIBLE)
        first, n_bins = (int(bins[0]), int(bins[-1] - bins[0] + 1)) if len(bins) else (0, 0)
        weights += heights[first : first + n_bins].tolist()
        gain = 1 / (std * step)
        bands.append(
            format_list([str(first), str(n_bins), format_float(gain), format_float(into.zero_point - mean * gain)])
        )
    lines = ['/* Constants of the front end. Written by nas-asc. */\n#include "log_mel_tables.h"\n']
    for kind, name, values in (
        ("float", "log_mel_window[LOG_MEL_WIN_LENGTH / 2 + 1]", map(format_float, half)),
        ("float", "log_mel_sines[LOG_MEL_N_FFT]", map(format_float, sines)),
        ("struct log_mel_band", "log_mel_bands[LOG_MEL_N_BANDS]", bands),
        ("float", "log_mel_weights[LOG_MEL_N_WEIGHTS]", map(format_float, weights)),
    ):
        lines.append(f"const {kind} {name} = {format_list(list(values))};\n")
    return "\n".join(lines), len(weights)


def quantise_clip(samples: NDArray[np.int16], metadata: Metadata, into: Quantisation) -> NDArray[np.int8]:
    """Features (F, T, C) of a clip in int8, computed in float64 by `compute_log_mel`.

    Args:
        samples: (C, N) at the front end's rate.
        metadata: Front end, mean and deviation of each band.
        into: Quantisation of the network's input.
    """
    return np.clip(np.rint(_find_steps(samples, metadata, into)), -128, 127).astype(np.int8)


def find_margin(samples: NDArray[np.int16], metadata: Metadata, into: Quantisation) -> float:
    """How far, in steps, the features of a clip keep away from where rounding turns; in [0, 0.5]."""
    steps = _find_steps(samples, metadata, into)
    return float(np.abs(steps - np.floor(steps) - 0.5).min())


def _find_steps(samples: NDArray[np.int16], metadata: Metadata, into: Quantisation) -> NDArray[np.floating]:
    """Features (F, T, C) of a clip in steps of the network's input, before they are rounded."""
    mean, std = (np.array(values, np.float32)[:, None] for values in (metadata.mean, metadata.std))
    features = compute_log_mel(samples.astype(np.float32) * np.float32(1 / _FULL_SCALE), metadata.log_mel)
    return np.moveaxis((features - mean) / std / np.float32(into.scales[0]) + into.zero_point, 0, -1)
