"""The network that a study hands over: the recommended one, trained once more on all development clips.

Conventions:
    How long it is trained follows from validation clips, the same for all lengths, and from the time that is left;
    never from test clips. A length that gained is doubled where no longer one was tried; where a longer one scored
    worse, the best one stands. How many epochs there is time for is forecast; then the training's own epochs tell, and
    the schedule is spread over as many as will end in time.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import TrainingError
from nas_asc.evaluation import Result, Worker
from nas_asc.layers import format_architecture
from nas_asc.search import Jobs, SearchListener, SilentListener, installed_versions, validate_data
from nas_asc.study import (
    MOST_FOUND_LENGTH,
    Repeat,
    StudyConfig,
    TrialRecord,
    is_refitted,
    load_config,
    load_records,
    load_repeats,
    load_speed,
    lock_study,
    recommend,
    scores_by_epochs,
    write_refit_files,
)
from nas_asc.training import EpochRow

_UNTRIED_LENGTH = 3.0  # where nothing says how long it gains, and there is no limit on time
_FURTHER = 2.0  # beyond the longest length that was tried, and gained
_MARGIN = 1.2
_SEEN_MARGIN = 1.05  # of the epochs to come, by those that were seen
_FEWEST_SEEN = 2
_LEAST_CHANGE = 0.05  # of the epochs
_LEAST_SHARE = 0.5  # of a trial that its epochs take


def refit_recommended(
    folder: Path,
    worker: Worker,
    *,
    limit: TimeLimit = NO_LIMIT,
    listener: SearchListener | None = None,
) -> TrialRecord | None:
    """The trial that a study recommends, its network trained once more on all development clips if it was not yet.

    Where that training fails, the trial's own weights stand, and the listener is told why.

    Args:
        folder: The folder of the study.
        worker: Trains, on the study's clips.
        limit: When the training should be over: its length is chosen so, but it is never cut, and never shorter than
            the trial's. Its clock tells the time.
        listener: Told what happens.

    Raises:
        StudyError: Another process has the study, or the data or their split are not those of the study.
    """
    listener = listener or SilentListener()
    with lock_study(folder):
        config = load_config(folder)
        validate_data(config, worker.prepared)
        best = recommend(folder, config, load_records(folder, on_wait=listener.on_note))
        if best is not None and not is_refitted(folder, best):
            n_epochs, pace = _choose_epochs(folder, config, best, worker, limit=limit)
            on = f"on all development clips, for {n_epochs} epoch{'' if n_epochs == 1 else 's'}"
            listener.on_note(f"training the network of trial {best.number} once more, {on}")
            try:
                _refit(folder, config, best, worker, n_epochs=n_epochs, pace=pace, listener=listener)
            except TrainingError as error:
                listener.on_note(f"the last training failed, so the trial's own weights stand: {error}")
    return best


def choose_length(scores: Mapping[int, float], *, own: int, affordable: float = math.inf) -> float:
    """How long a refit is, in trainings of its trial; see the conventions.

    Args:
        scores: Mean scores by epochs, minimised: of the trial's own training, and of longer ones.
        own: Epochs of the trial's own training.
        affordable: Length for which there is time; infinite without a limit.

    >>> choose_length({10: 0.5, 30: 0.4}, own=10), choose_length({10: 0.5, 30: 0.4, 60: 0.42}, own=10)
    (6.0, 3.0)
    >>> choose_length({10: 0.5}, own=10), choose_length({10: 0.5}, own=10, affordable=7.5)
    (3.0, 7.5)
    """
    best = min(scores, key=lambda epochs: (scores[epochs], epochs), default=own) / own
    if len(scores) < 2:
        most = _UNTRIED_LENGTH if math.isinf(affordable) else MOST_FOUND_LENGTH
    elif best < max(scores) / own:
        most = best
    else:
        most = min(_FURTHER * best, MOST_FOUND_LENGTH)
    return max(1.0, min(most, affordable))


@dataclass
class _Pace:
    """How many epochs of a refit there is time for.

    Args:
        limit: When it should be over.
        own: Epochs of the trial's own training.
        scores: As `choose_length` takes them.
        is_even: Whether the number may change on the way: every epoch takes as long, and no part of the recipe counts
            them.
    """

    limit: TimeLimit
    own: int
    scores: Mapping[int, float]
    is_even: bool
    _first_s: float = 0.0

    def fit(self, n_more: float, *, n_done: int = 0) -> int:
        """Epochs in all for which the network gains, where there is time for so many more."""
        length = choose_length(self.scores, own=self.own, affordable=(n_done + n_more) / self.own)
        return max(n_done + 1, math.floor(self.own * length))

    def plan(self, n_done: int, n_epochs: int) -> int:
        """Epochs in all, told after each.

        Args:
            n_done: That are done.
            n_epochs: That were planned.
        """
        now, n_seen = self.limit.clock.now(), n_done - 1
        if n_seen == 0:
            self._first_s = now  # what came before is not of every epoch
        if n_seen < _FEWEST_SEEN or now <= self._first_s or n_done == n_epochs:
            return n_epochs
        epoch_s = (now - self._first_s) / n_seen
        found = self.fit(self.limit.left_s / (_SEEN_MARGIN * epoch_s), n_done=n_done)
        is_late = (n_epochs - n_done) * epoch_s > self.limit.left_s
        return found if is_late or abs(found - n_epochs) > _LEAST_CHANGE * n_epochs else n_epochs


def _choose_epochs(
    folder: Path, config: StudyConfig, trial: TrialRecord, worker: Worker, *, limit: TimeLimit
) -> tuple[int, _Pace]:
    own, recipe = trial.epochs, trial.recipe
    repeats = load_repeats(folder)
    scores = {epochs: sum(found) / len(found) for epochs, found in _scores(config, trial, repeats).items()}
    counts = (recipe.averaging, recipe.pruning, recipe.growth, recipe.band_selection, recipe.quantisation)
    is_free = config.final_length is None and limit.end is not None
    pace = _Pace(limit, own, scores, is_even=is_free and not any(part is not None for part in counts))
    if config.final_length is not None:
        return round(config.final_length * own), pace
    affordable = math.inf
    if limit.end is not None:
        epoch_s = _epoch_s(folder, config, trial, worker)  # measuring it takes of what is left
        affordable = limit.left_s / max(_MARGIN * epoch_s, 1e-9)
    return pace.fit(affordable), pace


def _epoch_s(folder: Path, config: StudyConfig, trial: TrialRecord, worker: Worker) -> float:
    """Expected seconds of an epoch on all development clips."""
    n_train, n_clips = worker.prepared.n_train, worker.prepared.n_train + worker.prepared.n_validation
    whole_s = n_clips / n_train * trial.seconds / trial.epochs  # with features, scores and file
    if config.n_workers > 1:  # the trial had a share of the cores
        n_epochs = round(MOST_FOUND_LENGTH * trial.epochs)  # of which the file is a small part
        alone_s = worker.measure_speed(trial.design(worker.layer_types)).training_s(trial.recipe, n_epochs)
        return min(whole_s, n_clips / n_train * alone_s / n_epochs) if alone_s > 0 else whole_s
    speed = load_speed(folder, trial)
    if speed is None or trial.recipe.quantisation is not None or n_clips / speed < _LEAST_SHARE * whole_s:
        return whole_s  # epochs do not tell where the time went
    return min(whole_s, n_clips / speed)


def _scores(config: StudyConfig, trial: TrialRecord, repeats: Sequence[Repeat]) -> dict[int, list[float]]:
    return {
        epochs: found
        for epochs, found in scores_by_epochs(trial, repeats, config.score, turn=0).items()
        if epochs >= trial.epochs
    }


def _refit(
    folder: Path,
    config: StudyConfig,
    trial: TrialRecord,
    worker: Worker,
    *,
    n_epochs: int,
    pace: _Pace,
    listener: SearchListener,
) -> None:
    planned = n_epochs

    def on_epoch(row: EpochRow, n_rows: int) -> int | None:
        nonlocal planned
        listener.on_epoch(trial.number, row, n_rows + planned - n_epochs)
        if not pace.is_even:
            return None
        planned = pace.plan(row.epoch, planned)
        return planned

    job = Jobs(config, n_train=worker.prepared.n_train).of_refit(trial, epochs=n_epochs)
    result = worker.train(job, limit=TimeLimit(clock=pace.limit.clock), on_epoch=on_epoch)
    record = replace(result.record, recipe=replace(result.record.recipe, epochs=planned))
    result = replace(result, record=record)
    if planned != n_epochs:
        listener.on_note(f"there was time for {planned} epochs")
    for note in result.notes:
        listener.on_note(note)
    assert result.network is not None
    write_refit_files(
        folder,
        _card(config, trial, result, n_clips=worker.prepared.n_train + worker.prepared.n_validation),
        architecture=format_architecture(result.network.architecture),
        weights=result.network.to_arrays(),
        curve=result.curve,
    )


def _card(config: StudyConfig, trial: TrialRecord, result: Result[TrialRecord], *, n_clips: int) -> dict[str, Any]:
    return result.record.to_dict() | {
        "study": config.name,
        "validation_scores": trial.to_dict()["scores"],
        "trained_on": "training and validation clips",
        "n_clips": n_clips,
        "final_length": result.record.epochs / trial.epochs,
        "classes": list(config.classes),
        "clip_s": config.clip_s,
        "space": config.space,
        "space_digest": config.space_digest,
        "data_digest": config.data_digest,
        "split_digest": config.split_digest,
        "versions": installed_versions(),
    }
