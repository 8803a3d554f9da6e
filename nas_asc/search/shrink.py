"""The nearest candidate that fits: an over-sized one, changed axis by axis until it does."""

import math

import numpy as np

from nas_asc.search.screen import Screen
from nas_asc.space import Candidate

_STEPS = 60
_MUTANTS = 24


def shrink(candidate: Candidate, screen: Screen, rng: np.random.Generator) -> Candidate | None:
    """A candidate near the given one that fits the budget; itself where it does; None where none was found.

    Each step takes, of some mutants, the largest that fits, or else the one least over the budget.

    Args:
        candidate: Where to begin.
        screen: Knows what fits.
        rng: Source of the mutants.
    """
    excess = screen.excess(candidate)
    for _ in range(_STEPS):
        if excess == 0:
            return candidate
        mutants = [screen.space.mutate(candidate, rng) for _ in range(_MUTANTS)]
        ranked = sorted(mutants, key=lambda mutant: _rank(mutant, screen))
        best = screen.excess(ranked[0])
        if best <= excess:
            candidate, excess = ranked[0], best
    return candidate if excess == 0 else None


def _rank(mutant: Candidate, screen: Screen) -> tuple[float, float]:
    excess = screen.excess(mutant)
    cost = screen.cost(mutant) if math.isfinite(excess) else None
    return excess, -cost.macs if cost is not None else 0.0
