"""The nearest candidate that fits: an over-sized one, made smaller along the axes that cost most until it does.

Conventions:
    A step changes one axis by one place. Steps go on in the direction of steepest descent of the excess; the last one
    is the step that leaves most MACs. Where no step of one axis helps, mutants of several axes are tried.
"""

import math

import numpy as np

from nas_asc.propose.screen import Screen
from nas_asc.propose.steps import axis_steps
from nas_asc.space import Candidate

_STEPS = 60
_MUTANTS = 24


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
    for index in range(len(screen.space.axes)):
        if index in idle or index in candidate.inactive:
            continue
        steps = list(axis_steps(candidate, index, screen.space, rng))
        if all(screen.excess(step) == excess for step in steps):
            idle.add(index)
        found += steps
    best = min(found, key=lambda step: _rank(step, screen), default=None)
    return best if best is not None and screen.excess(best) < excess else None


def _rank(candidate: Candidate, screen: Screen) -> tuple[float, float]:
    excess = screen.excess(candidate)
    cost = screen.cost(candidate) if math.isfinite(excess) else None
    return excess, -cost.macs if cost is not None else 0.0
