"""How far a measured accuracy, or a mean of few values, can be from the true one."""

import math

import numpy as np
from numpy.typing import ArrayLike

_Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. Source: any table of it, such as NIST's.
_T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def wilson_interval(accuracy: float, n_clips: int) -> tuple[float, float]:
    """95 % interval of an accuracy that was measured on independent clips.

    Args:
        accuracy: Share of clips that are right, in [0, 1].
        n_clips: Clips it was measured on; none leaves the whole range.

    Returns:
        Lower and upper bound, in [0, 1].

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.

    >>> [round(bound, 4) for bound in wilson_interval(0.9, 100)]
    [0.8256, 0.9448]
    """
    if n_clips < 1:
        return 0.0, 1.0
    weight = _Z_95**2 / n_clips
    centre = (accuracy + weight / 2) / (1 + weight)
    half = _Z_95 / (1 + weight) * math.sqrt(accuracy * (1 - accuracy) / n_clips + weight / (4 * n_clips))
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_interval(values: ArrayLike) -> tuple[float, float]:
    """95 % interval of the mean of independent, about normal values, by Student's t.

    Args:
        values: (n,) two or more.

    Raises:
        ValueError: There are fewer than two.

    >>> [round(bound, 3) for bound in mean_interval([1.0, 2.0, 3.0])]
    [-0.484, 4.484]
    """
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise ValueError(f"`values` must be two or more, but got shape {numbers.shape}.")
    half = _t_95(len(numbers) - 1) * float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    return float(numbers.mean()) - half, float(numbers.mean()) + half


def _t_95(freedom: int) -> float:
    """Quantile by table, beyond it by the Cornish-Fisher expansion, good to 0.001."""
    if freedom <= len(_T_95):
        return _T_95[freedom - 1]
    z = _Z_95
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
