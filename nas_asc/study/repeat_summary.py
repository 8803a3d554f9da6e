"""Trials whose networks were trained with several seeds: means with intervals, ties, and who is on the true front.

Conventions:
    Intervals are of 95 %, by 2,000 bootstrap draws of recording groups, the same for all finalists, and of trainings.
    Two finalists tie where the interval of their difference in the study's score, drawn together, holds zero.
    Where trainings held out different groups, networks are compared over the divisions that all of them have had, by
    one training of each; a group that validated in two divisions counts as two.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import StudyError
from nas_asc.metrics import MINIMISED_SCORES, is_tie, percentile_interval, resample_means
from nas_asc.pareto import front_probability
from nas_asc.study.config import StudyConfig
from nas_asc.study.objective import OBJECTIVES, objective_values
from nas_asc.study.ranking import rank_by_evidence
from nas_asc.study.record import TrialRecord
from nas_asc.study.repeat import Predictions, Repeat, load_predictions, load_repeats

_N_DRAWS = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean over clips and trainings with its 95 % interval.

    Args:
        mean: Over all trainings.
        low: Lower bound.
        high: Upper bound.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class RepeatedTrial:
    """One trial's network over its trainings.

    Args:
        number: The number of the trial.
        n_seeds: Trainings that are complete.
        n_failed: Trainings that failed.
        log_loss: In nats.
        accuracy: In [0, 1].
        own: The study's score in the trial's own training, minimised; None where that is not among the trainings.
        further: Mean of the study's score over the other trainings, minimised; None where there is none.
        front_probability: Share of the draws in which it is on the front of the finalists.
        best_probability: Share of the draws in which no finalist has a better score.
        ties_with_best: Whether its score ties with that of the best finalist; true for the best.
        ties: Numbers of the other finalists with which its score ties.
    """

    number: int
    n_seeds: int
    n_failed: int
    log_loss: Estimate
    accuracy: Estimate
    own: float | None
    further: float | None
    front_probability: float
    best_probability: float
    ties_with_best: bool
    ties: tuple[int, ...]


@dataclass(frozen=True)
class RepeatSummary:
    """What further seeds say of a study's front.

    Args:
        trials: The recommended one first, as `rank_by_evidence` has them.
        score: Name of the score, one of the objectives.
        n_clips: Validation clips, of all divisions together.
        n_groups: Their recording groups.
        n_turns: Divisions of the development clips.
    """

    trials: tuple[RepeatedTrial, ...]
    score: str
    n_clips: int
    n_groups: int
    n_turns: int = 1

    @property
    def optimism(self) -> float | None:
        """How much better the trials' own trainings scored than the further ones, on average; None where unknown."""
        gaps = [each.further - each.own for each in self.trials if each.own is not None and each.further is not None]
        return float(np.mean(gaps)) if gaps else None

    def find(self, number: int) -> RepeatedTrial | None:
        """What is known of one trial; None where it was not trained again."""
        return next((each for each in self.trials if each.number == number), None)

    def describe(self) -> str:
        """How means were compared, in one sentence."""
        over = f"the {self.n_groups:,} recording groups of {self.n_clips:,} validation clips, the same for all networks"
        drawn = f"95 % intervals and ties by {_N_DRAWS:,} bootstrap draws of {over}"
        if self.n_turns > 1:
            return f"{drawn}; each of the {self.n_turns} trainings of a network held out other groups."
        return f"{drawn}, and of each network's trainings."

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, in which the trials are called finalists, as the command is."""
        values = asdict(self)
        return {"finalists": values.pop("trials"), **values, "optimism": self.optimism, "method": self.describe()}


def load_repeat_summary(folder: Path, config: StudyConfig, records: Sequence[TrialRecord]) -> RepeatSummary | None:
    """What further seeds say of a study's trials; None where no trial was trained again.

    Args:
        folder: The folder of the study.
        config: The config of the study.
        records: Its finished trials.

    Raises:
        StudyError: Files of a training cannot be read, or are of other clips; names the file or the trial.
    """
    repeats = load_repeats(folder)
    standings = rank_by_evidence(records, budget=config.budget, objective=config.score, repeats=repeats)
    repeats = [each for each in repeats if each.epochs == standings[0].epochs] if standings else []
    known = {each.record.number: each.record for each in standings}
    of_trial = {number: [each for each in repeats if each.number == number] for number in known}
    chosen = [number for number, found in of_trial.items() if any(each.index and each.scores for each in found)]
    if not chosen:
        return None
    had = [{each.turn for each in of_trial[number] if each.scores} for number in chosen]
    turns = sorted(set.intersection(*had))
    if not turns:
        return None
    of_trial = {number: [each for each in found if each.turn in turns] for number, found in of_trial.items()}
    by_turn = {
        number: [
            [load_predictions(folder, each) for each in of_trial[number] if each.scores and each.turn == turn]
            for turn in turns
        ]
        for number in chosen
    }
    firsts = [found[0] for found in by_turn[chosen[0]]]
    for number, trainings in by_turn.items():
        if any(not _same_clips(each, first) for first, found in zip(firsts, trainings, strict=True) for each in found):
            raise StudyError(
                f"trial {number} was trained again on other validation clips than trial {chosen[0]}."
                f" Remove {folder / 'trials' / str(number) / 'seeds'} and run `nas-asc finalists` again."
            )
    predictions = {
        number: found[0] if len(turns) == 1 else [Predictions.join([each[0] for each in found])]
        for number, found in by_turn.items()
    }
    summary = _compare(config, [known[number] for number in chosen], of_trial, predictions)
    return replace(summary, n_turns=len(turns))


def _compare(
    config: StudyConfig,
    records: Sequence[TrialRecord],
    repeats: dict[int, list[Repeat]],
    predictions: dict[int, list[Predictions]],
) -> RepeatSummary:
    groups = predictions[records[0].number][0].groups
    names = dict.fromkeys(["log_loss", "error", *(name for name in config.objectives if OBJECTIVES[name].is_score)])
    by_score = {name: [_values(name, predictions[record.number]) for record in records] for name in names}
    draws = {name: resample_means(values, groups, n_draws=_N_DRAWS, seed=0) for name, values in by_score.items()}
    means = {name: np.array([each.mean() for each in values]) for name, values in by_score.items()}
    order = range(len(records))  # as they stand
    on_front = front_probability(_points(config, records, draws))
    scored = draws[config.score]
    is_best = (scored <= scored.min(axis=1, keepdims=True)).mean(axis=0)
    tied = np.array([[is_tie(scored[:, one], scored[:, other]) for other in order] for one in order])
    numbers = [records[row].number for row in order]
    trials = []
    for place, row in enumerate(order):
        record = records[row]
        found = repeats[record.number]
        values = {each.index: _value(config, record, each) for each in found if each.scores}
        further = [value for index, value in values.items() if index]
        trials.append(
            RepeatedTrial(
                number=record.number,
                n_seeds=len(values),
                n_failed=len(found) - len(values),
                log_loss=_estimate(means["log_loss"][row], draws["log_loss"][:, row]),
                accuracy=_mirror(_estimate(means["error"][row], draws["error"][:, row])),
                own=values.get(0),
                further=float(np.mean(further)) if further else None,
                front_probability=float(on_front[row]),
                best_probability=float(is_best[row]),
                ties_with_best=bool(tied[place, 0]),
                ties=tuple(
                    number
                    for number, is_one in zip(numbers, tied[place], strict=True)
                    if is_one and number != record.number
                ),
            )
        )
    return RepeatSummary(tuple(trials), config.score, len(groups), len(np.unique(groups)))


def _values(score: str, predictions: Sequence[Predictions]) -> NDArray[np.floating]:
    """(n_trainings, n_clips) values of a score, minimised."""
    of_clips = MINIMISED_SCORES[score].of_clips
    return np.stack([of_clips(each.labels, each.probabilities, each.losses) for each in predictions])


def _points(
    config: StudyConfig, records: Sequence[TrialRecord], draws: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Objectives (n_draws, n, d): scores as drawn, costs as they are."""
    columns = []
    for name in config.objectives:
        if OBJECTIVES[name].is_score:
            columns.append(draws[name])
        else:
            costs = [objective_values([name], record.cost, record.scores)[0] for record in records if record.scores]
            columns.append(np.broadcast_to(costs, (_N_DRAWS, len(records))))
    return np.stack(columns, axis=2)


def _value(config: StudyConfig, record: TrialRecord, repeat: Repeat) -> float:
    if repeat.scores is None:
        raise ValueError(f"training {repeat.index} of trial {repeat.number} has no scores.")
    return objective_values([config.score], record.cost, repeat.scores)[0]


def _estimate(mean: float, draws: NDArray[np.float64]) -> Estimate:
    return Estimate(float(mean), *percentile_interval(draws))


def _mirror(error: Estimate) -> Estimate:
    return Estimate(1 - error.mean, 1 - error.high, 1 - error.low)


def _same_clips(one: Predictions, other: Predictions) -> bool:
    return np.array_equal(one.labels, other.labels) and np.array_equal(one.groups, other.groups)
