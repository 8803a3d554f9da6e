"""The hypervolume: how much of the space below the reference point a front dominates.

Conventions:
    Two objectives are swept; more are cut into slabs along the first, each a volume of one dimension less. Exact for
    any number of objectives, meant for up to four.

Source:
    While, Bradstreet, Barone, "A Fast Way of Calculating Exact Hypervolumes", 2012, for what one point adds.
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
    values, limit = _read(points, reference)
    inside = values[(values < limit).all(axis=1)] if len(values) else values
    return _volume(_front(inside), limit)


def hypervolume_history(points: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Hypervolume of the first 1, 2, ... n points; it never falls.

    A point adds the part of its own box that the front before it does not reach, so hundreds of trials take
    fractions of a second.

    Args:
        points: (n, d) in the order of the trials, minimised.
        reference: (d,) reference point.

    Raises:
        ValueError: Shapes do not belong together, or the points hold NaN.

    >>> hypervolume_history([[3, 3], [3.5, 3.5], [1, 1]], [4, 4]).tolist()
    [1.0, 1.0, 9.0]
    """
    values, limit = _read(points, reference)
    history, front, total = np.zeros(len(values)), values[:0], 0.0
    for row, value in enumerate(values):
        if (value < limit).all() and not (front <= value).all(axis=1).any():
            total += max(0.0, _gain(value, front, limit))
            front = np.vstack([front[(front < value).any(axis=1)], value])
        history[row] = total
    return history


def _read(points: ArrayLike, reference: ArrayLike) -> tuple[Points, Points]:
    values, limit = to_points(points), np.asarray(reference, np.float64)
    if len(values) and limit.shape != values.shape[1:]:
        raise ValueError(f"`reference` must be ({values.shape[1]},), but got shape {limit.shape}.")
    if not np.isfinite(limit).all():
        raise ValueError(f"`reference` must be finite, but got {limit.tolist()}.")
    return values, limit


def _front(points: Points) -> Points:
    unique = np.unique(points, axis=0)
    return unique[non_dominated(unique)]


def _gain(point: Points, front: Points, limit: Points) -> float:
    return float(np.prod(limit - point)) - _volume(_front(np.maximum(front, point)), limit)


def _volume(points: Points, limit: Points) -> float:
    """Volume of points that are all below the limit; dominated ones add nothing."""
    if not len(points):
        return 0.0
    if points.shape[1] == 1:
        return float(limit[0] - points[:, 0].min())
    ordered = points[np.argsort(points[:, 0])]
    if points.shape[1] == 2:
        return _area(ordered, limit)
    widths = np.diff(ordered[:, 0], append=limit[0])
    slabs = (_volume(ordered[: row + 1, 1:], limit[1:]) * width for row, width in enumerate(widths) if width > 0)
    return float(sum(slabs))


def _area(ordered: Points, limit: Points) -> float:
    floors = np.minimum.accumulate(ordered[:, 1])
    heights = np.concatenate([limit[1:], floors[:-1]]) - floors
    return float(((limit[0] - ordered[:, 0]) * heights).sum())
