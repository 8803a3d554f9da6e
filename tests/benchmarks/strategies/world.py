"""A search without training: a strategy asks, the surrogate answers, and the seconds of trainings are counted.

Conventions:
    What a strategy sees of a training has its noise; what it is judged by has none. Proposals take no time.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.propose import Proposal, Screen
from nas_asc.study import TrialRecord
from tests.benchmarks.strategies.durations import Durations
from tests.benchmarks.strategies.surrogate import Surrogate
from tests.benchmarks.strategies.trainings import BUDGET, EPOCHS, RUNGS

N_VALIDATION = 400
SHARES = (1.0, 1 / 2, 1 / 4, 1 / 8)  # of the limits, within which the best is looked for
_WORST_LOG_LOSS = float(np.log(10))  # of a guess among ten classes


class SpentError(Exception):
    """No time is left."""


@dataclass(frozen=True)
class Finish:
    """A whole training.

    Args:
        at_s: When it ended, in seconds from the start.
        seen: Log loss with its noise.
        true: Log loss without.
        cost: What the network takes.
    """

    at_s: float
    seen: float
    true: float
    cost: Cost


@dataclass
class World:
    """What a strategy may train in its time, and what came of it.

    Args:
        surrogate: Answers.
        durations: Tells how long trainings take.
        screen: Of the space and the budget.
        n_seconds: To be spent in all.
        seed: Of the noise.
        spent_s: Seconds spent so far.
        finished: Whole trainings, in the order of their ends.
    """

    surrogate: Surrogate
    durations: Durations
    screen: Screen
    n_seconds: float
    seed: int
    spent_s: float = 0.0
    finished: list[Finish] = field(default_factory=list)
    _true: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def train(self, proposal: Proposal, *, first: int = 0, last: int = EPOCHS) -> float:
        """Log loss that is seen after epoch `last`, one of `RUNGS`, of a training that stood at epoch `first`.

        Raises:
            SpentError: Less time is left than that takes.
        """
        taken_s = self.durations.seconds(proposal, self.seed) * (last - first) / EPOCHS
        if self.spent_s + taken_s > self.n_seconds:
            raise SpentError
        self.spent_s += taken_s
        rung = RUNGS.index(last)
        true = float(self.curve(proposal)[rung])
        seen = true * float(self.surrogate.draw_noise(proposal.design.key, self.seed)[rung])
        if last == EPOCHS:
            self.finished.append(Finish(self.spent_s, seen, true, proposal.cost))
        return seen

    def curve(self, proposal: Proposal) -> NDArray[np.float64]:
        """(rungs,) log losses without noise."""
        key = proposal.design.key
        if key not in self._true:
            row = np.array([self.surrogate.features(proposal.candidate, proposal.cost)])
            self._true[key] = self.surrogate.curves(row)[0]
        return self._true[key]

    def history(self, steps: int) -> NDArray[np.float64]:
        """(steps, shares) true log loss of what scored best within each of `SHARES` of the limits, over the time."""
        marks = np.linspace(0, self.n_seconds, steps + 1)[1:]
        return np.array([[self._best(share, mark) for share in SHARES] for mark in marks])

    def _best(self, share: float, mark: float) -> float:
        within = [one for one in self.finished if one.at_s <= mark and share_of_limits(one.cost) <= share]
        return min(within, key=lambda one: one.seen).true if within else _WORST_LOG_LOSS


def share_of_limits(cost: Cost) -> float:
    """The larger of a network's shares of the limits on parameters and on MACs."""
    assert BUDGET.max_params is not None
    assert BUDGET.max_macs is not None
    return max(cost.params / BUDGET.max_params, cost.official_macs / BUDGET.max_macs)


def to_record(proposal: Proposal, number: int, log_loss: float | None, *, seconds: float = 0.0) -> TrialRecord:
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
        seconds=seconds,
    )


def to_scores(log_loss: float) -> Scores:
    """Scores of which only the log loss is known."""
    return Scores(N_VALIDATION, log_loss, 0.0, 0.0, ())
