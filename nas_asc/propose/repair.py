"""The nearest candidate that fits: an over-sized one, made smaller along the axes that cost most until it does.

Conventions:
    A step changes one axis: an ordered one by one place, or by a fraction of its range where it has many, any other to
    another value. Steps go on in the direction of steepest descent of the excess; the last one is the step that leaves
    most MACs. Where no step of one axis helps, mutants of several axes are tried.
"""

import math
from collections.abc import Iterator

import numpy as np

from nas_asc.propose.screen import Screen
from nas_asc.space import Axis, Candidate

_STEPS = 60
_MUTANTS = 24
_PLACES = 8  # of the range of an axis that has more
_OTHERS = 4  # values tried of an axis without an order


def repair(candidate: Candidate, screen: Screen, rng: np.random.Generator) -> Candidate | None:
    """A candidate near the given one that fits the budget; itself where it does; None where none was found.

    Args:
        candidate: Where to begin.
        screen: Knows what fits.
        rng: Source of the mutants.
    """
    excess = screen.excess(candidate)
    idle: set[int] = set()  # axes that changed nothing when they were last tried
    for _ in range(_STEPS):
        if excess == 0:
            return candidate
        best = _best_step(candidate, excess, screen, rng, idle)
        if best is None and idle:
            idle.clear()
            best = _best_step(candidate, excess, screen, rng, idle)
        if best is None:
            mutants = [screen.space.mutate(candidate, rng) for _ in range(_MUTANTS)]
            best = min(mutants, key=lambda mutant: _rank(mutant, screen))
            if screen.excess(best) > excess:
                continue
        candidate, excess = best, screen.excess(best)
    return candidate if excess == 0 else None


def _best_step(
    candidate: Candidate, excess: float, screen: Screen, rng: np.random.Generator, idle: set[int]
) -> Candidate | None:
    """The change of one axis that takes most off the excess; None where none takes any."""
    found: list[Candidate] = []
    for index, axis in enumerate(screen.space.axes.values()):
        if index in idle or index in candidate.inactive:
            continue
        steps = list(_steps(candidate, index, axis, screen, rng))
        if all(screen.excess(step) == excess for step in steps):
            idle.add(index)
        found += steps
    best = min(found, key=lambda step: _rank(step, screen), default=None)
    return best if best is not None and screen.excess(best) < excess else None


def _steps(
    candidate: Candidate, index: int, axis: Axis, screen: Screen, rng: np.random.Generator
) -> Iterator[Candidate]:
    for code in _near_codes(candidate.code[index], axis, rng):
        changed = screen.space.decode([*candidate.code[:index], code, *candidate.code[index + 1 :]])
        if changed != candidate and screen.space.broken_requirement(changed) is None:
            yield changed


def _near_codes(code: float, axis: Axis, rng: np.random.Generator) -> list[float]:
    if axis.kind == "choice":
        n_values = int(axis.n_values or 1)
        if axis.is_ordered:
            return [near for near in (code - 1, code + 1) if 0 <= near < n_values]
        others = [value for value in range(n_values) if value != code]
        return [*others] if len(others) <= _OTHERS else [*rng.choice(others, _OTHERS, replace=False).tolist()]
    low, high = axis.low, axis.high  # type: ignore[attr-defined]
    width = (high - low) / _PLACES
    if axis.kind == "real":
        return [near for near in (max(low, code - width), min(high, code + width)) if near != code]
    step = axis.step  # type: ignore[attr-defined]
    n_steps = max(1, round(width / step))
    last = low + (high - low) // step * step
    return [near for near in (max(low, code - n_steps * step), min(last, code + n_steps * step)) if near != code]


def _rank(candidate: Candidate, screen: Screen) -> tuple[float, float]:
    excess = screen.excess(candidate)
    cost = screen.cost(candidate) if math.isfinite(excess) else None
    return excess, -cost.macs if cost is not None else 0.0
