"""Carving a share of the rows in whole recording groups."""

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.data_set import DataSet
from nas_asc.errors import DataError

Rows = NDArray[np.int64]
_N_DRAWS = 50


def carve_groups(
    data_set: DataSet, rows: Rows, share: float, rng: np.random.Generator, *, n_left: int = 1, n_carved: int = 1
) -> Rows:
    """About `share` of the rows of every class, in whole groups; of many draws the one that fits best.

    The best draw gives the classes the groups that they need on either side, then leaves the fewest devices out there,
    then comes nearest to the share. A class with one group stays whole. A group with clips of several classes is drawn
    as one of its first clip's class.

    Args:
        data_set: The recordings.
        rows: Rows to carve from.
        share: Share of the rows of each class.
        rng: Draws the groups.
        n_left: Groups that each class needs among the rows that stay.
        n_carved: Groups that each class needs among those that are carved out.

    Raises:
        DataError: There are no rows.
    """
    if not len(rows):
        raise DataError(f"{data_set.name} has no training rows.")
    _, first, group_of = np.unique(data_set.groups[rows], return_index=True, return_inverse=True)
    devices, device_of = np.unique(data_set.devices[rows], return_inverse=True)
    sizes, labels = np.bincount(group_of), data_set.labels[rows][first]
    has_device = np.zeros((len(sizes), len(devices)), bool)
    has_device[group_of, device_of] = True
    has_class = np.zeros((len(sizes), len(data_set.classes)), bool)
    has_class[group_of, data_set.labels[rows]] = True

    def badness(chosen: NDArray[np.bool_]) -> tuple[int, int, float]:
        needs = ((~chosen, n_left), (chosen, n_carved))
        n_lacking = sum(int(np.maximum(n - has_class[side].sum(axis=0), 0).sum()) for side, n in needs)
        n_left_out = sum(int(np.count_nonzero(~has_device[side].any(axis=0))) for side in (chosen, ~chosen))
        return n_lacking, n_left_out, abs(float(sizes[chosen].sum()) / len(rows) - share)

    best = min((_draw_groups(sizes, labels, share, rng) for _ in range(_N_DRAWS)), key=badness)
    return rows[best[group_of]]


def _draw_groups(
    sizes: NDArray[np.int64], labels: NDArray[np.int64], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which groups are chosen: of each class at random until its share is met, at least one, never all."""
    chosen = np.zeros(len(sizes), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            continue
        middle = np.cumsum(sizes[members]) - sizes[members] / 2
        n_chosen = np.clip(np.count_nonzero(middle <= share * sizes[members].sum()), 1, len(members) - 1)
        chosen[members[:n_chosen]] = True
    return chosen
