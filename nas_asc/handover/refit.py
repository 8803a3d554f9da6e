"""The network that a study hands over: the recommended one, trained once more on all development clips."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nas_asc.errors import TrainingError
from nas_asc.evaluation import PreparedData, refit
from nas_asc.layers import format_architecture
from nas_asc.search.change import installed_versions
from nas_asc.search.clock import refit_share
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.trial import Setting, to_arrays
from nas_asc.space import Space
from nas_asc.study import (
    TrialRecord,
    design_of,
    final_dir,
    has_final,
    load_config,
    load_records,
    lock_study,
    recommend,
    write_final_files,
)


def write_final(folder: Path, record: TrialRecord, *, space: Space, setting: Setting) -> Path:
    """Folder of the final network, trained on training and validation clips together, with the trial's seed.

    Args:
        folder: Of the study.
        record: The recommended trial.
        space: Of the study.
        setting: What to train on.

    Raises:
        TrainingError: The training failed.
    """
    n_trial_epochs = record.recipe.epochs or setting.n_epochs(design_of(record, layer_types=space.layer_types))
    n_epochs = round(setting.config.final_length * n_trial_epochs)
    trained = refit(
        design_of(record, layer_types=space.layer_types),
        setting.prepared,
        seed=record.seed,
        torch_device=setting.torch_device,
        epochs=n_epochs,
        on_epoch=lambda row: setting.on_epoch(record.number, row, record.recipe.n_curve_epochs(n_epochs)),
    )
    write_final_files(
        folder,
        architecture=format_architecture(trained.architecture),
        card=_card(replace(record, log_mel=trained.log_mel), setting=setting, seconds=trained.seconds),
        weights=to_arrays(trained.state),
    )
    return final_dir(folder)


def refit_recommended(
    folder: Path,
    space: Space,
    prepared: PreparedData,
    *,
    torch_device: torch.device,
    listener: SearchListener | None = None,
) -> TrialRecord | None:
    """The trial that a study recommends, its network trained once more on all development clips if it was not yet.

    Args:
        folder: Of the study.
        space: Of the study.
        prepared: Its data.
        torch_device: Where to train.
        listener: Told what happens.

    Raises:
        StudyError: Another process has the study.
    """
    listener = listener or SilentListener()
    with lock_study(folder):
        config = load_config(folder)
        best = recommend(folder, config, load_records(folder))
        setting = Setting(config, prepared, torch_device, listener.on_epoch)
        if best is not None and not has_final(folder, best):
            train_final(folder, best, space=space, setting=setting, listener=listener)
    return best


def forecast_refit_s(folder: Path, prepared: PreparedData) -> float:
    """Expected seconds of the recommended network's last training, with a margin; 0 where no trial is complete.

    Also where there is a final network already: after further seeds another one may be recommended.

    Args:
        folder: Of the study.
        prepared: Its data.
    """
    config = load_config(folder)
    best = recommend(folder, config, load_records(folder))
    return 0.0 if best is None else refit_share(prepared, config.final_length) * best.seconds


def train_final(folder: Path, record: TrialRecord, *, space: Space, setting: Setting, listener: SearchListener) -> None:
    """Write the final network; where its training fails the trial's own weights stand.

    Args:
        folder: Of the study.
        record: The recommended trial.
        space: Of the study.
        setting: What to train on.
        listener: Told what happens.
    """
    listener.on_note(f"training the network of trial {record.number} once more, on all development clips")
    try:
        write_final(folder, record, space=space, setting=setting)
    except TrainingError as error:
        listener.on_note(f"the last training failed, so the trial's own weights stand: {error}")


def _card(record: TrialRecord, *, setting: Setting, seconds: float) -> dict[str, Any]:
    config, prepared = setting.config, setting.prepared
    values = record.to_dict()
    kept = ("number", "key", "values", "log_mel", "recipe", "cost", "seed")
    return {name: values[name] for name in kept} | {
        "study": config.name,
        "validation_scores": values["scores"],
        "trained_on": "training and validation clips",
        "n_clips": prepared.n_train + prepared.n_validation,
        "final_length": config.final_length,
        "seconds": seconds,
        "classes": list(config.classes),
        "clip_s": config.clip_s,
        "space": config.space,
        "space_digest": config.space_digest,
        "data_digest": config.data_digest,
        "versions": installed_versions(),
    }
