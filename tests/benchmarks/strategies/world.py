"""A search without training: a strategy asks, the surrogate answers, and epochs are counted.

Conventions:
    What a strategy sees of a training has its noise; what it is judged by has none.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.pareto import hypervolume, non_dominated
from nas_asc.propose import Proposal, Screen
from nas_asc.study import TrialRecord
from tests.benchmarks.strategies.surrogate import Surrogate
from tests.benchmarks.strategies.trainings import EPOCHS, RUNGS

N_VALIDATION = 400
_WORST_LOG_LOSS = float(np.log(10))  # of a guess among ten classes
_CHEAPEST = (5.0, 3.0)  # log10 of MACs and bytes: what is cheaper still gains nothing more
_DEAREST = (float(np.log10(30_000_000)), float(np.log10(128_000)))


class SpentError(Exception):
    """No epoch is left."""


@dataclass
class World:
    """What a strategy may train with its epochs, and what came of it.

    Args:
        surrogate: Answers.
        screen: Of the space and the budget.
        n_epochs: To be spent in all.
        seed: Of the noise.
        spent: Epochs spent so far.
        finished: Epochs spent, noisy log loss, true log loss and cost of each whole training.
    """

    surrogate: Surrogate
    screen: Screen
    n_epochs: int
    seed: int
    spent: int = 0
    finished: list[tuple[int, float, float, Cost]] = field(default_factory=list)
    _true: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def train(self, proposal: Proposal, *, first: int = 0, last: int = EPOCHS) -> float:
        """Log loss that is seen after epoch `last`, one of `RUNGS`, of a training that stood at epoch `first`.

        Raises:
            SpentError: Fewer epochs are left than that takes.
        """
        if self.spent + last - first > self.n_epochs:
            raise SpentError
        self.spent += last - first
        key = proposal.design.key
        if key not in self._true:
            row = np.array([self.surrogate.features(proposal.candidate, proposal.cost)])
            self._true[key] = self.surrogate.curves(row)[0]
        rung = RUNGS.index(last)
        true = float(self._true[key][rung])
        seen = true * float(self.surrogate.draw_noise(key, self.seed)[rung])
        if last == EPOCHS:
            self.finished.append((self.spent, seen, true, proposal.cost))
        return seen

    def history(self, steps: int) -> NDArray[np.float64]:
        """True hypervolume, in [0, 1], of the front by seen scores after each of `steps` equal parts of the epochs."""
        marks = np.linspace(0, self.n_epochs, steps + 1)[1:]
        return np.array([self._volume([one for one in self.finished if one[0] <= mark]) for mark in marks])

    def _volume(self, finished: list[tuple[int, float, float, Cost]]) -> float:
        if not finished:
            return 0.0
        seen = np.array([to_point(log_loss, cost) for _, log_loss, _, cost in finished])
        true = np.array([to_point(log_loss, cost) for _, _, log_loss, cost in finished])
        return hypervolume(true[non_dominated(seen)], np.ones(3))


def to_point(log_loss: float, cost: Cost) -> list[float]:
    """Log loss and logarithmic costs, each scaled to [0, 1]."""
    costs = np.log10([max(cost.macs, 1), max(cost.int8_bytes, 1)])
    low, high = np.array(_CHEAPEST), np.array(_DEAREST)
    return [log_loss / _WORST_LOG_LOSS, *np.clip((costs - low) / (high - low), 0.0, None).tolist()]


def to_record(proposal: Proposal, number: int, log_loss: float | None) -> TrialRecord:
    """What a study would keep of a whole training; without a log loss of one that is yet to begin."""
    return TrialRecord(
        number=number,
        state="failed" if log_loss is None else "complete",
        values=proposal.candidate.values,
        key=proposal.design.key,
        architecture=format_architecture(proposal.design.architecture),
        log_mel=proposal.design.log_mel,
        recipe=proposal.design.recipe,
        cost=proposal.cost,
        scores=None if log_loss is None else to_scores(log_loss),
        origin=proposal.origin,
    )


def to_scores(log_loss: float) -> Scores:
    """Scores of which only the log loss is known."""
    return Scores(N_VALIDATION, log_loss, 0.0, 0.0, ())
