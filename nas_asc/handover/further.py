"""One further training of a finalist, and what the trial's own one left on disk."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import DataError, ExportError
from nas_asc.evaluation import (
    Outcome,
    PreparedData,
    evaluate_candidate,
    load_network,
    predict_file,
    training_log_mel,
)
from nas_asc.frontend import LogMel
from nas_asc.handover.stored import find_network
from nas_asc.search.file import export_trial, file_bits
from nas_asc.search.trial import Setting, to_reason
from nas_asc.study import FILE_KINDS, FileRecord, Predictions, Repeat, TrialRecord, design_of, trial_dir
from nas_asc.training import DeadlineError, EpochRow, predict

Training = tuple[Repeat, Predictions | None, tuple[EpochRow, ...]]
_Probabilities = NDArray[np.floating]


def further_seed(seed: int, number: int, index: int) -> int:
    """Seed of a further training, from the study's seed, the trial's number and the training's index.

    >>> further_seed(0, 3, 1) == further_seed(0, 3, 1) != further_seed(0, 3, 2)
    True
    """
    return int(np.random.SeedSequence([seed, number, index]).generate_state(1)[0]) >> 1


def train_further(
    record: TrialRecord,
    index: int,
    *,
    setting: Setting,
    layer_types: tuple[type, ...] = (),
    deadline: float | None = None,
) -> Training:
    """A further training of a trial's network with its predictions and curve; failed, with its reason alone.

    Args:
        record: Of the trial.
        index: Of the training, 1 or more.
        setting: What to train on.
        layer_types: Layer classes of the space's own.
        deadline: Reading of `time.monotonic()` at which it stops; None is no limit.

    Raises:
        DeadlineError: The time was over; there is no result.
        DataError: The audio is gone or damaged.
    """
    design, prepared = design_of(record, layer_types=layer_types), setting.prepared
    epochs, seed = setting.n_epochs(design), further_seed(setting.config.seed, record.number, index)
    prepared.train_clips(training_log_mel(design))  # a new front end takes its time now, not the training's
    empty = Repeat(number=record.number, index=index, seed=seed, epochs=epochs, scores=None)
    started = time.perf_counter()
    try:
        outcome = evaluate_candidate(
            design,
            prepared,
            seed=seed,
            torch_device=setting.torch_device,
            epochs=epochs,
            on_epoch=lambda row: setting.on_epoch(record.number, row, design.recipe.n_curve_epochs(epochs)),
            deadline=deadline,
        )
        file, probabilities = _score(outcome, record, setting)
    except (DeadlineError, DataError):
        raise
    except Exception as error:  # a layer of the user's own may fail in any way
        return replace(empty, reason=to_reason(error), seconds=time.perf_counter() - started), None, ()
    complete = replace(
        empty,
        scores=outcome.scores if file is None or setting.config.scored == "float" else file.scores,
        network_scores=outcome.scores,
        file=file,
        seconds=time.perf_counter() - started,
    )
    return complete, _to_predictions(probabilities, prepared, training_log_mel(design)), outcome.curve


def read_own(folder: Path, record: TrialRecord, *, setting: Setting, layer_types: tuple[type, ...] = ()) -> Training:
    """The trial's own training as index 0, its predictions computed from the files that it left.

    Args:
        folder: Of the study.
        record: Of the trial.
        setting: What it was trained on.
        layer_types: Layer classes of the space's own.
    """
    prepared = setting.prepared
    network = find_network(folder, prepared, number=record.number, layer_types=layer_types)
    path = trial_dir(folder, record.number) / _file_name(record)
    if setting.config.scored == "int8" and path.is_file():
        probabilities: _Probabilities = predict_file(path, prepared.validation_clips(network.log_mel).clips)
    else:
        model, mean, std = load_network(network.architecture, network.state)
        clips = replace(prepared.validation_clips(network.log_mel).clips, mean=mean, std=std)
        probabilities = predict(model, clips, torch_device=setting.torch_device)
    repeat = Repeat(
        number=record.number,
        index=0,
        seed=record.seed,
        epochs=record.recipe.epochs or 0,
        scores=record.scores,
        network_scores=record.network_scores,
        file=record.file,
        seconds=record.seconds,
    )
    return repeat, _to_predictions(probabilities, prepared, network.log_mel), ()


def _score(outcome: Outcome, record: TrialRecord, setting: Setting) -> tuple[FileRecord | None, _Probabilities]:
    """What was measured of the int8 file, and the probabilities of what is scored."""
    is_float = setting.config.scored == "float"
    try:
        file, contents = export_trial(outcome, record, setting.prepared, study=setting.config.name)
    except ExportError:
        if not is_float:
            raise
        return None, outcome.probabilities
    if is_float:
        return file, outcome.probabilities
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        clips = setting.prepared.validation_clips(outcome.log_mel).clips
        return file, predict_file(Path(folder) / _file_name(record), clips)


def _file_name(record: TrialRecord) -> str:
    return f"{FILE_KINDS[file_bits(record)]}.onnx"


def _to_predictions(probabilities: _Probabilities, prepared: PreparedData, log_mel: LogMel) -> Predictions:
    validation = prepared.validation_clips(log_mel)
    return Predictions.of(probabilities, validation.labels, validation.groups)
