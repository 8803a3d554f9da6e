"""Mean and deviation of each mel band."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import DataError

_CHUNK = 512
_SMALLEST_STD = 1e-3


def fit_standardiser(
    features: NDArray[np.floating[Any]], rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean (F,) and deviation (F,) of each band over clips, channels and frames.

    Args:
        features: (n, C, F, T), also as a memory map; read in chunks.
        rows: Clips to take, the training ones; None takes all.

    Raises:
        DataError: There are no clips.
    """
    chosen = np.arange(len(features)) if rows is None else rows
    if not len(chosen):
        raise DataError("`rows` must name one clip or more to standardise by, but none is left. Check the split.")
    n_bands, count = features.shape[2], 0
    total, squares = np.zeros(n_bands), np.zeros(n_bands)
    for start in range(0, len(chosen), _CHUNK):
        chunk = np.asarray(features[chosen[start : start + _CHUNK]], np.float64)
        total += chunk.sum(axis=(0, 1, 3))
        squares += (chunk**2).sum(axis=(0, 1, 3))
        count += chunk.shape[0] * chunk.shape[1] * chunk.shape[3]
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean.astype(np.float32), np.maximum(std, _SMALLEST_STD).astype(np.float32)
