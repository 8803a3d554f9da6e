"""What whoever ports a network needs beside its file: axes, the front end in words and numbers, known values.

Conventions:
    Known inputs are given by formulas, so that a few lines in any language make them.
"""

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.frontend import LogMel
from nas_asc.prediction import Metadata, compute_log_mel

_FACTOR, _SAMPLE_FACTOR = 37, 31
_FULL_SCALE = 32768
_ODD_NAMES = {"BATCH_MATMUL": "BatchMatMul", "PADV2": "PadV2"}
INTEGERS = f"value i is ({_FACTOR} * i) mod 256 - 128, i from 0 in the order of the axes, the last one fastest"
FLOATS = f"value i is (({_FACTOR} * i) mod 256 - 128) / 64, i from 0 in the order of the axes, the last one fastest"


def draw_integers(shape: tuple[int, ...]) -> NDArray[np.int8]:
    """The input that `INTEGERS` describes."""
    return ((_FACTOR * np.arange(prod(shape))) % 256 - 128).astype(np.int8).reshape(shape)


def draw_floats(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The input that `FLOATS` describes."""
    return draw_integers(shape).astype(np.float32) / np.float32(64)


def name_operators(kinds: Iterable[str]) -> list[str]:
    """Methods of a MicroMutableOpResolver that add what a .tflite file needs, each once.

    >>> name_operators(("CONV_2D", "PADV2", "CONV_2D"))
    ['AddConv2D', 'AddPadV2']
    """
    return ["Add" + _ODD_NAMES.get(kind, kind.replace("_", " ").title().replace(" ", "")) for kind in sorted({*kinds})]


def describe_front_end(metadata: Metadata) -> dict[str, Any]:
    """The front end as steps in words and numbers, with what it gives of known samples.

    Args:
        metadata: The metadata of the network.
    """
    log_mel = metadata.log_mel
    n_samples, n_bins = log_mel.n_samples(metadata.clip_s), log_mel.n_fft // 2 + 1
    first = (log_mel.n_fft - log_mel.win_length) // 2
    where = (
        f"frame t is centred on sample {log_mel.hop_length} t; before and after the clip it is mirrored:"
        " sample -n is sample n, and sample N - 1 + n is sample N - 1 - n"
        if log_mel.center
        else f"frame t begins with sample {log_mel.hop_length} t; the last one ends within the clip"
    )
    kept = "" if log_mel.kept_bands is None else f"; of these, the bands {list(log_mel.kept_bands)} are kept"
    channels = "mixed to one channel by their mean" if log_mel.n_channels == 1 else "kept as two channels"
    return {
        "steps": [
            f"samples: from -1 to 1 (16 bits divided by {_FULL_SCALE}), {channels}, at {log_mel.sample_rate} Hz;"
            f" a clip has N = {n_samples}",
            f"frames: {log_mel.n_frames(metadata.clip_s)}, each of {log_mel.n_fft} samples; {where}",
            f"window: w[n] = sin(pi n / {log_mel.win_length})^2 for n from 0 to {log_mel.win_length - 1} (periodic"
            f" Hann), times sample {first} + n of the frame; the other samples of the frame count as 0",
            f"spectrum: the power re^2 + im^2 of the discrete Fourier transform of {log_mel.n_fft} points, without any"
            f" factor; bin k from 0 to {n_bins - 1} is at k * {log_mel.sample_rate // 2} / {n_bins - 1} Hz",
            "mel scale: HTK's, mel(f) = 2595 log10(1 + f / 700)",
            f"mel bands: {log_mel.n_mels + 2} edges, equally spaced in mel from {log_mel.f_min:g} to"
            f" {log_mel.upper_edge:g} Hz; band m is a triangle over f in Hz that rises from edge m to 1 at edge m + 1"
            f" and falls to edge m + 2, m from 0 to {log_mel.n_mels - 1}, without normalisation; its power is the sum"
            f" of the triangle times the spectrum{kept}",
            f"logarithm: the natural one of (power + {log_mel.log_offset:g})",
            "standardisation: (value - mean) / std, by the mean and std of each band in this file",
        ],
        "example": _describe_example(log_mel, n_samples),
    }


def _describe_example(log_mel: LogMel, n_samples: int) -> dict[str, Any]:
    """Log-mels of known samples: of the first frame, and of the first one that lies wholly within the clip."""
    edge = log_mel.n_fft // 2 if log_mel.center else 0
    inner = -(-edge // log_mel.hop_length)
    least = inner * log_mel.hop_length - edge + log_mel.n_fft
    n = np.arange(min(n_samples, least + log_mel.n_fft), dtype=np.int64)
    samples = ((_SAMPLE_FACTOR * n * n) % (2 * _FULL_SCALE) - _FULL_SCALE) / _FULL_SCALE
    features = compute_log_mel(samples.astype(np.float32), log_mel)
    frames = sorted({0, inner if n_samples >= least else 0})
    return {
        "samples": f"sample n is ({_SAMPLE_FACTOR} * n * n) mod {2 * _FULL_SCALE} - {_FULL_SCALE} in 16 bits, n from 0,"
        " in every channel",
        "log_mel": {f"frame {frame}": [round(float(value), 4) for value in features[:, frame]] for frame in frames},
    }
