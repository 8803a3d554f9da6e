"""What is asked of a study, put together from the space and the data as they are now."""

from dataclasses import replace
from datetime import datetime

from nas_asc.budget import Budget
from nas_asc.cost import validate_target
from nas_asc.data import DataSet
from nas_asc.evaluation import PreparedData
from nas_asc.propose.proposer import resolve_sampler
from nas_asc.propose.reference_point import reference_point
from nas_asc.propose.screen import Screen
from nas_asc.search.change import installed_versions
from nas_asc.space import Space
from nas_asc.study import DEFAULT_OBJECTIVES, Mode, Scored, StudyConfig, validate_objectives


def ask_study(
    name: str,
    space: Space,
    prepared: PreparedData,
    *,
    space_source: str,
    data_source: str | None = None,
    budget: Budget,
    objectives: tuple[str, ...] = DEFAULT_OBJECTIVES,
    mode: Mode = "pareto",
    sampler: str = "auto",
    warm_start: bool = True,
    min_share: float | None = None,
    scored: Scored = "float",
    target: str = "any",
    seed: int = 0,
    subset: int | None = None,
    test_fold: int | None = None,
    validation_share: float = 0.2,
    clip_length_s: float | None = None,
    epochs: int | None = None,
    rungs: tuple[float, ...] = (),
    eta: float = 3.0,
    rung_clips: tuple[float, ...] = (),
    final_length: float = 1.0,
    n_trials: int | None = None,
    timeout_s: float | None = None,
) -> StudyConfig:
    """Config of a study to be begun or gone on with: what is asked, with digests, versions and the date.

    Args:
        name: Of the study.
        space: The search space.
        prepared: The clips.
        space_source: Name or path the space was loaded by.
        data_source: Folder or file of the data; None is the embedded synthetic scenes.
        budget: Limits.
        objectives: What is minimised.
        mode: "pareto" or "best".
        sampler: Who proposes; "auto" becomes what is best by now, so that a study keeps it.
        warm_start: Whether the first trials are the space's guesses and published systems, as far as they fit.
        min_share: Share of a limit that a candidate must use of one limited resource or more; None is none.
        scored: "int8" scores each trial's file, int8 unless its recipe says other bits; "float" its network.
        target: Runtime whose integers must suffice for every candidate; "any" is none.
        seed: Of split, proposals and trainings.
        subset: Training split of TAU 2022 in percent.
        test_fold: Fold kept for the test.
        validation_share: Share of the training rows that validates.
        clip_length_s: Length that every clip is cut or padded to; None where the user named none.
        epochs: Of every training; None leaves it to the recipe and the number of clips.
        rungs: Shares of a training after which it stops, and goes on only if it is promoted.
        eta: One in how many goes on from a rung.
        rung_clips: Shares of the training clips on which each rung trains; empty for all.
        final_length: Epochs of the last training, in trainings of a trial.
        n_trials: Trials in all.
        timeout_s: Wall time of one run.

    Raises:
        StudyError: A value is out of range.
    """
    names = validate_objectives(objectives)
    screen = Screen(space, prepared.task, budget=budget, target=validate_target(target))
    return StudyConfig(
        name=name,
        space=space_source,
        space_digest=space.digest,
        fingerprint=dict(space.fingerprint),
        data=data_source,
        data_digest=prepared.data_set.digest,
        classes=tuple(prepared.data_set.classes),
        clip_s=prepared.task.clip_s,
        budget=budget,
        objectives=names,
        mode=mode,
        reference_point=reference_point(names, screen, seed=seed),
        sampler=resolve_sampler(sampler),
        warm_start=warm_start,
        min_share=min_share,
        scored=scored,
        target=target,
        seed=seed,
        subset=subset,
        test_fold=test_fold,
        validation_share=validation_share,
        clip_length_s=clip_length_s,
        epochs=epochs,
        rungs=rungs,
        eta=eta,
        rung_clips=rung_clips,
        final_length=final_length,
        n_trials=n_trials,
        timeout_s=timeout_s,
        versions=installed_versions(),
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def ask_again(stored: StudyConfig, space: Space, data_set: DataSet) -> StudyConfig:
    """Config to resume a study with: all that it was asked, of the space, data and versions as they are now.

    Args:
        stored: Of the study on disk.
        space: Its search space, read again.
        data_set: Its recordings, listed again.
    """
    return replace(
        stored,
        space_digest=space.digest,
        fingerprint=dict(space.fingerprint),
        data_digest=data_set.digest,
        classes=tuple(data_set.classes),
        versions=installed_versions(),
    )
