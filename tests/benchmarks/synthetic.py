"""A made-up score of any space's candidates: what training might have found, at no cost.

Larger networks score better, with less and less to gain; every axis has a value that suits best and a weight, some
pairs of axes act together, and a training adds luck.
"""

from dataclasses import dataclass

import numpy as np

from nas_asc.cost import Cost
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.propose import Proposal
from nas_asc.space import Candidate, Space
from nas_asc.study import TrialRecord

LUCK = 0.02


@dataclass
class MadeUpScore:
    """Log loss of candidates, about 1 to 2.3 nats."""

    space: Space
    seed: int

    def __post_init__(self):
        rng = np.random.default_rng([99, self.seed])
        self.axes = tuple(self.space.axes.values())
        n = len(self.axes)
        self.tables = [rng.random(int(axis.n_values or 1)) for axis in self.axes]
        self.best = rng.random(n)
        self.weights = rng.dirichlet(np.full(n, 0.5))
        self.pairs = rng.integers(n, size=(n // 2, 2))
        self.size_weights = rng.dirichlet((3, 3))

    def positions(self, candidate: Candidate) -> np.ndarray:
        """How far every axis is from what suits best, 0 to 1."""
        found = np.zeros(len(self.axes))
        for row, (axis, code) in enumerate(zip(self.axes, candidate.code, strict=True)):
            if axis.kind == "choice" and not axis.is_ordered:
                found[row] = self.tables[row][int(code)]
            elif axis.kind == "choice":
                found[row] = abs(code / max(axis.n_values - 1, 1) - self.best[row])
            else:
                found[row] = abs((code - axis.low) / max(axis.high - axis.low, 1e-9) - self.best[row])
        return found

    def __call__(self, candidate: Candidate, cost: Cost) -> float:
        """Log loss without luck."""
        away = self.positions(candidate)
        fit = float(self.weights @ away**2) + 0.5 * float((away[self.pairs[:, 0]] * away[self.pairs[:, 1]]).mean())
        sizes = np.array([max(cost.macs, 1) / 3e6, max(cost.params, 1) / 2e4])
        size = float(self.size_weights @ (1 / (1 + sizes**0.7)))
        return 0.9 + 0.9 * size + 1.0 * fit


def made_up_record(score: MadeUpScore, proposal: Proposal, number: int, *, seed: int) -> TrialRecord:
    """Record of a trial whose training was not needed."""
    log_loss = score(proposal.candidate, proposal.cost) + LUCK * np.random.default_rng([seed, number]).normal()
    return TrialRecord(
        number=number,
        state="complete",
        values=proposal.candidate.values,
        key=proposal.design.key,
        architecture=format_architecture(proposal.design.architecture),
        log_mel=proposal.design.log_mel,
        recipe=proposal.design.recipe,
        cost=proposal.cost,
        scores=Scores(1000, float(log_loss), 0.5, 0.5, ()),
        origin=proposal.origin,
    )
