"""How probably each of some points is on the front, where their values are uncertain."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_CHUNK = 4_000_000  # comparisons at once


def front_probability(draws: ArrayLike) -> NDArray[np.float64]:
    """Share of the draws in which each point is on the front.

    Args:
        draws: (n_draws, n, d) values of n points, minimised; a value that is certain is the same in all draws.

    Returns:
        (n,) in [0, 1].

    Raises:
        ValueError: The draws are not (n_draws, n, d), there is none, or they hold NaN.

    >>> front_probability([[[1, 2], [2, 1]], [[1, 1], [2, 1]]]).tolist()
    [1.0, 0.5]
    """
    values = np.asarray(draws, np.float64)
    if values.ndim != 3 or len(values) == 0:
        raise ValueError(f"`draws` must be (n_draws, n, d) with one draw or more, but got shape {values.shape}.")
    if np.isnan(values).any():
        raise ValueError("`draws` must not hold NaN.")
    n_draws, n, d = values.shape
    step = max(1, _CHUNK // max(1, n * n * d))
    found = np.zeros(n)
    for start in range(0, n_draws, step):
        part = values[start : start + step]
        others, own = part[:, :, None], part[:, None]
        beats = np.logical_and((others <= own).all(axis=3), (others < own).any(axis=3))
        found += np.logical_not(beats.any(axis=1)).sum(axis=0)
    return found / n_draws
