"""Repeats as a race: the leaders of a search are trained for longer, to know what to ship, and how long to train it.

Conventions:
    Lengths are in trainings of a trial. Which training comes next is a function of the trials and of the trainings that
    are on disk or running, so that an interrupted race goes on where it was. Each training has a seed of its own.
    Several workers train at once what does not wait for one another's scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.evaluation import Worker
from nas_asc.handover.repeat import Leg, RepeatRun, RepeatsResult, list_contenders
from nas_asc.handover.stored import no_trials
from nas_asc.search import Executor, SearchListener, SilentListener, validate_data
from nas_asc.study import (
    RACE_LENGTHS,
    Repeat,
    StudyConfig,
    TrialRecord,
    load_config,
    load_records,
    load_repeat_summary,
    load_repeats,
    lock_study,
    most_race_length,
    scores_by_epochs,
)

_N_LEADERS = 3
_FEWEST = 2  # one alone says nothing of who is the best


def race_leaders(
    folder: Path,
    worker: Worker,
    *,
    executor: Executor | None = None,
    n_seeds: int = 3,
    limit: TimeLimit = NO_LIMIT,
    listener: SearchListener | None = None,
) -> RepeatsResult:
    """The study's leaders trained for longer, until it is known which is the best, or the time is over.

    Args:
        folder: The folder of the study.
        worker: Trains, on the study's clips.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train one after the other.
        n_seeds: Most trainings of one length of a network.
        limit: No training begins that is not expected to end before it.
        listener: Told what happens.

    Raises:
        StudyError: No trial is complete, the data or their split are not those of the study, or another process has it.
        DataError: Audio cannot be read.
    """
    with lock_study(folder):
        listener = listener or SilentListener()
        config, records = load_config(folder), load_records(folder, on_wait=listener.on_note)
        validate_data(config, worker.prepared)
        if not any(record.is_complete for record in records):
            raise no_trials(config.name)
        run = RepeatRun(folder, config, worker, executor=executor, limit=limit, listener=listener)
        if not load_repeats(folder) and not run.has_time(_first_legs(config, records)):
            listener.on_note("no time to train the leaders for longer: the trials' own scores decide")
            return RepeatsResult(None, 0, _FEWEST, was_interrupted=False)
        listener.on_note("racing: the leaders are trained for longer")
        interrupted = False
        try:
            most = (
                math.inf if limit.end is not None else most_race_length(sum(record.is_complete for record in records))
            )

            def find_next() -> Leg | None:
                if run.n_left:
                    return None
                done = load_repeats(folder)
                return next_leg(config, records, done, running=run.running, n_seeds=n_seeds, most=most)

            run.train_legs(find_next)
        except KeyboardInterrupt:
            interrupted = True
        return RepeatsResult(load_repeat_summary(folder, config, records), run.n_trained, run.n_left, interrupted)


def next_leg(
    config: StudyConfig,
    records: Sequence[TrialRecord],
    repeats: Sequence[Repeat],
    *,
    n_seeds: int,
    most: float = math.inf,
    running: Sequence[Repeat] = (),
) -> tuple[TrialRecord, int] | None:
    """The training that tells most next; None where the race is over, or what is running must be known first.

    First each leader by the trials' own scores is trained twice as long. Then the best of them goes on to five and ten
    times, while that gains. Then whichever network has the best mean at twice is trained once more with another seed,
    until it has been trained `n_seeds` times: one that falls behind lets the next one come.

    Args:
        config: The config of the study.
        records: Finished trials.
        repeats: Further trainings.
        n_seeds: Most trainings of one length of a network.
        most: Length of all further trainings together at most.
        running: Further trainings that are not done.
    """
    leg = _next_leg(config, records, repeats, running, n_seeds=n_seeds)
    if leg is None:
        return None
    own = {record.number: record.epochs for record in records}
    ran = sum(each.epochs / own[each.number] for each in (*repeats, *running) if each.index)
    return leg if ran + leg[1] / leg[0].epochs <= most else None


def _next_leg(
    config: StudyConfig,
    records: Sequence[TrialRecord],
    repeats: Sequence[Repeat],
    running: Sequence[Repeat],
    *,
    n_seeds: int,
) -> tuple[TrialRecord, int] | None:
    leaders = list_contenders(records, config)[:_N_LEADERS]
    runners = [_Runner.of(record, repeats, config.score, running) for record in leaders]
    for runner in runners:
        if not runner.n_trained(RACE_LENGTHS[0]):
            return runner.leg(RACE_LENGTHS[0])
    if any(runner.is_running(RACE_LENGTHS[0]) and runner.mean(RACE_LENGTHS[0]) == math.inf for runner in runners):
        return None
    arrived = [runner for runner in runners if runner.mean(RACE_LENGTHS[0]) < math.inf]
    if not arrived:
        return None
    best = min(arrived, key=lambda runner: runner.mean(RACE_LENGTHS[0]))
    for shorter, longer in pairwise(RACE_LENGTHS):
        if not best.n_trained(longer):
            return best.leg(longer)
        if best.is_running(longer) or not best.gains(shorter=shorter, longer=longer):
            break
    return best.leg(RACE_LENGTHS[0]) if best.n_trained(RACE_LENGTHS[0]) < n_seeds else None


def _first_legs(config: StudyConfig, records: Sequence[TrialRecord]) -> list[tuple[TrialRecord, int]]:
    """The least that tells something."""
    return [(record, RACE_LENGTHS[0] * record.epochs) for record in list_contenders(records, config)[:_FEWEST]]


@dataclass(frozen=True)
class _Runner:
    """A leader with its trainings.

    Args:
        record: Its trial.
        scores: The scores of its trainings by their epochs, minimised.
        first_scores: The scores of those that the study's own validation clips scored.
        tried: Epochs of its further trainings, failed ones and running ones too.
        running: Epochs of those that are not done.
    """

    record: TrialRecord
    scores: Mapping[int, Sequence[float]]
    first_scores: Mapping[int, Sequence[float]]
    tried: tuple[int, ...]
    running: tuple[int, ...]

    @classmethod
    def of(
        cls, record: TrialRecord, repeats: Sequence[Repeat], score: str, running: Sequence[Repeat] = ()
    ) -> "_Runner":
        done, begun = (
            tuple(each.epochs for each in some if each.index and each.number == record.number)
            for some in (repeats, running)
        )
        scores, first_scores = (scores_by_epochs(record, repeats, score, turn=turn) for turn in (None, 0))
        return cls(record, scores, first_scores, done + begun, begun)

    def leg(self, length: int) -> tuple[TrialRecord, int]:
        return self.record, length * self.record.epochs

    def n_trained(self, length: int) -> int:
        return self.tried.count(length * self.record.epochs)

    def is_running(self, length: int) -> bool:
        return length * self.record.epochs in self.running

    def mean(self, length: int) -> float:
        """Mean score at a length; infinite where no training of it went well."""
        return _mean(self.scores.get(length * self.record.epochs))

    def gains(self, *, shorter: int, longer: int) -> bool:
        """Whether the longer training scored better than the shorter one, on the same clips."""
        own = self.record.epochs
        return _mean(self.first_scores.get(longer * own)) < _mean(self.first_scores.get(shorter * own))


def _mean(scores: Sequence[float] | None) -> float:
    return float(np.mean(scores)) if scores else math.inf
