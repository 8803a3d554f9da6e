"""Finished trials in order: by score, the one to recommend, and those on the front."""

from collections.abc import Mapping, Sequence

import numpy as np

from nas_asc.budget import Budget
from nas_asc.pareto import non_dominated
from nas_asc.study.objective import OBJECTIVES, objective_values
from nas_asc.study.record import TrialRecord
from nas_asc.study.repeat import Repeat


def rank_trials(records: Sequence[TrialRecord], objective: str = "log_loss") -> tuple[TrialRecord, ...]:
    """Complete trials, best score first; of equal scores fewer MACs, then fewer parameters, then the earlier.

    Args:
        records: Finished trials.
        objective: Name of a score among the objectives.
    """
    value = OBJECTIVES[objective].value
    ranked = [
        ((value(record.cost, record.scores), record.cost.macs, record.cost.params, record.number), record)
        for record in records
        if record.scores is not None
    ]
    return tuple(record for _, record in sorted(ranked, key=lambda pair: pair[0]))


def recommended(
    records: Sequence[TrialRecord],
    *,
    budget: Budget | None = None,
    objective: str = "log_loss",
    repeats: Sequence[Repeat] = (),
) -> TrialRecord | None:
    """The trial with the best expected validation score inside the budget; None where none is complete.

    Args:
        records: Finished trials.
        budget: Limits; None is none.
        objective: Name of a score among the objectives.
        repeats: Trainings of finalists, where there are any; see `expected_scores`.
    """
    expected = expected_scores(records, repeats, objective)
    ranked = sorted(rank_trials(records, objective), key=lambda record: expected[record.number])  # ties stay in order
    return next((record for record in ranked if budget is None or budget.fits(record.cost)), None)


def expected_scores(
    records: Sequence[TrialRecord], repeats: Sequence[Repeat] = (), objective: str = "log_loss"
) -> Mapping[int, float]:
    """What each complete trial's network is expected to score when it is trained once more, minimised, by number.

    Of a network that was trained again it is the mean over its trainings. Any other's own score is taken to be as
    lucky as those of the finalists were on average, and never unlucky, since what was not chosen gains nothing by that.

    Args:
        records: Finished trials.
        repeats: Trainings of finalists, the trials' own ones (index 0) among them.
        objective: Name of a score among the objectives.
    """
    value = OBJECTIVES[objective].value
    own = {record.number: value(record.cost, record.scores) for record in records if record.scores is not None}
    costs = {record.number: record.cost for record in records}
    trained: dict[int, list[tuple[int, float]]] = {}
    for repeat in repeats:
        if repeat.scores is not None and repeat.number in own:
            row = (repeat.index, value(costs[repeat.number], repeat.scores))
            trained.setdefault(repeat.number, []).append(row)
    again = {number: rows for number, rows in trained.items() if any(index for index, _ in rows)}
    further = {number: float(np.mean([score for index, score in rows if index])) for number, rows in again.items()}
    gaps = [further[number] - own[number] for number, rows in again.items() if any(not index for index, _ in rows)]
    luck = max(0.0, float(np.mean(gaps))) if gaps else 0.0
    means = {number: float(np.mean([score for _, score in rows])) for number, rows in again.items()}
    return {number: means.get(number, score + luck) for number, score in own.items()}


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
