"""The points that no other point is better than."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other dominates: none is at least as good in all objectives and better in one.

    Args:
        points: (n, d), minimised; n may be 0.

    Returns:
        (n,) mask; equal points are kept or dropped together.

    Raises:
        ValueError: The points are not (n, d), or hold NaN.

    >>> non_dominated([[1, 3], [2, 2], [3, 3], [2, 2]]).tolist()
    [True, True, False, True]
    """
    values = to_points(points)
    keeps = np.ones(len(values), bool)
    for row, value in enumerate(values):
        at_least = (values <= value).all(axis=1)
        keeps[row] = not (at_least & (values < value).any(axis=1)).any()
    return keeps


def front_ranks(points: ArrayLike) -> NDArray[np.int64]:
    """Rank of every point: 0 on the front, 1 on the front of the rest, and so on (non-dominated sorting).

    Args:
        points: (n, d), minimised; n may be 0.

    Returns:
        (n,) ranks; equal points have equal ranks.

    Raises:
        ValueError: The points are not (n, d), or hold NaN.

    >>> front_ranks([[1, 3], [2, 2], [3, 3], [4, 4]]).tolist()
    [0, 0, 1, 2]
    """
    values = to_points(points)
    ranks = np.zeros(len(values), np.int64)
    left, rank = np.arange(len(values)), 0
    while left.size:
        on_front = non_dominated(values[left])
        ranks[left[on_front]] = rank
        left, rank = left[~on_front], rank + 1
    return ranks


def to_points(points: ArrayLike) -> NDArray[np.float64]:
    """Points as a float array (n, d).

    Raises:
        ValueError: They are not (n, d), or hold NaN.
    """
    values = np.asarray(points, np.float64)
    if values.size == 0:
        return values.reshape(0, values.shape[1] if values.ndim == 2 else 1)
    if values.ndim != 2:
        raise ValueError(f"`points` must be (n, d), but got shape {values.shape}.")
    if np.isnan(values).any():
        raise ValueError("`points` must not hold NaN.")
    return values
