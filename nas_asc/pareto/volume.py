"""The hypervolume: how much of the space below the reference point a front dominates.

Source:
    While, Bradstreet, Barone, "A Fast Way of Calculating Exact Hypervolumes", 2012 (WFG), for three objectives or more.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nas_asc.pareto.front import non_dominated, to_points

Points = NDArray[np.float64]


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """Exact volume dominated by the points and bounded by the reference point.

    Args:
        points: (n, d), minimised; those that are not better than the reference in every objective add nothing.
        reference: (d,) reference point.

    Raises:
        ValueError: Shapes do not belong together, or the points hold NaN.

    >>> hypervolume([[1, 3], [2, 2], [3, 1]], [4, 4])
    6.0
    """
    values, limit = to_points(points), np.asarray(reference, np.float64)
    if len(values) and limit.shape != values.shape[1:]:
        raise ValueError(f"`reference` must be ({values.shape[1]},), but got shape {limit.shape}.")
    inside = values[(values < limit).all(axis=1)] if len(values) else values
    return float(_volume(_front(inside), limit))


def hypervolume_history(points: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Hypervolume of the first 1, 2, ... n points; it never falls.

    A point adds the part of its own box that the front before it does not reach.

    Args:
        points: (n, d) in the order of the trials, minimised.
        reference: (d,) reference point.

    Raises:
        ValueError: Shapes do not belong together, or the points hold NaN.
    """
    values, limit = to_points(points), np.asarray(reference, np.float64)
    history, front, total = np.zeros(len(values)), values[:0], 0.0
    for row, value in enumerate(values):
        if (value < limit).all() and not (front <= value).all(axis=1).any():
            total += _gain(value, front, limit)
            front = _front(np.vstack([front, value]))
        history[row] = total
    return history


def _front(points: Points) -> Points:
    unique = np.unique(points, axis=0)
    return unique[non_dominated(unique)]


def _gain(point: Points, front: Points, limit: Points) -> float:
    return float(np.prod(limit - point)) - _volume(_front(np.maximum(front, point)), limit)


def _volume(front: Points, limit: Points) -> float:
    """Volume of mutually non-dominated points, all below the limit."""
    if not len(front):
        return 0.0
    if front.shape[1] == 1:
        return float(limit[0] - front[:, 0].min())
    ordered = front[np.argsort(front[:, 0])]
    if front.shape[1] == 2:
        ceilings = np.concatenate([limit[1:], ordered[:-1, 1]])
        return float(((limit[0] - ordered[:, 0]) * (ceilings - ordered[:, 1])).sum())
    return sum(_gain(point, ordered[row + 1 :], limit) for row, point in enumerate(ordered))
