"""Many candidates that fit, for a model to choose from: random ones, and descendants of the best."""

from collections import OrderedDict
from collections.abc import Iterable

import numpy as np

from nas_asc.cost import Cost
from nas_asc.propose.history import History
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Screen
from nas_asc.space import Candidate

_BATCH = 48
_BATCHES = 12
_TRIALS = 3  # that have the same batches
_SHRUNK = 2
_STREAM = 2**32 - 2  # no trial has this number

Pool = dict[Candidate, Cost]


class RandomPool:
    """Random candidates that fit: those of the last few batches, one new batch every few trials.

    A batch is drawn from the study's seed and its own number alone, so a resumed study has the same ones.

    Args:
        screen: Knows the space and what fits.
        seed: The seed of the study.
        fills: Whether only the half that uses most of the tightest limit is kept.
    """

    def __init__(self, screen: Screen, *, seed: int, fills: bool) -> None:
        self._screen = screen
        self._seed = seed
        self._fills = fills
        self._batches: OrderedDict[int, Pool] = OrderedDict()

    def at(self, number: int) -> Pool:
        """Candidates with their costs, for the trial after `number` others."""
        found: Pool = {}
        for batch in range(number // _TRIALS, number // _TRIALS + _BATCHES):
            if batch not in self._batches:
                self._batches[batch] = self._draw(batch)
            found |= self._batches[batch]
        while len(self._batches) > 2 * _BATCHES:
            self._batches.popitem(last=False)
        return found

    def _draw(self, batch: int) -> Pool:
        rng = np.random.default_rng([self._seed, _STREAM, batch])
        pool = fitting(self._screen.space.draw_many(rng, _BATCH), self._screen)
        if not pool:
            shrunk = (repair(wish, self._screen, rng) for wish in self._screen.space.draw_many(rng, _SHRUNK))
            pool = fitting((candidate for candidate in shrunk if candidate is not None), self._screen)
        if self._fills:
            fullest = sorted(pool, key=lambda candidate: -self._screen.share(pool[candidate]))
            pool = {candidate: pool[candidate] for candidate in fullest[: (len(fullest) + 1) // 2]}
        return pool


def fitting(candidates: Iterable[Candidate], screen: Screen) -> Pool:
    """Those of some candidates that fit, with their costs, each once."""
    costs = {candidate: screen.cost_if_fits(candidate) for candidate in candidates}
    return {candidate: cost for candidate, cost in costs.items() if cost is not None}


def draw_children(parents: list[Candidate], screen: Screen, rng: np.random.Generator, *, n: int) -> Pool:
    """Those of `n` mutants and crossings of some candidates that fit.

    Args:
        parents: The parents of the front.
        screen: Knows what fits.
        rng: Source of chance.
        n: How many are made.
    """
    children = []
    for _ in range(n if parents else 0):
        first, second = (parents[int(row)] for row in rng.integers(len(parents), size=2))
        is_crossed = first != second and rng.random() < 0.5
        child = screen.space.cross(first, second, rng) if is_crossed else screen.space.mutate(first, rng)
        children.append(child)
    return fitting(children, screen)


def new_ones(pool: Pool, history: History) -> Pool:
    """A pool without the candidates that were tried."""
    tried = {*history.candidates, *history.failed}
    return {candidate: cost for candidate, cost in pool.items() if candidate not in tried}
