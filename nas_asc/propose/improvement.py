"""Expected gain of hypervolume where costs are known and only the score is uncertain: exact, in closed form.

A candidate of known costs c whose score turns out as s gains the volume between it and the reference that no point of
the front dominates: the integral from s to the reference of the part of the box [c, reference] that no point with a
score of at most t dominates. The costs of the front's points cut that box into cells, and each cell has a level: the
lowest score of a point that dominates it. So the gain is the sum over cells of volume * max(0, level - s), and with a
normal score its expectation a sum of expected improvements.

Conventions:
    Everything is minimised. Without costs this is the plain expected improvement.

Source:
    Jones, Schonlau, Welch, "Efficient Global Optimization", 1998, for max(0, level - s); its logarithm after Ament et
    al., "Unexpected Improvements to Expected Improvement", 2023.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Point = tuple[tuple[float, ...], float]
_Box = tuple[tuple[float, ...], tuple[float, ...], float]

_CHUNK = 4_000_000  # numbers at once
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Cells:
    """Boxes in the space of costs, with the score from which on they count.

    Args:
        low: (n, d) corners, minus infinity at the cheap end.
        high: (n, d) corners; the reference at the dear end.
        levels: (k,) distinct scores, rising.
        starts: (k,) first cell of every level; cells are in the order of their levels.
    """

    low: Array
    high: Array
    levels: Array
    starts: NDArray[np.int64]


def cut_cells(front: Array, scores: Array, *, reference: Array, worst: float) -> Cells:
    """Cells that a front cuts the space of costs into.

    Args:
        front: (n, d) costs of points, dominated ones too; d may be 0.
        scores: (n,) of these points.
        reference: (d,) dearest costs that count.
        worst: Highest score that counts.
    """
    points = [
        (tuple(costs), float(score))
        for costs, score in zip(front.tolist(), scores.tolist(), strict=True)
        if score < worst and all(cost < limit for cost, limit in zip(costs, reference.tolist(), strict=True))
    ]
    boxes = sorted(_cut(points, tuple(reference.tolist()), worst), key=lambda box: box[2])
    n_costs = front.shape[1]
    levels, starts = np.unique([level for _, _, level in boxes], return_index=True)
    low = np.array([low for low, _, _ in boxes], float).reshape(len(boxes), n_costs)
    high = np.array([high for _, high, _ in boxes], float).reshape(len(boxes), n_costs)
    return Cells(low, high, levels, starts.astype(np.int64))


def log_expected_gain(cells: Cells, costs: Array, mean: Array, deviation: Array) -> Array:
    """Logarithm of the expected gain of every candidate; minus infinity where it is nothing.

    Args:
        cells: The cells of the front.
        costs: (m, d) of the candidates.
        mean: (m,) expected scores.
        deviation: (m,) their standard deviations.
    """
    step = max(1, _CHUNK // max(len(cells.low), 1))
    parts = [
        _log_gain(cells, costs[at : at + step], mean[at : at + step], deviation[at : at + step])
        for at in range(0, len(mean), step)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def log_expected_improvement(distance: Array) -> Array:
    """Logarithm of E[max(0, z - Z)] for a standard normal Z, exact also far below 0.

    Args:
        distance: z, of any shape.
    """
    z = torch.from_numpy(np.minimum(distance, 1e100))
    density = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    near = torch.log(torch.clamp(density + z * torch.special.ndtr(z), min=_TINY))
    # below -1: φ(z) + zΦ(z) = φ(z) (1 + z √(π/2) erfcx(-z/√2)), with its series 1/z² where that cancels
    below = torch.clamp(z, max=-1.0)
    rest = 1 + below * math.sqrt(math.pi / 2) * torch.special.erfcx(-below / math.sqrt(2))
    series = 1 / below**2 - 3 / below**4
    far = -0.5 * below**2 - 0.5 * math.log(2 * math.pi)
    far = far + torch.log(torch.where(below < -1e4, series, torch.clamp(rest, min=_TINY)))
    return torch.where(z > -1, near, far).numpy()


def _log_gain(cells: Cells, costs: Array, mean: Array, deviation: Array) -> Array:
    volumes = np.add.reduceat(_reached(cells, costs), cells.starts, axis=1)
    distance = (cells.levels[None] - mean[:, None]) / deviation[:, None]
    with np.errstate(divide="ignore"):
        terms = np.log(volumes) + log_expected_improvement(distance)
    most = terms.max(axis=1)
    anchor = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(terms - anchor[:, None]).sum(axis=1)) + anchor + np.log(deviation)


def _reached(cells: Cells, costs: Array) -> Array:
    """(m, n) volume of every cell's part that is dearer than a candidate."""
    volumes = np.ones((len(costs), len(cells.low)))
    for low, high, cost in zip(cells.low.T, cells.high.T, costs.T, strict=True):
        sides = high - np.maximum(low, cost[:, None])
        volumes *= np.maximum(sides, 0.0, out=sides)
    return volumes


def _cut(points: list[_Point], reference: tuple[float, ...], worst: float) -> list[_Box]:
    """Boxes (low, high, level) that fill the space below the reference, neighbours of one level joined."""
    if not reference:
        return [((), (), min([worst, *(score for _, score in points)]))]
    if len(reference) == 1:
        return _cut_line(points, reference, worst)
    edges = [-math.inf, *sorted({costs[0] for costs, _ in points}), reference[0]]
    boxes: list[_Box] = []
    slab_low, slab = edges[0], None
    for left, right in pairwise(edges):
        inner = [(costs[1:], score) for costs, score in points if costs[0] <= left]
        found = _cut(inner if len(reference) == 2 else _keep_best(inner), reference[1:], worst)
        if found != slab:
            boxes += _extrude(slab, slab_low, left)
            slab_low, slab = left, found
        last = right
    return boxes + _extrude(slab, slab_low, last)


def _cut_line(points: list[_Point], reference: tuple[float, ...], worst: float) -> list[_Box]:
    """`_cut` for one cost: the levels of a staircase."""
    boxes: list[_Box] = []
    low: tuple[float, ...] = (-math.inf,)
    level = worst
    for cost, score in sorted(points):
        if score < level:
            boxes.append((low, cost, level))
            low, level = cost, score
    return [*boxes, (low, reference, level)]


def _extrude(slab: list[_Box] | None, low: float, high: float) -> list[_Box]:
    return [((low, *inner), (high, *outer), level) for inner, outer, level in slab or []]


def _keep_best(points: list[_Point]) -> list[_Point]:
    """Points without those that another one dominates, which change no level."""
    kept: list[_Point] = []
    for costs, score in sorted(points):
        if not any(other <= score and all(a <= b for a, b in zip(cheap, costs, strict=True)) for cheap, other in kept):
            kept.append((costs, score))
    return kept
