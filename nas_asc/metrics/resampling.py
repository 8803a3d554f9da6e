"""How far means over clips and trainings can be from the true ones: the bootstrap over recording groups and seeds.

Conventions:
    Clips of one recording group are alike, so whole groups are drawn, the same ones for all that is compared. Of n
    groups or seeds n - 1 are drawn with replacement: the variance of the drawn means is then that of the mean itself,
    also for few (of 3 seeds the plain bootstrap would see two thirds of it). A single one is drawn as it is.

Source:
    Rao, Wu, "Resampling Inference With Complex Survey Data", 1988, for drawing n - 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Draws = NDArray[np.float64]
Counts = NDArray[np.int64]


def draw_counts(rng: np.random.Generator, n: int, n_draws: int) -> Counts:
    """How often each of n things is drawn when n - 1 are drawn with replacement, time and again.

    Args:
        rng: Draws them.
        n: Things; of one it is always that one.
        n_draws: Times.

    Returns:
        (n_draws, n) counts; every row sums to n - 1, or to 1 where n is 1.

    >>> draw_counts(np.random.default_rng(0), 4, 2).sum(axis=1).tolist()
    [3, 3]
    """
    return rng.multinomial(max(1, n - 1), np.full(n, 1 / n), size=n_draws)


def weighted_means(
    values: Sequence[ArrayLike], groups: ArrayLike, group_counts: Counts, seed_counts: Sequence[Counts]
) -> Draws:
    """Mean over clips and trainings of every network, for each way of counting groups and trainings.

    Args:
        values: For each network (trainings, N): a value of each clip.
        groups: (N,) group of each clip, 0 to G - 1.
        group_counts: (n_draws, G) how often each group counts.
        seed_counts: For each network (n_draws, trainings) how often each training counts.

    Returns:
        (n_draws, networks).

    Raises:
        ValueError: Shapes do not belong together.
    """
    names = np.asarray(groups)
    n_groups = group_counts.shape[1]
    sizes = np.bincount(names, minlength=n_groups).astype(np.float64)
    means = np.empty((len(group_counts), len(values)))
    for column, (each, counts) in enumerate(zip(values, seed_counts, strict=True)):
        rows = np.asarray(each, np.float64)
        if rows.ndim != 2 or rows.shape[1:] != names.shape or counts.shape[1] != len(rows):
            raise ValueError(
                "`values` must be (trainings, N) for each network with N groups,"
                f" but got {rows.shape} for {names.shape} groups and {counts.shape[1]} trainings."
            )
        sums = np.stack([np.bincount(names, weights=row, minlength=n_groups) for row in rows])
        by_training = (group_counts @ sums.T) / (group_counts @ sizes)[:, None]
        means[:, column] = (by_training * counts).sum(axis=1) / counts.sum(axis=1)
    return means


def resample_means(values: Sequence[ArrayLike], groups: ArrayLike, *, n_draws: int = 2000, seed: int = 0) -> Draws:
    """Means of networks on drawn recording groups and drawn trainings.

    Args:
        values: For each network (trainings, N): a value of each clip, such as its loss.
        groups: (N,) recording group of each clip, any names.
        n_draws: Times.
        seed: The seed of the draws.

    Returns:
        (n_draws, networks); groups are drawn once for all networks, so that columns may be subtracted.
    """
    names, indices = np.unique(np.asarray(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    group_counts = draw_counts(rng, len(names), n_draws)
    seed_counts = [draw_counts(rng, len(np.asarray(each)), n_draws) for each in values]
    return weighted_means(values, indices, group_counts, seed_counts)


def percentile_interval(draws: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Interval that holds the middle share of drawn values.

    Args:
        draws: (n,) values.
        level: The share.

    >>> percentile_interval(range(101), level=0.5)
    (25.0, 75.0)
    """
    low, high = np.quantile(np.asarray(draws, np.float64), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def is_tie(one: ArrayLike, other: ArrayLike, *, level: float = 0.95) -> bool:
    """Whether the interval of the difference of two networks, drawn together, holds zero.

    Args:
        one: (n_draws,) of `resample_means`.
        other: (n_draws,) of the same draws.
        level: The level of the interval.

    >>> is_tie([1.0, 2.0, 3.0], [0.9, 1.9, 2.9]), is_tie([1.0, 2.0, 3.0], [1.1, 1.9, 3.0])
    (False, True)
    """
    low, high = percentile_interval(np.asarray(one, np.float64) - np.asarray(other, np.float64), level=level)
    return low <= 0 <= high
