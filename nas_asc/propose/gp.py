"""Proposals from all of the space: of many candidates that fit, the one that promises most.

Costs are known before training, so what a candidate adds to the hypervolume depends on its score only, and the
expectation of that is exact (`improvement`). No model of costs or limits is needed: all of the pool fits. What costs
less than a hundredth of a limit counts as that hundredth, or most of a search would go to ever smaller networks; and
what scores outside the region of interest gains nothing. In a search with a time limit a front end whose features
are not there gains less, the more they take beside the training.

Conventions:
    The front is that of the model's means at the finished trials: noise makes no front.
"""

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.metrics import Scores
from nas_asc.propose.history import History, front_rows
from nas_asc.propose.improvement import Cells, cut_cells, log_expected_gain
from nas_asc.propose.pool import Pool, RandomPool, draw_children, fitting, new_ones
from nas_asc.propose.score_model import ScoreModel, ScoreModels
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.seconds import TIME_WEIGHT, SecondsModels
from nas_asc.propose.subsample import spread
from nas_asc.space import Candidate
from nas_asc.study import OBJECTIVES, StudyConfig, find_region, objective_values

Array = NDArray[np.float64]

_MOST_FRONT = {0: 1, 1: 256, 2: 128, 3: 32}  # points by number of costs, evenly spread over the scores
_NEGLIGIBLE = 2.0  # decades below a limit
_N_CHILDREN = 120
_ROUNDS = 2
_N_BEST = 8
_N_MUTANTS = 5
_OUTSIDE = 10.0  # taken off a gain for every scaled score by which a candidate is expected to miss the region
_NO_SCORES = Scores(0, 0.0, 0.0, 0.0, ())


class GpStrategy:
    """Candidates of the highest expected gain in hypervolume; with one objective, of the highest improvement.

    Args:
        screen: Knows the space and what fits.
        config: The config of the study.
        models: The models of the score.
        seconds: The seconds of candidates.
    """

    def __init__(self, screen: Screen, config: StudyConfig, models: ScoreModels, seconds: SecondsModels) -> None:
        names = config.minimised
        self._screen = screen
        self._config = config
        self._models = models
        self._seconds = seconds
        self._cost_columns = [column for column, name in enumerate(names) if not OBJECTIVES[name].is_score]
        self._cost_names = [names[column] for column in self._cost_columns]
        self._limits = _limits(config)
        self._floors = np.array([self._limits.get(name, -np.inf) for name in self._cost_names]) - _NEGLIGIBLE
        self._random = RandomPool(screen, seed=config.seed, fills=config.mode == "best")

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The candidate that promises most; None where none is new."""
        pool = new_ones(self._random.at(len(history)), history)
        pool |= new_ones(draw_children(history.parents, screen, rng, n=_N_CHILDREN), history)
        if not pool or len(history) < 2:
            return None
        pool = self._seconds.affordable(pool, history) or pool
        model = self._models.fit(history)
        border = self._border(model, history)
        cells = self._cells(model, history, pool, border)
        gains = self._gains(pool, model, cells, border, history)
        for _ in range(_ROUNDS):
            best = [candidate for candidate, _ in _ranked(gains)[:_N_BEST]]
            mutants = [screen.space.mutate(candidate, rng) for candidate in best for _ in range(_N_MUTANTS)]
            fresh = {one: cost for one, cost in new_ones(fitting(mutants, screen), history).items() if one not in gains}
            gains |= self._gains(self._seconds.affordable(fresh, history), model, cells, border, history)
        admitted = (screen.admit(candidate, origin="gp", seen=history.seen) for candidate, _ in _ranked(gains))
        return next((proposal for proposal in admitted if proposal is not None), None)

    def _cells(self, model: ScoreModel, history: History, pool: Pool, border: float) -> Cells:
        rows, means = model.rows, model.row_means()
        costs = np.maximum(history.values[rows][:, self._cost_columns], self._floors)
        if history.is_complete is not None and history.is_complete.any():  # what is stopped gains nothing yet
            is_complete = history.is_complete[rows]
            costs, means = costs[is_complete], means[is_complete]
        dearest = np.concatenate([costs, self._cost_values(list(pool.values()))]).max(axis=0, initial=0.0)
        reference = np.array(
            [self._limits.get(name, top) for name, top in zip(self._cost_names, dearest, strict=True)], float
        )
        rising = sorted(front_rows(np.column_stack([costs, means])), key=lambda row: means[row])
        front = spread(rising, _MOST_FRONT[min(len(self._cost_columns), 3)])
        return cut_cells(costs[front], means[front], reference=reference + 1e-9, worst=border)

    def _border(self, model: ScoreModel, history: History) -> float:
        scores = [history.scores[row] for row in history.complete_rows] if history.scores else []
        border = model.scale(find_region(self._config, scores, self._screen.task.n_classes).border)
        return max(border, float(model.row_means().min()))  # the best is always of interest

    def _gains(
        self, pool: Pool, model: ScoreModel, cells: Cells, border: float, history: History
    ) -> dict[Candidate, float]:
        """Logarithms of expected gains, less where features delay them; what is hardly of interest comes last."""
        if not pool:
            return {}
        costs = list(pool.values())
        mean, deviation = model.predict(pool)
        gains = log_expected_gain(cells, self._cost_values(costs), mean, deviation)
        gains = gains - _OUTSIDE * np.maximum(0.0, mean - deviation - border)
        gains = gains - TIME_WEIGHT * self._seconds.delay(pool, history)
        return dict(zip(pool, gains.tolist(), strict=True))

    def _cost_values(self, costs: list[Cost]) -> Array:
        found = [objective_values(self._cost_names, cost, _NO_SCORES) for cost in costs]
        values = np.log10(np.maximum(np.array(found, float).reshape(len(costs), len(self._cost_names)), 1.0))
        return np.maximum(values, self._floors)


def _limits(config: StudyConfig) -> dict[str, float]:
    """Logarithm of the study's reference of every cost."""
    if len(config.reference_point) != len(config.objectives):
        return {}
    pairs = zip(config.objectives, config.reference_point, strict=True)
    return {name: float(np.log10(max(value, 1.0))) for name, value in pairs if not OBJECTIVES[name].is_score}


def _ranked(gains: dict[Candidate, float]) -> list[tuple[Candidate, float]]:
    return sorted(gains.items(), key=lambda pair: -pair[1])
