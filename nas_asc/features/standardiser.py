"""Mean and deviation of each mel band."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.errors import DataError

_CHUNK = 512
_SMALLEST_STD = 1e-3


def fit_standardiser(
    features: NDArray[np.floating[Any]] | Tensor, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean (F,) and deviation (F,) of each band over clips, channels and frames.

    Args:
        features: (n, C, F, T), also as a memory map, read in chunks; a tensor's sums are computed where it is.
        rows: Clips to take, the training ones; None takes all.

    Raises:
        DataError: There are no clips.
    """
    chosen = np.arange(len(features)) if rows is None else rows
    if not len(chosen):
        raise DataError("`rows` must name one clip or more to standardise by, but none is left. Check the split.")
    chunks = (chosen[start : start + _CHUNK] for start in range(0, len(chosen), _CHUNK))
    if isinstance(features, Tensor):
        total, squares = _sum_there(features, chunks)
    else:
        total, squares = np.zeros(features.shape[2]), np.zeros(features.shape[2])
        for rows_of_chunk in chunks:
            chunk = np.asarray(features[rows_of_chunk], np.float64)
            total += chunk.sum(axis=(0, 1, 3))
            squares += (chunk**2).sum(axis=(0, 1, 3))
    count = len(chosen) * features.shape[1] * features.shape[3]
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean.astype(np.float32), np.maximum(std, _SMALLEST_STD).astype(np.float32)


def _sum_there(
    features: Tensor, chunks: Iterable[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums (F,) of the values and of their squares, computed on the features' device and read back once."""
    sums = torch.zeros(2, features.shape[2], dtype=torch.float64, device=features.device)
    for rows in chunks:
        chunk = features[int(rows[0]) : int(rows[-1]) + 1] if _are_together(rows) else features[rows]
        chunk = chunk.double()
        sums += torch.stack([chunk.sum(dim=(0, 1, 3)), chunk.square().sum(dim=(0, 1, 3))])
    total, squares = sums.cpu().numpy()
    return total, squares


def _are_together(rows: NDArray[np.int64]) -> bool:
    return bool((np.diff(rows) == 1).all())
