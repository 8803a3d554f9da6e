"""What the finished trials say of the score of any candidate: a Gaussian process.

Conventions:
    Scores are cut off well above their median, so that a failed or hopeless training does not bend the model; failed
    trials count as such. Scores go with size: a line in the logarithms of MACs and parameters is taken off before, and
    is all that is said where no trial is near. The kernel is fitted again as the study grows by a few per cent, to what
    was finished by then.
"""

import numpy as np
from numpy.typing import NDArray

from nas_asc.propose.encoding import N_SIZES, CandidateEncoding
from nas_asc.propose.gaussian_process import GaussianProcess, Kernel, fit_kernel
from nas_asc.propose.history import History
from nas_asc.propose.pool import Pool
from nas_asc.propose.subsample import spread, subsample_rows
from nas_asc.space import Candidate, Space

Array = NDArray[np.float64]

_MOST_SEEN = 400  # trials the process is given: the front, the newest, and of the others every so many
_MOST_FITTED = 150  # of them, those the kernel is fitted to
_REFITS = 20  # while a study doubles, about
_RIDGE = 0.1  # squared spans of three decades


class ScoreModel:
    """A process on scaled scores.

    Args:
        process: Its first points are the history's rows.
        rows: (n,) of the history.
        scale: From scores to the process's values.
        trend: What size alone says of these values.
        encode: Features of candidates.
    """

    def __init__(
        self,
        process: GaussianProcess,
        rows: NDArray[np.int64],
        *,
        scale: "_Scale",
        trend: "_Trend",
        encode: CandidateEncoding,
    ) -> None:
        self.process = process
        self.rows = rows
        self._scale = scale
        self._trend = trend
        self._encode = encode

    def predict(self, pool: Pool) -> tuple[Array, Array]:
        """(m,) expected scaled scores of candidates, and (m,) their standard deviations.

        Args:
            pool: Candidates with their costs.
        """
        points = self._encode(list(pool), list(pool.values()))
        means, deviations = self.process.predict(points)
        return means + self._trend(points), deviations

    def row_means(self) -> Array:
        """(n,) expected scaled scores of the rows: noise makes no front."""
        points = self.process.points[: len(self.rows)]
        means, _ = self.process.predict(points)
        return means + self._trend(points)

    def scale(self, score: float) -> float:
        """A score as the process has it; one that is cut off as the worst.

        Args:
            score: Minimised.
        """
        return float(self._scale.apply(np.array([score]))[0])


class ScoreModels:
    """Fits a model to every new history.

    Args:
        space: The space of the candidates.
        column: The column of the score among the history's values.
    """

    def __init__(self, space: Space, *, column: int) -> None:
        self._encode = CandidateEncoding(space)
        self._column = column
        self._fitted: tuple[tuple[Candidate, ...], Array, Kernel] | None = None
        self._last: tuple[History, ScoreModel] | None = None

    def fit(self, history: History) -> ScoreModel:
        """The model of a history.

        Args:
            history: With two trials or more.
        """
        if self._last is None or self._last[0] is not history:
            self._last = history, self._fit(history)
        return self._last[1]

    def _fit(self, history: History) -> ScoreModel:
        rows = subsample_rows(len(history), history.front.tolist(), n_most=_MOST_SEEN)
        candidates = [history.candidates[row] for row in rows] + list(history.failed[-_MOST_SEEN // 8 :])
        costs = [history.costs[row] for row in rows] + list(history.failed_costs[-_MOST_SEEN // 8 :])
        scores = history.values[rows, self._column]
        scale = _Scale(scores)
        worst = np.full(len(candidates) - len(rows), scale.cut)
        values = scale.apply(np.concatenate([scores, worst]))
        points = self._encode(candidates, costs)
        trend = _Trend(points[: len(rows)], values[: len(rows)])
        process = GaussianProcess(self._kernel(history), points, values - trend(points))
        return ScoreModel(process, np.array(rows), scale=scale, trend=trend, encode=self._encode)

    def _kernel(self, history: History) -> Kernel:
        n_fitted = _fit_size(len(history))
        candidates = history.candidates[:n_fitted]
        scores = history.values[:n_fitted, self._column]
        known = self._fitted
        if known is None or known[0] != candidates or not np.array_equal(known[1], scores):
            rows = spread(range(n_fitted), _MOST_FITTED)
            points = self._encode([candidates[row] for row in rows], [history.costs[row] for row in rows])
            values = _Scale(scores).apply(scores[rows])
            kernel = fit_kernel(points, values - _Trend(points, values)(points), groups=self._encode.groups)
            known = self._fitted = candidates, scores, kernel
        return known[2]


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


class _Trend:
    """A line in the sizes, the last two features of every point; flat where there is little to tell it by."""

    def __init__(self, points: Array, values: Array) -> None:
        sizes = points[:, -N_SIZES:]
        self._middle = sizes.mean(axis=0)
        offsets = sizes - self._middle
        gram = offsets.T @ offsets + _RIDGE * np.eye(N_SIZES)
        self._slopes = np.linalg.solve(gram, offsets.T @ (values - values.mean()))

    def __call__(self, points: Array) -> Array:
        trend: Array = (points[:, -N_SIZES:] - self._middle) @ self._slopes
        return trend


def _fit_size(n: int) -> int:
    """Trials that the kernel is fitted to: all of a small study; of a larger one as many as at the last step."""
    step = max(1, n.bit_length() and 2 ** (n.bit_length() - 1) // _REFITS)
    return n - n % step
