"""Decoded recordings kept in memory, since a search computes many front ends of the same recordings."""

import threading

import numpy as np
from numpy.typing import NDArray

from nas_asc.data import DataSet

LIMIT_BYTES = 768 * 2**20

_kept: dict[tuple[str, int], NDArray[np.float32]] = {}
_lock = threading.Lock()


def load_waveform(data_set: DataSet, row: int) -> NDArray[np.float32]:
    """Waveform (N,) of a clip; read again only where the set's recordings exceed 768 MiB together.

    Raises:
        ClipError: The recording cannot be used.
    """
    if len(data_set) * data_set.n_samples * 4 > LIMIT_BYTES:
        return data_set.waveform(row)
    key = (data_set.digest, row)
    known = _kept.get(key)
    if known is None:
        known = data_set.waveform(row)
        with _lock:
            if next(iter(_kept), key)[0] != data_set.digest:
                _kept.clear()
            _kept[key] = known
    return known
