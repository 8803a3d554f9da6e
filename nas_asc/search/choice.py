"""Choosing among finished trials: the front, and the one that is recommended."""

from collections.abc import Sequence

import numpy as np

from nas_asc.budget import Budget
from nas_asc.pareto import non_dominated
from nas_asc.study import OBJECTIVES, TrialRecord, objective_values


def front_of(records: Sequence[TrialRecord], objectives: Sequence[str]) -> list[TrialRecord]:
    """Complete trials that no other is better than in every objective, in their order.

    Args:
        records: Finished trials.
        objectives: Names, all minimised.
    """
    complete = [(record, record.scores) for record in records if record.scores is not None]
    if not complete:
        return []
    points = np.array([objective_values(objectives, record.cost, scores) for record, scores in complete])
    return [complete[row][0] for row in np.flatnonzero(non_dominated(points))]


def recommended(
    records: Sequence[TrialRecord], *, budget: Budget | None = None, objective: str = "log_loss"
) -> TrialRecord | None:
    """The trial with the best validation score inside the budget; None where none is complete.

    Of equal scores the one with fewer MACs, then fewer parameters, then the earlier one.

    Args:
        records: Finished trials.
        budget: Limits; None is none.
        objective: The score: "log_loss" or "error".
    """
    score = OBJECTIVES[objective].value
    ranked = [
        ((score(record.cost, record.scores), record.cost.macs, record.cost.params, record.number), record)
        for record in records
        if record.scores is not None and (budget is None or budget.fits(record.cost))
    ]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None
