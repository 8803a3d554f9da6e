"""Decoded recordings kept in memory, since a search computes many front ends of the same recordings.

Conventions:
    Of one data set at a time, float32 at its own rate: nothing is lost, and 400 clips of 5 s take 353 MB. Where the
    set's recordings would exceed 768 MiB they are read again for each front end: 139,620 clips of 1 s would take 24.6
    GB, and reading a WAV costs less than its log-mel. A second cache on disk would save decoding only between runs.
"""

import threading

import numpy as np
from numpy.typing import NDArray

from nas_asc.data import DataSet

LIMIT_BYTES = 768 * 2**20

Clip = tuple[NDArray[np.float32], int]

_kept: dict[tuple[tuple[str, int, bool, int], int], Clip] = {}
_lock = threading.Lock()


def load_clip(data_set: DataSet, row: int, *, n_channels: int = 1) -> Clip:
    """Waveform (n_channels, N) and rate of a clip; read again only where the set's recordings exceed 768 MiB together.

    Raises:
        ClipError: The recording cannot be used.
    """
    if len(data_set) * data_set.n_samples * 4 * n_channels > LIMIT_BYTES:
        return data_set.read(row, n_channels=n_channels)
    source = (data_set.version, data_set.n_samples, data_set.crops, n_channels)
    known = _kept.get((source, row))
    if known is None:
        known = data_set.read(row, n_channels=n_channels)
        with _lock:
            if next(iter(_kept), (source, row))[0] != source:
                _kept.clear()
            _kept[source, row] = known
    return known


def forget_waveforms() -> None:
    """Give the memory of all kept recordings back."""
    with _lock:
        _kept.clear()
