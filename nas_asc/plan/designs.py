"""Designs such as a search trains, to measure how long that takes."""

from collections.abc import Iterable

import numpy as np

from nas_asc.cost import Cost
from nas_asc.propose import Screen
from nas_asc.space import Candidate, Design

_N_USUAL = 3
_N_DRAWS = 400  # at a time, until some fit
_N_BATCHES = 25


def usual_designs(screen: Screen, *, seed: int) -> list[Design]:
    """A few: the first guesses that fit, or else random candidates that do.

    Args:
        screen: Knows the space and what fits.
        seed: Of the random candidates.
    """
    found = _cost(screen, screen.space.guesses) or draw_fitting(screen, seed=seed)
    return [design for _, design in found[:: max(1, len(found) // _N_USUAL)]][:_N_USUAL]


def draw_fitting(screen: Screen, *, seed: int) -> list[tuple[Cost, Design]]:
    """Costs and designs of random candidates that fit, ascending in MACs; of guesses where none drawn does.

    Args:
        screen: Knows the space and what fits.
        seed: Of the random candidates.
    """
    rng = np.random.default_rng(seed)
    for _ in range(_N_BATCHES):
        found = _cost(screen, screen.space.draw_many(rng, _N_DRAWS))
        if found:
            return found
    return _cost(screen, screen.space.guesses)


def _cost(screen: Screen, candidates: Iterable[Candidate]) -> list[tuple[Cost, Design]]:
    costed = ((candidate, screen.cost_if_fits(candidate)) for candidate in candidates)
    fitting = [(cost, each) for each, cost in costed if cost is not None]
    ordered = sorted(fitting, key=lambda pair: pair[0].macs)
    return [(cost, screen.space.build(candidate, screen.task)) for cost, candidate in ordered]
