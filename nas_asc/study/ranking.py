"""Finished trials in order: by score, the one to recommend, and those on the front."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Standing:
    """Where a trial stands among those that may be shipped.

    Args:
        record: The record of the trial.
        score: Mean of the study's score over the trainings that it is compared by, minimised.
        epochs: The number of epochs of each of these trainings.
        n_trainings: How many they are.
        n_compared: Trials that were trained as long and as often, itself among them.
    """

    record: TrialRecord
    score: float
    epochs: int
    n_trainings: int
    n_compared: int


def rank_by_evidence(
    records: Sequence[TrialRecord],
    *,
    budget: Budget | None = None,
    objective: str = "log_loss",
    repeats: Sequence[Repeat] = (),
) -> tuple[Standing, ...]:
    """Complete trials within the budget, the one to recommend first.

    Networks are compared by trainings of the same length: the longest one that two or more have had. Those that had
    most of these stand first, in the order of their means, and the others follow by their trials' own scores. So
    nothing is recommended that was trained less often, or less long, than a network that it beats.

    Args:
        records: Finished trials.
        budget: Limits; None is none.
        objective: Name of a score among the objectives.
        repeats: Further trainings, where there are any; those of index 0 are the trials' own.
    """
    ranked = [each for each in rank_trials(records, objective) if budget is None or budget.fits(each.cost)]
    found = {record.number: scores_by_epochs(record, repeats, objective) for record in ranked}
    epochs = _compared_epochs(ranked, found)
    counts = {number: len(scores.get(epochs, ())) for number, scores in found.items()}
    standings = [
        _stand(record, found[record.number], epochs, n_compared=list(counts.values()).count(counts[record.number]))
        for record in ranked
    ]
    return tuple(sorted(standings, key=lambda each: (-counts[each.record.number], each.score)))  # ties stay in order


def recommended(
    records: Sequence[TrialRecord],
    *,
    budget: Budget | None = None,
    objective: str = "log_loss",
    repeats: Sequence[Repeat] = (),
) -> TrialRecord | None:
    """The trial to ship, the first by `rank_by_evidence`; None where none is complete within the budget.

    Args:
        records: Finished trials.
        budget: Limits; None is none.
        objective: Name of a score among the objectives.
        repeats: Further trainings, where there are any.
    """
    standings = rank_by_evidence(records, budget=budget, objective=objective, repeats=repeats)
    return standings[0].record if standings else None


def scores_by_epochs(
    record: TrialRecord, repeats: Sequence[Repeat], objective: str = "log_loss", *, turn: int | None = None
) -> dict[int, list[float]]:
    """Scores of the trainings of a trial's network by their epochs, minimised: its own, then the further ones.

    Args:
        record: The record of the trial.
        repeats: Further trainings of the study; those of index 0 are the trials' own.
        objective: Name of a score among the objectives.
        turn: Division of the development clips that validates; None counts all.
    """
    value = OBJECTIVES[objective].value
    found: dict[int, list[float]] = defaultdict(list)
    others = [each for each in repeats if each.index and each.number == record.number]
    own = [record] if not turn else []
    for training in (*own, *(each for each in others if turn is None or each.turn == turn)):
        if training.scores is not None:
            found[training.epochs].append(value(record.cost, training.scores))
    return dict(found)


def _compared_epochs(ranked: Sequence[TrialRecord], found: Mapping[int, Mapping[int, Sequence[float]]]) -> int:
    """The longest length that two trials have had; else that of the best one's own training."""
    counts = Counter(epochs for scores in found.values() for epochs in scores)
    shared = [epochs for epochs, n in counts.items() if n > 1]
    return max(shared, default=ranked[0].epochs if ranked else 0)


def _stand(record: TrialRecord, scores: Mapping[int, Sequence[float]], epochs: int, *, n_compared: int) -> Standing:
    own = epochs if epochs in scores else record.epochs
    return Standing(record, float(np.mean(scores[own])), own, len(scores[own]), n_compared)


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
