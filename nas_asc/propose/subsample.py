"""Which trials of a long history a model is given."""

from collections.abc import Sequence

import numpy as np


def subsample_rows(n: int, front: Sequence[int], *, n_most: int) -> list[int]:
    """Rows of `n` trials that are enough to learn from, in order: the front, the newest, and evenly of the others.

    Args:
        n: How many trials there are.
        front: Rows of their front.
        n_most: How many are wanted; the front may take half of them, the newest a quarter.

    >>> subsample_rows(12, [1, 3], n_most=6)
    [0, 1, 3, 6, 10, 11]
    """
    if n <= n_most:
        return list(range(n))
    kept = {*spread(front, n_most // 2), *range(n - n_most // 4, n)}
    others = [row for row in range(n) if row not in kept]
    return sorted(kept | set(spread(others, n_most - len(kept))))


def spread(rows: Sequence[int], n_most: int) -> list[int]:
    """At most `n_most` of some rows, first and last among them, the others as evenly as can be.

    >>> spread(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(rows) <= n_most:
        return list(rows)
    return [rows[int(at)] for at in np.linspace(0, len(rows) - 1, n_most).round()]
