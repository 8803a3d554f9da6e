"""The network that a study hands over: the recommended one, trained once more on all development clips."""

from pathlib import Path
from typing import Any

from nas_asc.clock import WALL_CLOCK, Clock, TimeLimit
from nas_asc.errors import TrainingError
from nas_asc.evaluation import Result, Worker
from nas_asc.layers import format_architecture
from nas_asc.search import Jobs, SearchListener, SilentListener, installed_versions, validate_data
from nas_asc.study import (
    StudyConfig,
    TrialRecord,
    is_refitted,
    load_config,
    load_records,
    lock_study,
    recommend,
    write_refit_files,
)


def refit_recommended(
    folder: Path, worker: Worker, *, clock: Clock = WALL_CLOCK, listener: SearchListener | None = None
) -> TrialRecord | None:
    """The trial that a study recommends, its network trained once more on all development clips if it was not yet.

    Where that training fails, the trial's own weights stand, and the listener is told why.

    Args:
        folder: Of the study.
        worker: Trains, on the study's clips.
        clock: Tells the time; the training is never cut.
        listener: Told what happens.

    Raises:
        StudyError: Another process has the study, or the data or their split are not those of the study.
    """
    listener = listener or SilentListener()
    with lock_study(folder):
        config = load_config(folder)
        validate_data(config, worker.prepared)
        best = recommend(folder, config, load_records(folder))
        if best is not None and not is_refitted(folder, best):
            listener.on_note(f"training the network of trial {best.number} once more, on all development clips")
            try:
                _refit(folder, config, best, worker, clock=clock, listener=listener)
            except TrainingError as error:
                listener.on_note(f"the last training failed, so the trial's own weights stand: {error}")
    return best


def _refit(
    folder: Path,
    config: StudyConfig,
    trial: TrialRecord,
    worker: Worker,
    *,
    clock: Clock,
    listener: SearchListener,
) -> None:
    job = Jobs(config, n_train=worker.prepared.n_train).of_refit(trial)
    result = worker.train(
        job,
        limit=TimeLimit(clock=clock),
        on_epoch=lambda row, n_epochs: listener.on_epoch(trial.number, row, n_epochs),
    )
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
        "final_length": config.final_length,
        "classes": list(config.classes),
        "clip_s": config.clip_s,
        "space": config.space,
        "space_digest": config.space_digest,
        "data_digest": config.data_digest,
        "split_digest": config.split_digest,
        "versions": installed_versions(),
    }
