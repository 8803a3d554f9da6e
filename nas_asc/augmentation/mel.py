"""The mel scale and its filters, as `LogMel` states them: HTK's, without normalisation."""

import numpy as np
from numpy.typing import NDArray

from nas_asc.frontend import LogMel

Values = NDArray[np.float64]


def hz_to_mel(frequencies: Values | float) -> Values:
    """Mels of frequencies in Hz, by HTK's formula.

    >>> round(float(hz_to_mel(1000.0)))
    1000
    """
    mels: Values = 2595 * np.log10(1 + np.asarray(frequencies) / 700)
    return mels


def mel_to_hz(mels: Values) -> Values:
    """Hz of frequencies in mels."""
    frequencies: Values = 700 * (10 ** (mels / 2595) - 1)
    return frequencies


def bin_frequencies(log_mel: LogMel) -> Values:
    """(n_fft // 2 + 1,) frequencies in Hz of the transform's bins."""
    frequencies: Values = np.arange(log_mel.n_fft // 2 + 1, dtype=np.float64) * (log_mel.sample_rate / log_mel.n_fft)
    return frequencies


def mel_filters(log_mel: LogMel) -> Values:
    """(F, n_fft // 2 + 1) triangles over the bins: zero at the centres of the bands beside, one at the band's own."""
    low_mel, high_mel = hz_to_mel(np.array([log_mel.f_min, log_mel.upper_edge])).tolist()
    corners = mel_to_hz(np.linspace(low_mel, high_mel, log_mel.n_mels + 2))[:, None]
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    bins = bin_frequencies(log_mel)
    filters: Values = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return filters
