"""Growing the first networks into the limits that they leave unused, before anything else is tried.

A guess that fits many budgets uses a small part of a generous one, and networks that use more of it are better, as a
rule. So the best two of the first networks are grown in two ways: in detail (finer strides, shorter hops, more bands:
more MACs for the same parameters) and in size (wider, deeper). What pays goes on, what does not is left alone.

Conventions:
    Growing goes step by step along one axis at a time, the least step that counts first, an axis that was used least
    before the others, so that a network grows in all its dimensions. Its recipe is that of the network it grows from.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nas_asc.cost import Cost
from nas_asc.layers import Ensemble
from nas_asc.propose.history import History
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.seconds import SecondsModels
from nas_asc.propose.steps import axis_steps
from nas_asc.propose.tune import TuneStrategy
from nas_asc.space import Candidate

N_FIRST = 5
_HALF, _MOST = 0.5, 0.9  # of the limit
_SLACK = 1.1  # beyond these
_REACHED = 0.85
_LEAST_GROWTH = 1.3  # else there is nothing to fill
_MOST_STEPS = 10
_COUNTS = 1.04  # a step of less does not
_WAYS = ("detail", "size")
_N_PARENTS = 2


@dataclass(frozen=True)
class _Fill:
    """What is grown, and how.

    Args:
        parent: The network, its recipe tuned.
        before: What it scored; where it was not trained since, what it scored with the recipe it had.
        way: As `grow` takes it.
        share: As `grow` takes it.
    """

    parent: Candidate
    before: float
    way: str
    share: float


class FillStrategy:
    """Proposes the first networks grown, while there is something to grow.

    Args:
        column: The column of the score among the history's values.
        seconds: The seconds of candidates.
        tune: Knows which changes of the recipe paid.
    """

    def __init__(self, *, column: int, seconds: SecondsModels, tune: TuneStrategy) -> None:
        self._column = column
        self._seconds = seconds
        self._tune = tune
        self._grown: dict[_Fill, Candidate | None] = {}

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The next one that was not tried; None where nothing is left to fill."""
        if not screen.budget.limits or not len(history):
            return None
        for fill in self._fills(history, screen):
            candidate = self._grow(fill, screen)
            if candidate is not None and candidate not in history.candidates and candidate not in history.failed:
                proposal = screen.admit(candidate, origin=f"fill, {fill.way}", seen=history.seen)
                if proposal is not None and self._seconds.affordable({candidate: proposal.cost}, history):
                    return proposal
        return None

    def _fills(self, history: History, screen: Screen) -> Iterator[_Fill]:
        """What to grow, as far as the trials tell by now."""
        scores = dict(zip(history.candidates, history.values[:, self._column].tolist(), strict=True))
        halves = []
        first = [history.candidates[row] for row in history.first_rows(N_FIRST)]
        for parent in sorted(first, key=scores.__getitem__)[:_N_PARENTS]:
            tuned = self._tune.tuned(parent, screen, history)
            halves += [_Fill(tuned, scores.get(tuned, scores[parent]), way, _HALF) for way in _WAYS]
        yield from halves
        gains = {fill: fill.before - scores.get(self._grow(fill, screen) or fill.parent, np.inf) for fill in halves}
        best = max(halves, key=lambda fill: (gains[fill] > 0, gains[fill] - fill.before))
        if gains[best] > 0:
            yield replace(best, share=_MOST)

    def _grow(self, fill: _Fill, screen: Screen) -> Candidate | None:
        if fill not in self._grown:
            self._grown[fill] = grow(fill.parent, screen, way=fill.way, share=fill.share)
        return self._grown[fill]


def grow(parent: Candidate, screen: Screen, *, way: str, share: float) -> Candidate | None:
    """A candidate grown to about a share of a limit; None where it uses as much already, or no step leads there.

    Args:
        parent: What is grown.
        screen: Knows what fits.
        way: "detail" for more MACs with the same parameters, "size" for more parameters.
        share: The share of the limit on MACs, or of the tightest limit.
    """
    if way == "detail" and "macs" not in screen.budget.limits:
        return None
    used, current = _used(parent, screen, way), parent
    first, steps = used, Counter[int]()
    for _ in range(_MOST_STEPS):
        if used >= _REACHED * share:
            break
        found = [
            (steps[index], _used(step, screen, way), index, step)
            for index in range(len(screen.space.axes))
            for step in axis_steps(current, index, screen.space, np.random.default_rng(0))
            if _is_step(current, step, parent, screen, way)
        ]
        within = [each for each in found if each[1] <= _SLACK * share]
        if not within:
            break
        _, used, index, current = min(within, key=lambda each: each[:3])
        steps[index] += 1
    return current if used >= _LEAST_GROWTH * first else None


def _used(candidate: Candidate, screen: Screen, way: str) -> float:
    """Share of the limit that a way goes by."""
    cost = screen.cost(candidate)
    if cost is None:
        return 0.0
    if way == "detail":
        return screen.budget.used(cost)["macs"] / screen.budget.limits["macs"]
    return screen.share(cost)


def _is_step(current: Candidate, step: Candidate, parent: Candidate, screen: Screen, way: str) -> bool:
    before, after = screen.cost(current), screen.cost_if_fits(step)
    if before is None or after is None:
        return False
    is_way = _is_detail(before, after) if way == "detail" else after.params >= _COUNTS * before.params
    return is_way and keeps_kind(step, parent, screen) and _keeps_rate(step, parent, screen)


def _is_detail(before: Cost, after: Cost) -> bool:
    return after.macs >= _COUNTS * before.macs and before.params / _COUNTS < after.params < _COUNTS * before.params


def keeps_kind(candidate: Candidate, parent: Candidate, screen: Screen) -> bool:
    """Whether a candidate is trained as its parent is, and is an ensemble only if that is one.

    Args:
        candidate: A change of the parent.
        parent: What it is compared with.
        screen: Knows the space.
    """
    space, task = screen.space, screen.task
    if space.training_recipe(candidate, task) != space.training_recipe(parent, task):
        return False
    return _n_members(candidate, screen) == _n_members(parent, screen)


def _keeps_rate(candidate: Candidate, parent: Candidate, screen: Screen) -> bool:
    rates = [screen.space.log_mel(each, screen.task).sample_rate for each in (candidate, parent)]
    return rates[0] == rates[1]


def _n_members(candidate: Candidate, screen: Screen) -> int:
    layers = screen.space.architecture(candidate, screen.task).layers
    return sum(len(layer.members) for layer in layers if isinstance(layer, Ensemble))
