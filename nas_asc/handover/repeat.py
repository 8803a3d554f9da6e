"""The front's networks trained again with further seeds: what of their order is luck.

Conventions:
    The trial's own training is index 0 where it had the study's full number of epochs; index k has a seed of its own
    that depends on the study's seed, the trial and k alone. Every index is trained of all finalists before the next
    one, so that an interrupted run leaves them with nearly equal numbers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.handover.further import read_own, train_further
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.trial import Setting
from nas_asc.study import (
    Finals,
    Predictions,
    Repeat,
    StudyConfig,
    TrialRecord,
    front_of,
    load_config,
    load_finals,
    load_records,
    load_repeats,
    lock_study,
    rank_trials,
    write_repeat_files,
)
from nas_asc.training import DeadlineError, EpochRow
from nas_asc.units import format_duration

_MARGIN = 1.25
_N_BEST = 5


@dataclass(frozen=True)
class FinalistsResult:
    """What training finalists again ended with.

    Args:
        finals: Means, intervals and ties; None where no further training is complete.
        n_trained: Trainings of this run, failed ones included.
        n_left: Trainings that were asked for and for which there was no time.
        was_interrupted: Whether Ctrl-C ended it.
    """

    finals: Finals | None
    n_trained: int
    n_left: int
    was_interrupted: bool


def choose_finalists(
    records: Sequence[TrialRecord], config: StudyConfig, *, n_most: int | None = None
) -> tuple[TrialRecord, ...]:
    """Trials of the front within the budget, best score first; without a trade-off, the best few.

    Args:
        records: Finished trials.
        config: Of the study.
        n_most: Most of them; None is all, or five where the score is the only objective.
    """
    fitting = [record for record in rank_trials(records, config.score) if config.budget.fits(record.cost)]
    if len(config.minimised) == 1:
        return tuple(fitting[: _N_BEST if n_most is None else n_most])
    front = {record.number for record in front_of(records, config.objectives)}
    return tuple(record for record in fitting if record.number in front)[:n_most]


def train_finalists(
    folder: Path,
    prepared: PreparedData,
    *,
    n_seeds: int = 3,
    n_most: int | None = None,
    timeout_s: float | None = None,
    layer_types: tuple[type, ...] = (),
    torch_device: torch.device,
    listener: SearchListener | None = None,
) -> FinalistsResult:
    """The study's finalists over several seeds; trainings that are on disk are not made again.

    Args:
        folder: Of the study.
        prepared: The study's data, split as the study did.
        n_seeds: Trainings of each in all, the trial's own included.
        n_most: Most finalists; None is the whole front.
        timeout_s: Wall time from now in which no training begins that is not expected to end; None is no limit.
        layer_types: Layer classes of the space's own.
        torch_device: Where to compute.
        listener: Told what happens.

    Raises:
        StudyError: No trial is complete, the data is not that of the study, or another process has it.
        DataError: Audio cannot be read.
    """
    if n_seeds < 2:
        raise StudyError(f"`--seeds` must be 2 or more, the trial's own training included, but got {n_seeds}.")
    with lock_study(folder):
        config, records = load_config(folder), load_records(folder)
        if prepared.data_set.digest != config.data_digest:
            raise StudyError(f"study {config.name!r} was made with other data. Give the data it was searched with.")
        chosen = choose_finalists(records, config, n_most=n_most)
        if not chosen:
            raise StudyError(f"study {config.name!r} has no complete trial. Go on with `nas-asc resume {config.name}`.")
        listener = listener or SilentListener()
        setting = Setting(config, prepared, torch_device, listener.on_epoch)
        end = None if timeout_s is None else time.monotonic() + timeout_s
        run = _Finalists(folder, setting, layer_types=layer_types, listener=listener, end=end)
        interrupted = run.train(chosen, n_seeds)
        return FinalistsResult(load_finals(folder, config, records), run.n_trained, run.n_left, interrupted)


class _Finalists:
    """One run over the finalists of one study."""

    def __init__(
        self,
        folder: Path,
        setting: Setting,
        *,
        layer_types: tuple[type, ...],
        listener: SearchListener,
        end: float | None,
    ) -> None:
        self._folder = folder
        self._setting = setting
        self._layer_types = layer_types
        self._listener = listener
        self._end = end
        self.n_trained = self.n_left = 0

    def train(self, records: Sequence[TrialRecord], n_seeds: int) -> bool:
        """Whether the run was interrupted."""
        done = {(repeat.number, repeat.index) for repeat in load_repeats(self._folder)}
        asked = [
            (record, index)
            for index in range(n_seeds + 1)
            for record in records
            if index in _indices(record, self._setting.config, n_seeds) and (record.number, index) not in done
        ]
        n_further = sum(index > 0 for _, index in asked)
        self._listener.on_note(f"{len(records)} finalists, {n_further} further trainings")
        try:
            for record, index in asked:
                self._train_one(record, index)
        except KeyboardInterrupt:
            return True
        return False

    def _train_one(self, record: TrialRecord, index: int) -> None:
        setting, types = self._setting, self._layer_types
        if index == 0:
            self._keep(*read_own(self._folder, record, setting=setting, layer_types=types))
            return
        if self._end is not None and time.monotonic() + _MARGIN * record.seconds > self._end:
            self.n_left += 1
            return
        try:
            training = train_further(record, index, setting=setting, layer_types=types, deadline=self._end)
        except DeadlineError:
            self.n_left += 1
            return
        self._keep(*training)
        self.n_trained += 1
        self._listener.on_note(_line(training[0]))

    def _keep(self, repeat: Repeat, predictions: Predictions | None, curve: Sequence[EpochRow]) -> None:
        with delayed_interrupt():
            write_repeat_files(self._folder, repeat, predictions=predictions, curve=curve)


def _indices(record: TrialRecord, config: StudyConfig, n_seeds: int) -> range:
    """Indices that together are so many trainings: with the trial's own, or without it where that was cut short."""
    is_whole = config.epochs is None or record.recipe.epochs == config.epochs
    return range(n_seeds) if is_whole else range(1, n_seeds + 1)


def _line(repeat: Repeat) -> str:
    head = f"trial {repeat.number}, training {repeat.index}"
    if repeat.scores is None:
        return f"{head} failed: {repeat.reason}"
    scores = repeat.scores
    return (
        f"{head}: log loss {scores.log_loss:.3f}, accuracy {100 * scores.accuracy:.1f} %,"
        f" {format_duration(repeat.seconds)}"
    )
