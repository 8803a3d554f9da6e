"""Expected seconds of a candidate's training, learned from the study's own trials over a prior.

Conventions:
    A training takes time with the work of the network that is trained (before channels are removed) by a power that the
    trials say, near 1 while there are few; what the nearest trials took more or less than that comes on top, and so do
    the features of a front end that is new. Only searches with a time limit learn from seconds and ask for features:
    others propose the same networks whenever they are run.
"""

import math
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost, count_training_work
from nas_asc.errors import LayerError, SpaceError
from nas_asc.propose.encoding import CandidateEncoding
from nas_asc.propose.history import History
from nas_asc.propose.pool import Pool
from nas_asc.propose.screen import Screen
from nas_asc.propose.subsample import spread
from nas_asc.space import Candidate

Array = NDArray[np.float64]

MOST_TIME = 0.1  # of a search, for one training
TIME_WEIGHT = 0.5  # of the logarithm of seconds beside that of the gain: by the whole, only small networks come
_POWER = 1.0  # of the work
_TRUST = 4.0  # trials that the prior power is worth
_QUANTISED = 2.5  # an epoch in 8 bits takes so many epochs more
_N_NEAREST = 3
_MOST_SEEN = 200  # trials that it learns from


class SecondsModel:
    """Fitted to the complete trials of a history.

    Args:
        screen: Knows the space.
        history: With one complete trial or more.
        learns: Whether the seconds of the trials count; else the prior does alone, in units of its own.
    """

    def __init__(self, screen: Screen, history: History, *, learns: bool = True) -> None:
        assert history.seconds is not None
        self._screen = screen
        self._encode = CandidateEncoding(screen.space)
        rows = np.array(spread(history.complete_rows.tolist(), _MOST_SEEN))
        candidates = [history.candidates[row] for row in rows]
        costs = [history.costs[row] for row in rows]
        work = self._work(dict(zip(candidates, costs, strict=True)))
        taken = np.log(np.maximum(history.seconds[rows], 1e-3)) if learns else _POWER * work
        self._middle = float(work.mean())
        offsets = work - self._middle
        self._power = (_POWER * _TRUST + float(offsets @ (taken - taken.mean()))) / (_TRUST + float(offsets @ offsets))
        self._level = float(taken.mean())
        self._points = self._encode(candidates, costs)
        self._residuals = taken - self._line(work)

    def predict(self, pool: Pool) -> Array:
        """(m,) expected seconds of candidates.

        Args:
            pool: Candidates with their costs.
        """
        if not pool:
            return np.zeros(0)
        points = self._encode(list(pool), list(pool.values()))
        distances = np.abs(points[:, None] - self._points[None]).sum(axis=2)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :_N_NEAREST]
        weights = np.exp(-np.take_along_axis(distances, nearest, axis=1))
        residual = (weights * self._residuals[nearest]).sum(axis=1) / (weights.sum(axis=1) + math.exp(-_N_NEAREST))
        return np.exp(self._line(self._work(pool)) + residual)

    def _line(self, work: Array) -> Array:
        return self._level + self._power * (work - self._middle)

    def _work(self, pool: Pool) -> Array:
        return np.array([self._work_of(candidate, cost) for candidate, cost in pool.items()])

    def _work_of(self, candidate: Candidate, cost: Cost) -> float:
        """Logarithm of the work of an epoch."""
        space, task = self._screen.space, self._screen.task
        work: float = cost.macs
        with suppress(LayerError, SpaceError):
            work = count_training_work(space.architecture(candidate, task))
        quantisation = space.training_recipe(candidate, task).quantisation
        quantised = 0.0 if quantisation is None else quantisation.share
        return math.log(max(work, 1.0)) + math.log1p(_QUANTISED * quantised)


class SecondsModels:
    """What a search asks of the expected seconds, of one model a history.

    Args:
        screen: Knows the space.
        timeout_s: The time limit of the search in seconds; None is no limit: then the trials' seconds do not
            count, and nothing takes too long.
    """

    def __init__(self, screen: Screen, *, timeout_s: float | None) -> None:
        self._screen = screen
        self._timeout_s = timeout_s
        self._last: tuple[History, SecondsModel] | None = None

    def predict(self, pool: Pool, history: History) -> Array | None:
        """(m,) expected seconds of candidates, with the features that are not there; None where nothing is known.

        Args:
            pool: Candidates with their costs.
            history: Trials so far.
        """
        if history.seconds is None or not len(history):
            return None
        if self._last is None or self._last[0] is not history:
            self._last = history, SecondsModel(self._screen, history, learns=self._timeout_s is not None)
        return self._last[1].predict(pool) + self._features_s(pool)

    def delay(self, pool: Pool, history: History) -> Array:
        """(m,) logarithm of how many times as long candidates take as if the features of all front ends were there.

        Args:
            pool: Candidates with their costs.
            history: Trials so far.
        """
        seconds = self.predict(pool, history)
        return np.zeros(len(pool)) if seconds is None else -np.log1p(-self._features_s(pool) / seconds)

    def _features_s(self, pool: Pool) -> Array:
        """(m,) seconds of the features that are not there yet."""
        if self._timeout_s is None:
            return np.zeros(len(pool))
        screen, space = self._screen, self._screen.space
        front_ends = [space.training_log_mel(candidate, screen.task) for candidate in pool]
        known = {log_mel: screen.features_s(log_mel) for log_mel in set(front_ends)}
        return np.array([known[log_mel] for log_mel in front_ends])

    def affordable(self, pool: Pool, history: History) -> Pool:
        """A pool without what is expected to take more than a tenth of the search's time.

        Args:
            pool: Candidates with their costs.
            history: Trials so far.
        """
        seconds = None if self._timeout_s is None else self.predict(pool, history)
        if seconds is None or self._timeout_s is None:
            return pool
        kept = seconds <= MOST_TIME * self._timeout_s
        return {candidate: cost for (candidate, cost), is_kept in zip(pool.items(), kept, strict=True) if is_kept}
