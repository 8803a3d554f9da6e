"""Random proposals that fit the budget, and among them those unlike what was tried."""

from collections.abc import Sequence

import numpy as np

from nas_asc.cost import Cost
from nas_asc.propose.history import History
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen

_BATCH = 128
_BATCHES = 24
_POOL = 32
_FEW = 8


def propose_random(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """A random new candidate that fits; None where none was found.

    Where fitting candidates are rare, random ones are shrunk until they fit.
    """
    pool = _draw_pool(screen, history, rng, n_most=1)
    return pool[0] if pool else None


def propose_apart(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """Of some random new candidates that fit, the one whose cost is farthest from all costs tried.

    Costs are known before training, so the front can be covered from its cheap to its dear end at no price.
    """
    pool = _draw_pool(screen, history, rng, n_most=_POOL)
    if not pool or not history.costs:
        return pool[0] if pool else None
    points, tried = _points([proposal.cost for proposal in pool]), _points(history.costs)
    distance = np.abs(points[:, None] - tried[None]).sum(axis=2).min(axis=1)
    return pool[int(distance.argmax())]


def propose_full(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """Of some random new candidates that fit, the one that uses most of the tightest limit.

    Who wants the best network that fits seldom wants a small one.
    """
    pool = _draw_pool(screen, history, rng, n_most=_FEW)
    return max(pool, key=lambda proposal: screen.share(proposal.cost), default=None)


def _draw_pool(screen: Screen, history: History, rng: np.random.Generator, *, n_most: int) -> list[Proposal]:
    for _ in range(_BATCHES):
        drawn = screen.space.draw_many(rng, _BATCH)
        pool = screen.admit_all(drawn, origin="random", seen=history.seen, n_most=n_most)
        if pool:
            return pool
    for candidate in screen.space.draw_many(rng, 4):
        fitting = repair(candidate, screen, rng)
        proposal = fitting and screen.admit(fitting, origin="random", seen=history.seen)
        if proposal:
            return [proposal]
    return []


def _points(costs: Sequence[Cost]) -> np.ndarray:
    return np.log([[max(cost.macs, 1), max(cost.params, 1)] for cost in costs])
