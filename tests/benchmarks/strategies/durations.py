"""Seconds of any candidate's training, learned from the trainings of the table.

Conventions:
    Seconds are of one core, for all epochs. Trainings of one candidate differ by what was seen between its seeds.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from nas_asc.propose import Proposal, Screen
from tests.benchmarks.strategies.surrogate import TASK, Surrogate, build_screen
from tests.benchmarks.strategies.trainings import BUDGET, Training


class Durations:
    """Seconds of candidates.

    Args:
        trainings: Of the table.
        surrogate: Gives the features.
    """

    def __init__(self, trainings: Sequence[Training], surrogate: Surrogate) -> None:
        self._surrogate, space = surrogate, build_screen().space
        screen = Screen(space, TASK, budget=BUDGET)
        whole = [one for one in trainings if one.reason is None]
        candidates = [space.candidate_from(one.values) for one in whole]
        rows = [surrogate.features(one, cost) for one in candidates if (cost := screen.cost(one)) is not None]
        seconds = np.log([one.seconds for one in whole])
        self.mean = float(np.exp(seconds).mean())
        self._model = ExtraTreesRegressor(100, max_features=0.5, min_samples_leaf=2, random_state=0, n_jobs=1)
        self._model.fit(np.array(rows), seconds)
        indices = np.array([one.index for one in whole])
        self._noise = np.concatenate([_differences(seconds[indices == index]) for index in np.unique(indices)])

    def seconds(self, proposal: Proposal, seed: int) -> float:
        """Seconds of one training; the same for the same design and seed."""
        row = np.array([self._surrogate.features(proposal.candidate, proposal.cost)])
        digest = hashlib.sha256(f"{proposal.design.key} {seed} seconds".encode()).digest()
        noise = self._noise[int.from_bytes(digest[:8], "big") % len(self._noise)]
        return float(np.exp(self._model.predict(row)[0] + noise))


def _differences(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the seeds of one candidate from their mean, widened for the mean's own share."""
    n = len(seconds)
    return (seconds - seconds.mean()) * np.sqrt(n / (n - 1)) if n > 1 else np.zeros(0)
