"""Candidates as points of a cube: what a Gaussian process sees of them.

Conventions:
    An ordered axis is one feature from 0 to 1, by logarithm where it is drawn so; an unordered one has a feature a
    value, of which one is set; two different values are then as far apart as the ends of an ordered axis. The
    logarithms of the costs follow, since scores go with size.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.space import Axis, Candidate, Space

N_SIZES = 2  # last features: logarithms of MACs and parameters
_FLAG = math.sqrt(0.5)
_DECADES = 3.0  # of a cost, as long as an axis


class CandidateEncoding:
    """Features of a space's candidates.

    Args:
        space: Gives the axes.
    """

    def __init__(self, space: Space) -> None:
        self._axes = tuple(space.axes.values())
        sizes = [1 if axis.is_ordered else int(axis.n_values or 1) for axis in self._axes]
        n_axes = len(sizes)
        self.groups: NDArray[np.int64] = np.array([*np.repeat(np.arange(n_axes), sizes), n_axes, n_axes + 1], np.int64)

    def __call__(self, candidates: Sequence[Candidate], costs: Sequence[Cost]) -> NDArray[np.float64]:
        """(n, n_features) of some candidates and what they take."""
        codes = np.array([candidate.code for candidate in candidates], float).reshape(len(candidates), len(self._axes))
        columns = [_features(axis, codes[:, index]) for index, axis in enumerate(self._axes)]
        sizes = np.log10([[max(cost.macs, 1), max(cost.params, 1)] for cost in costs]).reshape(-1, 2) / _DECADES
        return np.concatenate([*columns, sizes], axis=1)


def _features(axis: Axis, codes: NDArray[np.float64]) -> NDArray[np.float64]:
    if not axis.is_ordered:
        return _FLAG * (codes[:, None] == np.arange(int(axis.n_values or 1))[None])
    if axis.kind == "choice":
        return (codes / max(int(axis.n_values or 1) - 1, 1))[:, None]
    low, high = float(axis.low), float(axis.high)  # type: ignore[attr-defined]
    if axis.log:  # type: ignore[attr-defined]
        codes, low, high = np.log(codes), math.log(low), math.log(high)
    return ((codes - low) / (high - low if high > low else 1.0))[:, None]
