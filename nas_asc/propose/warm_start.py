"""Where a search begins: the space's starting guesses and published systems, as far as they fit."""

from itertools import zip_longest

import numpy as np

from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.space import Candidate

_MOST = 5
_STREAM = 2**32 - 1  # no trial has this number


def warm_start(screen: Screen, *, seed: int) -> tuple[Proposal, ...]:
    """The first proposals of a study, a handful at most: guesses and systems by turns, each shrunk until it fits.

    Args:
        screen: Knows the space and what fits.
        seed: The seed of the study.
    """
    found: dict[str, Proposal] = {}
    for index, (name, candidate) in enumerate(_starts(screen)):
        fitting = repair(candidate, screen, np.random.default_rng([seed, _STREAM, index]))
        if fitting is not None:
            origin = name if fitting == candidate else f"{name}, shrunk"
            proposal = screen.admit(fitting, origin=origin)
            if proposal is not None:
                found.setdefault(proposal.design.key, proposal)
        if len(found) == _MOST:
            break
    return tuple(found.values())


def _starts(screen: Screen) -> list[tuple[str, Candidate]]:
    guesses = [("guess", guess) for guess in screen.space.guesses]
    systems = [(f"system {system.name}", system.candidate) for system in screen.space.systems.values()]
    return [start for pair in zip_longest(guesses, systems) for start in pair if start is not None]
