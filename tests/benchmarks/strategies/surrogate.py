"""Learning curves of any candidate of the table's space, predicted from the trainings of the table.

Conventions:
    What is predicted is the logarithm of the validation log loss after each epoch of `RUNGS`. The noise of a training
    is a curve of differences that was seen between seeds of one candidate, drawn anew for each candidate and seed.
"""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel

from nas_asc.cost import Cost
from nas_asc.frontend import Task
from nas_asc.propose import Screen
from nas_asc.space import Candidate, Space, load_space
from tests.benchmarks.strategies.trainings import BUDGET, RUNGS, SPACE, TableScreen, Training

TASK = Task(n_classes=10, clip_s=1.0)
_FOLDS = 10
_TREES = 100
_WORST = 10.0  # nats: a training that failed or went astray


@dataclass(frozen=True)
class Quality:
    """How well a surrogate predicts trainings that it was not fitted to.

    Args:
        n_candidates: In the table.
        n_trainings: In the table.
        error: Root mean square of the difference of the logarithm of the last log loss.
        determination: R squared of the same.
        tau: Kendall's rank correlation of the last log loss.
        rung_tau: The same of each epoch of `RUNGS` with the last one, measured in the table.
        seed_error: Standard deviation of the logarithm of the last log loss between seeds, measured.
        kind: Which model.
    """

    n_candidates: int
    n_trainings: int
    error: float
    determination: float
    tau: float
    rung_tau: tuple[float, ...]
    seed_error: float
    kind: str


class Surrogate:
    """Curves of candidates: the mean of a candidate, and that of one training.

    Args:
        trainings: Of the table.
        space: Of the table.
    """

    def __init__(self, trainings: Sequence[Training], space: Space) -> None:
        self._space = space
        screen = Screen(space, TASK, budget=BUDGET)
        whole = [one for one in trainings if one.reason is None and len(one.curve) == len(RUNGS)]
        grouped: defaultdict[int, list[Training]] = defaultdict(list)
        for one in whole:
            grouped[one.index].append(one)
        candidates = [space.candidate_from(same[0].values) for same in grouped.values()]
        costs = [screen.cost(candidate) for candidate in candidates]
        self._x = np.array([self.features(one, cost) for one, cost in zip(candidates, costs, strict=True) if cost])
        self._y = np.array([np.mean([_log_curve(one) for one in same], axis=0) for same in grouped.values()])
        self._noise = np.concatenate([_differences(same) for same in grouped.values() if len(same) > 1])
        self._n_trainings = len(whole)
        self._model = _build_model().fit(self._x, self._y)

    def features(self, candidate: Candidate, cost: Cost) -> list[float]:
        """What the model sees: each axis's code, one column a value where values have no order, and costs."""
        row: list[float] = []
        for index, (axis, code) in enumerate(zip(self._space.axes.values(), candidate.code, strict=True)):
            is_active = index not in candidate.inactive
            if axis.is_ordered:
                row.append(float(code) if is_active else -1.0)
            else:
                row.extend(float(is_active and code == value) for value in range(axis.n_values or 1))
        return row + [float(np.log10(max(value, 1))) for value in (cost.params, cost.macs, cost.int8_bytes)]

    def curves(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean log losses (n, rungs) of rows of features."""
        return np.exp(self._model.predict(rows))

    def draw_noise(self, key: str, seed: int) -> NDArray[np.float64]:
        """Factors (rungs,) of one training's log losses; the same for the same design and seed."""
        digest = hashlib.sha256(f"{key} {seed}".encode()).digest()
        row = int.from_bytes(digest[:8], "big") % len(self._noise)
        return np.exp(self._noise[row])

    @cached_property
    def quality(self) -> Quality:
        """Measured by leaving out a tenth of the candidates at a time."""
        folds = np.random.default_rng(0).permutation(len(self._x)) % _FOLDS
        predicted = np.zeros_like(self._y)
        for fold in range(_FOLDS):
            model = _build_model().fit(self._x[folds != fold], self._y[folds != fold])
            predicted[folds == fold] = model.predict(self._x[folds == fold])
        last, guess = self._y[:, -1], predicted[:, -1]
        error = np.sqrt(np.mean((last - guess) ** 2))
        return Quality(
            n_candidates=len(self._x),
            n_trainings=self._n_trainings,
            error=float(error),
            determination=float(1 - error**2 / last.var()),
            tau=float(kendalltau(last, guess).statistic),
            rung_tau=tuple(float(kendalltau(column, last).statistic) for column in self._y.T),
            seed_error=float(self._noise[:, -1].std()),
            kind="mean of extra trees and a Gaussian process",
        )


class _Blend:
    """The mean of two unlike models."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> "_Blend":
        self._mean, self._std = x.mean(axis=0), x.std(axis=0) + 1e-9
        self._trees = ExtraTreesRegressor(_TREES, max_features=0.5, min_samples_leaf=2, random_state=0, n_jobs=1)
        self._trees.fit(x, y)
        kernel = Matern(10.0, (1.0, 1e3), nu=2.5) + WhiteKernel(0.1, (1e-3, 10.0))
        self._process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
        with warnings.catch_warnings():  # a noise at its bound is an answer too
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process.fit((x - self._mean) / self._std, y)
        return self

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (self._trees.predict(x) + self._process.predict((x - self._mean) / self._std)) / 2


def _build_model() -> _Blend:
    return _Blend()


def _log_curve(training: Training) -> NDArray[np.float64]:
    return np.log(np.clip([log_loss for log_loss, _ in training.curve], 1e-3, _WORST))


def _differences(same: Sequence[Training]) -> NDArray[np.float64]:
    """Differences of each seed from their mean, widened for the mean's own share."""
    curves = np.array([_log_curve(one) for one in same])
    return (curves - curves.mean(axis=0)) * np.sqrt(len(same) / (len(same) - 1))


def build_screen(space: Space | None = None) -> TableScreen:
    """The gate of the benchmark: the table's space, task and budget."""
    return TableScreen(space or load_space(SPACE), TASK)
