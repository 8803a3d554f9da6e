"""Finished trials in order: by score, the one to recommend, and those on the front."""

from collections.abc import Sequence

import numpy as np

from nas_asc.budget import Budget
from nas_asc.pareto import non_dominated
from nas_asc.study.objective import OBJECTIVES, objective_values
from nas_asc.study.record import TrialRecord


def rank_trials(records: Sequence[TrialRecord], objective: str = "log_loss") -> tuple[TrialRecord, ...]:
    """Complete trials, best score first; of equal scores fewer MACs, then fewer parameters, then the earlier.

    Args:
        records: Finished trials.
        objective: The score: "log_loss" or "error".
    """
    value = OBJECTIVES[objective].value
    ranked = [
        ((value(record.cost, record.scores), record.cost.macs, record.cost.params, record.number), record)
        for record in records
        if record.scores is not None
    ]
    return tuple(record for _, record in sorted(ranked, key=lambda pair: pair[0]))


def recommended(
    records: Sequence[TrialRecord], *, budget: Budget | None = None, objective: str = "log_loss"
) -> TrialRecord | None:
    """The trial with the best validation score inside the budget; None where none is complete.

    Args:
        records: Finished trials.
        budget: Limits; None is none.
        objective: The score: "log_loss" or "error".
    """
    ranked = rank_trials(records, objective)
    return next((record for record in ranked if budget is None or budget.fits(record.cost)), None)


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
