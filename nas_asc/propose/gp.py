"""Proposals by a Gaussian process on the score alone: of many candidates that fit, the one that promises most.

Costs are known before training, so what a candidate adds to the hypervolume depends on its score only, and the
expectation of that is exact (`improvement`). No model of costs or limits is needed: all of the pool fits. What costs
less than a hundredth of a limit counts as that hundredth, or most of a search would go to ever smaller networks.

Conventions:
    Scores are cut off well above their median, so that a failed or hopeless training does not bend the model; failed
    trials count as such. The front is that of the model's means at the finished trials: noise makes no front.
    The kernel is fitted again as the study grows by a few per cent, to what was finished by then; see `_fit_size`.
"""

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.metrics import Scores
from nas_asc.propose.encoding import CandidateEncoding
from nas_asc.propose.gaussian_process import GaussianProcess, Kernel, fit_kernel
from nas_asc.propose.history import History, front_rows
from nas_asc.propose.improvement import Cells, cut_cells, log_expected_gain
from nas_asc.propose.pool import Pool, RandomPool, draw_children, fitting, new_ones
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.subsample import spread, subsample_rows
from nas_asc.space import Candidate
from nas_asc.study import OBJECTIVES, StudyConfig, objective_values

Array = NDArray[np.float64]

_MOST_SEEN = 400  # trials the process is given: the front, the newest, and of the others every so many
_MOST_FITTED = 150  # of them, those the kernel is fitted to
_MOST_FRONT = {0: 1, 1: 256, 2: 128, 3: 32}  # points by number of costs, evenly spread over the scores
_NEGLIGIBLE = 2.0  # decades below a limit
_N_CHILDREN = 120
_ROUNDS = 2
_N_BEST = 8
_N_MUTANTS = 5
_REFITS = 20  # while a study doubles, about
_NO_SCORES = Scores(0, 0.0, 0.0, 0.0, ())


class GpStrategy:
    """Candidates of the highest expected gain in hypervolume; with one objective, of the highest improvement.

    Args:
        screen: Knows the space and what fits.
        config: Of the study.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        names = config.minimised
        self._screen = screen
        self._features = CandidateEncoding(screen.space)
        self._score_column = names.index(config.score)
        self._cost_columns = [column for column, name in enumerate(names) if not OBJECTIVES[name].is_score]
        self._cost_names = [names[column] for column in self._cost_columns]
        self._limits = _limits(config)
        self._floors = np.array([self._limits.get(name, -np.inf) for name in self._cost_names]) - _NEGLIGIBLE
        self._random = RandomPool(screen, seed=config.seed, fills=config.mode == "best")
        self._fitted: tuple[tuple[Candidate, ...], Array, Kernel] | None = None

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The candidate that promises most; None where none is new."""
        pool = new_ones(self._random.at(len(history)), history)
        pool |= new_ones(draw_children(history.parents, screen, rng, n=_N_CHILDREN), history)
        if not pool or len(history) < 2:
            return None
        model = self._model(history)
        cells = self._cells(model, history, pool)
        gains = self._gains(pool, model, cells)
        for _ in range(_ROUNDS):
            best = [candidate for candidate, _ in _ranked(gains)[:_N_BEST]]
            mutants = [screen.space.mutate(candidate, rng) for candidate in best for _ in range(_N_MUTANTS)]
            fresh = {one: cost for one, cost in new_ones(fitting(mutants, screen), history).items() if one not in gains}
            gains |= self._gains(fresh, model, cells)
        admitted = (screen.admit(candidate, origin="gp", seen=history.seen) for candidate, _ in _ranked(gains))
        return next((proposal for proposal in admitted if proposal is not None), None)

    def _model(self, history: History) -> "_ScoreModel":
        rows = subsample_rows(len(history), history.front.tolist(), n_most=_MOST_SEEN)
        candidates = [history.candidates[row] for row in rows] + list(history.failed[-_MOST_SEEN // 8 :])
        costs = [history.costs[row] for row in rows] + list(history.failed_costs[-_MOST_SEEN // 8 :])
        scale = _Scale(history.values[rows, self._score_column])
        worst = np.full(len(candidates) - len(rows), scale.cut)
        values = scale.apply(np.concatenate([history.values[rows, self._score_column], worst]))
        process = GaussianProcess(self._kernel(history), self._features(candidates, costs), values)
        return _ScoreModel(process, np.array(rows), scale.apply(np.array([scale.cut]))[0])

    def _kernel(self, history: History) -> Kernel:
        n_fitted = _fit_size(len(history))
        candidates = history.candidates[:n_fitted]
        scores = history.values[:n_fitted, self._score_column]
        known = self._fitted
        if known is None or known[0] != candidates or not np.array_equal(known[1], scores):
            rows = spread(range(n_fitted), _MOST_FITTED)
            points = self._features([candidates[row] for row in rows], [history.costs[row] for row in rows])
            kernel = fit_kernel(points, _Scale(scores).apply(scores[rows]), groups=self._features.groups)
            known = self._fitted = candidates, scores, kernel
        return known[2]

    def _cells(self, model: "_ScoreModel", history: History, pool: Pool) -> Cells:
        rows = model.rows
        means, _ = model.process.predict(model.process.points[: len(rows)])
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
        return cut_cells(costs[front], means[front], reference=reference + 1e-9, worst=model.worst)

    def _gains(self, pool: Pool, model: "_ScoreModel", cells: Cells) -> dict[Candidate, float]:
        if not pool:
            return {}
        costs = list(pool.values())
        mean, deviation = model.process.predict(self._features(list(pool), costs))
        gains = log_expected_gain(cells, self._cost_values(costs), mean, deviation)
        return dict(zip(pool, gains.tolist(), strict=True))

    def _cost_values(self, costs: list[Cost]) -> Array:
        found = [objective_values(self._cost_names, cost, _NO_SCORES) for cost in costs]
        values = np.log10(np.maximum(np.array(found, float).reshape(len(costs), len(self._cost_names)), 1.0))
        return np.maximum(values, self._floors)


class _ScoreModel:
    """A process on scaled scores, with the rows of the history behind its first points."""

    def __init__(self, process: GaussianProcess, rows: NDArray[np.int64], worst: float) -> None:
        self.process = process
        self.rows = rows
        self.worst = worst


class _Scale:
    """Scores cut off at a value far from the good ones, of mean 0 and variance 1."""

    def __init__(self, scores: Array) -> None:
        low, middle = np.quantile(scores, [0.1, 0.5])
        top = middle + 3 * (middle - low)
        self.cut = float(min(scores.max(), top) if top > middle else scores.max())
        inside = np.minimum(scores, self.cut)
        self._mean, self._spread = float(inside.mean()), float(inside.std()) or 1.0

    def apply(self, scores: Array) -> Array:
        return (np.minimum(scores, self.cut) - self._mean) / self._spread


def _fit_size(n: int) -> int:
    """Trials that the kernel is fitted to: all of a small study; of a larger one as many as at the last step."""
    step = max(1, n.bit_length() and 2 ** (n.bit_length() - 1) // _REFITS)
    return n - n % step


def _limits(config: StudyConfig) -> dict[str, float]:
    """Logarithm of the study's reference of every cost."""
    if len(config.reference_point) != len(config.objectives):
        return {}
    pairs = zip(config.objectives, config.reference_point, strict=True)
    return {name: float(np.log10(max(value, 1.0))) for name, value in pairs if not OBJECTIVES[name].is_score}


def _ranked(gains: dict[Candidate, float]) -> list[tuple[Candidate, float]]:
    return sorted(gains.items(), key=lambda pair: -pair[1])
