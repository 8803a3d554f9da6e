"""Proposals from the front: mutants of its networks, and crossings of two of them."""

import numpy as np

from nas_asc.propose.history import History
from nas_asc.propose.screen import Proposal, Screen

_TRIES = 64


def propose_child(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """A new candidate that fits and descends from one or two of the best; None where none was found."""
    parents = history.parents
    for _ in range(_TRIES if parents else 0):
        first = parents[int(rng.integers(len(parents)))]
        second = parents[int(rng.integers(len(parents)))]
        if first != second and rng.random() < 0.5:
            child, origin = screen.space.cross(first, second, rng), "crossing"
        else:
            child, origin = screen.space.mutate(first, rng), "mutation"
        proposal = screen.admit(child, origin=origin, seen=history.seen)
        if proposal is not None:
            return proposal
    return None
