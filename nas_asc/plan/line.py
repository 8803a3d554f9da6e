"""Seconds by MACs: a straight line through noisy measurements."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np


def predict_seconds(measured: Sequence[tuple[int, float]], macs: Sequence[int]) -> np.ndarray:
    """Seconds at these MACs, by a line that one stalled measurement does not bend.

    The slope is the median over all pairs of measurements (Theil-Sen), and never negative; no prediction is below half
    of the fastest measurement.

    Args:
        measured: MACs and seconds, at least one pair.
        macs: (n,) Where to predict.

    Returns:
        (n,) Seconds.

    Source:
        Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.

    >>> predict_seconds([(0, 1.0), (1, 2.0), (2, 3.0), (3, 40.0), (4, 5.0)], [0, 5]).tolist()
    [1.0, 6.0]
    """
    pairs = combinations(sorted(measured), 2)
    slopes = [(late - early) / (more - less) for (less, early), (more, late) in pairs if more > less]
    slope = max(0.0, float(np.median(slopes))) if slopes else 0.0
    x, y = (np.array(column, float) for column in zip(*measured, strict=True))
    return np.maximum(np.median(y - slope * x) + slope * np.array(macs, float), y.min() / 2)
