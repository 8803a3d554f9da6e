"""Finished trials in order: by score, and those on the study's front."""

from collections.abc import Sequence

import numpy as np

from nas_asc.budget import Budget
from nas_asc.pareto import non_dominated
from nas_asc.study import OBJECTIVES, TrialRecord, objective_values


def rank_trials(records: Sequence[TrialRecord], objective: str) -> tuple[TrialRecord, ...]:
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


def first_that_fits(ranked: Sequence[TrialRecord], budget: Budget) -> TrialRecord | None:
    """The best trial inside the budget; None where none is."""
    return next((record for record in ranked if budget.fits(record.cost)), None)


def front_numbers(records: Sequence[TrialRecord], objectives: Sequence[str]) -> frozenset[int]:
    """Numbers of the complete trials that no other is better than in every objective.

    Args:
        records: Finished trials.
        objectives: Names, all minimised.
    """
    complete = [(record.number, record.cost, record.scores) for record in records if record.scores is not None]
    if not complete:
        return frozenset()
    points = np.array([objective_values(objectives, cost, scores) for _, cost, scores in complete])
    return frozenset(complete[row][0] for row in np.flatnonzero(non_dominated(points)))
