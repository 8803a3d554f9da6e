"""Small moves around the best networks: one axis by one place, or two, those first that promise most for their time.

Conventions:
    While a study is young, front end and recipe stay as they are, and so does the number of an ensemble's members: what
    tells is the network. Later every axis moves. A candidate that is expected to take more than a tenth of a search's
    time is left out.
"""

import numpy as np
from numpy.typing import NDArray

from nas_asc.propose.fill import keeps_kind
from nas_asc.propose.history import History
from nas_asc.propose.improvement import cut_cells, log_expected_gain
from nas_asc.propose.pool import Pool, fitting, new_ones
from nas_asc.propose.score_model import ScoreModel, ScoreModels
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.seconds import TIME_WEIGHT, SecondsModels
from nas_asc.propose.steps import all_steps
from nas_asc.space import Candidate

_N_PARENTS = 3
_N_PAIRS = 60  # moves of two axes, a parent
_YOUNG = 24  # complete trials


class LocalStrategy:
    """The move of the highest expected improvement a second.

    Args:
        models: The models of the score.
        column: The column of the score among the history's values.
        seconds: The seconds of candidates.
    """

    def __init__(self, models: ScoreModels, *, column: int, seconds: SecondsModels) -> None:
        self._models = models
        self._column = column
        self._seconds = seconds

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The best move; None where none is new."""
        if len(history) < 2:
            return None
        rows = history.complete_rows
        ranked = rows[np.argsort(history.values[rows, self._column], kind="stable")]
        parents = [history.candidates[row] for row in ranked[:_N_PARENTS]]
        is_young = len(rows) < _YOUNG
        pool: Pool = {}
        for parent in parents:
            pool |= self._moves(parent, screen, rng, is_young=is_young)
        pool = new_ones(pool, history)
        pool = self._seconds.affordable(pool, history) or pool
        model = self._models.fit(history)
        admitted = (
            screen.admit(candidate, origin="move", seen=history.seen)
            for candidate in self._by_gain_a_second(pool, model, history)
        )
        return next((proposal for proposal in admitted if proposal is not None), None)

    def _by_gain_a_second(self, pool: Pool, model: ScoreModel, history: History) -> list[Candidate]:
        """Candidates, the highest expected improvement for their time first."""
        if not pool:
            return []
        mean, deviation = model.predict(pool)
        best = _best_mean(model, history.complete_rows)
        cells = cut_cells(np.zeros((0, 0)), np.zeros(0), reference=np.zeros(0), worst=best)
        gains = log_expected_gain(cells, np.zeros((len(pool), 0)), mean, deviation)
        seconds = self._seconds.predict(pool, history)
        if seconds is not None:
            gains = gains - TIME_WEIGHT * np.log(seconds)
        candidates = list(pool)
        return [candidates[row] for row in np.argsort(-gains, kind="stable")]

    def _moves(self, parent: Candidate, screen: Screen, rng: np.random.Generator, *, is_young: bool) -> Pool:
        single = list(all_steps(parent, screen.space, rng))
        double = [_combine(parent, *_pick_two(single, rng), screen) for _ in range(_N_PAIRS if single else 0)]
        found = [each for each in [*single, *double] if each is not None and each != parent]
        if is_young:
            found = [each for each in found if _keeps_front_end(each, parent, screen)]
        pool = fitting(found, screen)
        return {each: cost for each, cost in pool.items() if not is_young or keeps_kind(each, parent, screen)}


def _best_mean(model: ScoreModel, rows: NDArray[np.int64]) -> float:
    means = model.row_means()
    known = np.isin(model.rows, rows)
    return float(means[known].min() if known.any() else means.min())


def _pick_two(moves: list[Candidate], rng: np.random.Generator) -> tuple[Candidate, Candidate]:
    first, second = rng.integers(len(moves), size=2)
    return moves[int(first)], moves[int(second)]


def _combine(parent: Candidate, one: Candidate, other: Candidate, screen: Screen) -> Candidate | None:
    """The candidate that both moves lead to; None where it breaks a requirement."""
    code = [
        second if second != start else first
        for start, first, second in zip(parent.code, one.code, other.code, strict=True)
    ]
    combined = screen.space.decode(code)
    return combined if screen.space.broken_requirement(combined) is None else None


def _keeps_front_end(candidate: Candidate, parent: Candidate, screen: Screen) -> bool:
    space, task = screen.space, screen.task
    return space.log_mel(candidate, task) == space.log_mel(parent, task)
