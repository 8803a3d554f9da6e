"""Where a search begins: the space's starting guesses and published systems, as far as they fit."""

import numpy as np

from nas_asc.search.screen import Proposal, Screen
from nas_asc.search.shrink import shrink

_MOST = 5
_STREAM = 2**32 - 1  # no trial has this number


def warm_start(screen: Screen, *, seed: int) -> tuple[Proposal, ...]:
    """The first proposals of a study, a handful at most: guesses, then systems, each shrunk until it fits.

    Args:
        screen: Knows the space and what fits.
        seed: Of the study.
    """
    space = screen.space
    starts = [("guess", guess) for guess in space.guesses]
    starts += [(f"system {system.name}", system.candidate) for system in space.systems.values()]
    found: dict[str, Proposal] = {}
    for index, (name, candidate) in enumerate(starts):
        fitting = shrink(candidate, screen, np.random.default_rng([seed, _STREAM, index]))
        if fitting is not None:
            origin = name if fitting == candidate else f"{name}, shrunk"
            proposal = screen.admit(fitting, origin=origin)
            if proposal is not None:
                found.setdefault(proposal.design.key, proposal)
        if len(found) == _MOST:
            break
    return tuple(found.values())
