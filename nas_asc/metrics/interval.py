"""How far a measured accuracy can be from the true one."""

import math

_Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution


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
