"""What is left of a small space: every candidate is tried before a search ends."""

from itertools import product

import numpy as np

from nas_asc.propose.history import History
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.space import Axis

_MOST = 4_096


def propose_exhaustive(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """A new candidate that fits, found by going through all; None where there is none, or the space is too large."""
    n_candidates = screen.space.n_candidates
    if n_candidates is None or n_candidates > _MOST:
        return None
    codes = list(product(*map(_codes, screen.space.axes.values())))
    tried = {*history.candidates, *history.failed}
    for row in rng.permutation(len(codes)):
        candidate = screen.space.decode(codes[row])
        if candidate in tried or screen.space.broken_requirement(candidate) is not None:
            continue
        tried.add(candidate)
        proposal = screen.admit(candidate, origin="random", seen=history.seen)
        if proposal is not None:
            return proposal
    return None


def _codes(axis: Axis) -> range:
    if axis.kind == "choice":
        return range(int(axis.n_values or 1))
    return range(axis.low, axis.high + 1, axis.step)  # type: ignore[attr-defined]
