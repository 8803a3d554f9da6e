"""The front's networks trained again with other seeds: what of their order is luck.

Conventions:
    The trial's own training is index 0 where it had the study's full number of epochs; index k has a seed of its own
    that depends on the study's seed, the trial and k alone. All networks are trained once more before any is trained
    twice, so that an interrupted run leaves them with nearly equal numbers. With several workers several train at once.
    After a race, trainings are as long as those by which it compared networks. Where few clips or groups validate, a
    network's second training of a length holds out other groups of the development clips, and so does each after it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import StudyError
from nas_asc.evaluation import Job, Result, Worker, predict_file
from nas_asc.frontend import LogMel
from nas_asc.handover.stored import find_network, no_trials
from nas_asc.search import (
    Event,
    Executor,
    InProcess,
    Jobs,
    Late,
    Lost,
    SearchListener,
    SilentListener,
    delayed_interrupt,
    validate_data,
)
from nas_asc.study import (
    Predictions,
    Repeat,
    RepeatSummary,
    StudyConfig,
    TrialRecord,
    find_region,
    front_of,
    load_config,
    load_records,
    load_repeat_summary,
    load_repeats,
    lock_study,
    rank_by_evidence,
    rank_trials,
    trial_dir,
    write_repeat_files,
)
from nas_asc.training import EpochRow
from nas_asc.units import format_duration

Leg = tuple[TrialRecord, int | None]  # whose network is trained next, and for how many epochs, None for the study's

_MARGIN = 1.25
_N_BEST = 5


@dataclass(frozen=True)
class RepeatsResult:
    """What training the front again ended with.

    Args:
        summary: Means, intervals and ties; None where no repeat is complete.
        n_trained: Trainings of this run, failed ones included.
        n_left: Trainings that were asked for and for which there was no time.
        was_interrupted: Whether Ctrl-C ended it.
    """

    summary: RepeatSummary | None
    n_trained: int
    n_left: int
    was_interrupted: bool


def choose_repeated(
    records: Sequence[TrialRecord], config: StudyConfig, *, n_most: int | None = None
) -> tuple[TrialRecord, ...]:
    """Trials of the front within the budget and the region of interest, best score first; without a trade-off, the best
    few.

    Args:
        records: Finished trials.
        config: The config of the study.
        n_most: Most of them; None is all, or five where the score is the only objective.
    """
    ranked = list_contenders(records, config)
    if len(config.minimised) == 1:
        return ranked[: _N_BEST if n_most is None else n_most]
    front = {record.number for record in front_of(records, config.objectives)}
    return tuple(record for record in ranked if record.number in front)[:n_most]


def list_contenders(records: Sequence[TrialRecord], config: StudyConfig) -> tuple[TrialRecord, ...]:
    """Complete trials within the budget and the region of interest, best score first; all that fit, where none is in.

    Args:
        records: Finished trials.
        config: The config of the study.
    """
    ranked = tuple(record for record in rank_trials(records, config.score) if config.budget.fits(record.cost))
    region = find_region(config, [each.scores for each in ranked if each.scores is not None], len(config.classes))
    inside = (each for each in ranked if each.scores is not None and region.holds(each.scores, config.score))
    return tuple(inside) or ranked


def train_repeats(
    folder: Path,
    worker: Worker,
    *,
    executor: Executor | None = None,
    n_seeds: int = 3,
    n_most: int | None = None,
    limit: TimeLimit = NO_LIMIT,
    listener: SearchListener | None = None,
) -> RepeatsResult:
    """The study's front over several seeds; trainings that are on disk are not made again.

    Args:
        folder: The folder of the study.
        worker: Trains, on the study's clips.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train one after the other.
        n_seeds: Trainings of each network in all, the trial's own included.
        n_most: Most networks; None is the whole front.
        limit: No training begins that is not expected to end before it.
        listener: Told what happens.

    Raises:
        StudyError: No trial is complete, the data or their split are not those of the study, or another process has it.
        DataError: Audio cannot be read.
    """
    if n_seeds < 2:
        raise StudyError(f"`n_seeds` must be 2 or more, the trial's own training included, but got {n_seeds}.")
    with lock_study(folder):
        listener = listener or SilentListener()
        config, records = load_config(folder), load_records(folder, on_wait=listener.on_note)
        validate_data(config, worker.prepared)
        chosen = choose_repeated(records, config, n_most=n_most)
        if not chosen:
            raise no_trials(config.name)
        run = RepeatRun(folder, config, worker, executor=executor, limit=limit, listener=listener)
        interrupted = run.train(chosen, n_seeds, epochs=_raced_epochs(config, records, load_repeats(folder)))
        return RepeatsResult(load_repeat_summary(folder, config, records), run.n_trained, run.n_left, interrupted)


def _raced_epochs(config: StudyConfig, records: Sequence[TrialRecord], repeats: Sequence[Repeat]) -> int | None:
    """The length at which a race compared networks; None where there was none."""
    standings = rank_by_evidence(records, budget=config.budget, objective=config.score, repeats=repeats)
    first = standings[0] if standings else None
    return first.epochs if first is not None and first.epochs > first.record.epochs else None


class RepeatRun:
    """Further trainings of one study, each kept as soon as it is done.

    Args:
        folder: The folder of the study, which is locked.
        config: The config of the study.
        worker: Trains, on the study's clips.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train one after the other.
        limit: No training begins that is not expected to end before it.
        listener: Told what happens.
    """

    def __init__(
        self,
        folder: Path,
        config: StudyConfig,
        worker: Worker,
        *,
        executor: Executor | None = None,
        limit: TimeLimit,
        listener: SearchListener,
    ) -> None:
        self._folder = folder
        self._config = config
        self._worker = worker
        self._executor = executor or InProcess(worker)
        self._jobs = Jobs(config, n_train=worker.prepared.n_train)
        self._limit = limit
        self._listener = listener
        self.running: list[Repeat] = []
        self.n_trained = self.n_left = 0

    def train(self, records: Sequence[TrialRecord], n_seeds: int, *, epochs: int | None = None) -> bool:
        """Whether the run of so many trainings of each trial's network was interrupted.

        Args:
            records: The trials.
            n_seeds: Trainings of each network in all, the trial's own included where it is as long.
            epochs: The number of epochs of each training; None is the study's.
        """
        done = load_repeats(self._folder)
        own = {record.number for record in records if _is_as_long(record, self._config, epochs)}
        asked = [
            record
            for index in range(n_seeds)
            for record in records
            if index
            >= (record.number in own) + _count_trained(record, self._jobs.n_epochs(record.recipe), epochs, done)
        ]
        self._listener.on_note(f"{len(records)} finalists, {len(asked)} further trainings")
        try:
            for record in records:
                if record.number in own and not any(_is_of(each, record) and each.index == 0 for each in done):
                    self._keep(self._read_own(record))
            legs = ((record, epochs) for record in asked)
            self.train_legs(lambda: next(legs, None))
        except KeyboardInterrupt:
            return True
        return False

    def train_legs(self, next_leg: Callable[[], Leg | None]) -> None:
        """Train what comes next wherever a worker is free, until nothing comes and all is done; each is kept.

        Args:
            next_leg: Tells what comes next, by what is on disk and in training; None where nothing does yet.
        """
        while True:
            while len(self.running) < self._executor.n_slots and (leg := next_leg()) is not None:
                self._begin(*leg)
            if not self.running:
                return
            self._take(self._executor.next_event(self._tell))

    def train_one(self, record: TrialRecord, *, epochs: int | None = None) -> bool:
        """Whether there was time for another training of a trial's network, which is kept also where it failed.

        Args:
            record: The trial.
            epochs: The number of epochs of the training; None is the study's.
        """
        n_before, legs = self.n_trained, iter([(record, epochs)])
        self.train_legs(lambda: next(legs, None))
        return self.n_trained > n_before

    def _begin(self, record: TrialRecord, epochs: int | None) -> None:
        """Submit another training of a trial's network, where there is time for it."""
        epochs = epochs or self._jobs.n_epochs(record.recipe)
        if not self.has_time([(record, epochs)]):
            self.n_left += 1
            return
        others = [each for each in (*load_repeats(self._folder), *self.running) if each.index and _is_of(each, record)]
        index = _first_free((each.index for each in others), first=1)
        turn = 0
        if self._worker.prepared.few_validate:
            own = [0] if record.epochs == epochs else []
            turn = _first_free([*own, *(each.turn for each in others if each.epochs == epochs)])
        job = self._jobs.of_repeat(record, index, epochs=epochs, turn=turn)
        self._executor.submit(job, limit=self._limit)
        self.running.append(job.record)

    def _tell(self, job: Job[Repeat], row: EpochRow, n_epochs: int) -> None:
        self._listener.on_epoch(job.record.number, row, n_epochs)

    def _take(self, event: Event) -> None:
        repeat = event.job.record
        if isinstance(event, Lost):
            name = f"trial {repeat.number}, training {repeat.index}"
            self._listener.on_note(f"the worker of {name} ended {event.reason}; it is trained once more")
            return
        self.running.remove(repeat)
        if isinstance(event, Late):
            self.n_left += 1
            return
        for note in event.result.notes:
            self._listener.on_note(f"trial {repeat.number}: {note}")
        self._keep(event.result)
        self.n_trained += 1
        self._listener.on_note(_line(event.result.record))

    def has_time(self, asked: Sequence[tuple[TrialRecord, int]]) -> bool:
        """Whether further trainings are expected to end in time.

        Args:
            asked: Trials, and for how many epochs their networks are trained.
        """
        seconds = sum(epochs / max(1, record.epochs) * record.seconds for record, epochs in asked)
        return _MARGIN * seconds <= self._limit.left_s

    def _read_own(self, record: TrialRecord) -> Result[Repeat]:
        """The trial's own training, its predictions computed from the files that it left."""
        worker = self._worker
        stored = find_network(self._folder, worker.prepared, number=record.number, layer_types=worker.layer_types)
        clips = worker.prepared.validation_clips(stored.network.log_mel).clips
        path = trial_dir(self._folder, record.number) / record.file_name
        if self._config.scored == "int8" and path.is_file():
            probabilities: NDArray[np.float32] = predict_file(path, clips)
        else:
            probabilities = stored.network.predict(clips, torch_device=worker.torch_device)
        return Result(record=Repeat.of(record, 0), probabilities=probabilities)

    def _keep(self, result: Result[Repeat]) -> None:
        predictions = None
        if result.probabilities is not None:
            predictions = self._to_predictions(result.probabilities, result.record.log_mel, result.record.turn)
        with delayed_interrupt():
            write_repeat_files(self._folder, result.record, predictions=predictions, curve=result.curve)

    def _to_predictions(self, probabilities: NDArray[np.float32], log_mel: LogMel, turn: int) -> Predictions:
        validation = self._worker.prepared.turn(turn).validation_clips(log_mel)
        return Predictions.of(probabilities, validation.labels, validation.groups)


def _is_as_long(record: TrialRecord, config: StudyConfig, epochs: int | None) -> bool:
    """Whether a trial's own training is one of those that are asked for, and was not cut short."""
    if epochs is not None:
        return record.epochs == epochs
    return config.epochs is None or record.epochs == config.epochs


def _count_trained(record: TrialRecord, usual: int, epochs: int | None, repeats: Sequence[Repeat]) -> int:
    return sum(_is_of(each, record) and each.index > 0 and each.epochs == (epochs or usual) for each in repeats)


def _first_free(taken: Iterable[int], *, first: int = 0) -> int:
    used = set(taken)
    return next(number for number in count(first) if number not in used)


def _is_of(repeat: Repeat, record: TrialRecord) -> bool:
    return repeat.number == record.number


def _line(repeat: Repeat) -> str:
    head = f"trial {repeat.number}, training {repeat.index}, {repeat.epochs} epochs"
    if repeat.scores is None:
        return f"{head} failed: {repeat.reason}"
    scores = repeat.scores
    return (
        f"{head}: log loss {scores.log_loss:.3f}, accuracy {100 * scores.accuracy:.1f} %,"
        f" {format_duration(repeat.seconds)}"
    )
