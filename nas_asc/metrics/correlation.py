"""Whether two orders of the same things agree."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float | None:
    """Spearman's rank correlation, in [-1, 1]; of equal values the ranks' mean counts.

    Args:
        first: (n,) values of one kind.
        second: (n,) values of the same things of another kind.

    Returns:
        None with fewer than three things, or where all values of a kind are equal.

    Raises:
        ValueError: Their lengths differ.

    >>> rank_correlation([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"`first` and `second` must be (n,), but got shapes {one.shape} and {other.shape}.")
    if len(one) < 3:
        return None
    x, y = _ranks(one) - (len(one) - 1) / 2, _ranks(other) - (len(one) - 1) / 2
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale else None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks (n,) from 0; equal values have their ranks' mean."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: NDArray[np.float64] = (np.cumsum(counts) - (counts + 1) / 2)[places]
    return found
