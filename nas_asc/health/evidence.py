"""What the checks look at: a study's config and records, and what else is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nas_asc.data import DataSet, Split
from nas_asc.errors import NothingFitsError
from nas_asc.frontend import Task
from nas_asc.health.twin import twin_dir
from nas_asc.space import Space
from nas_asc.study import (
    Repeat,
    RepeatSummary,
    StudyConfig,
    TrialRecord,
    front_of,
    has_study,
    load_records,
    load_repeat_summary,
    load_repeats,
    objective_values,
    recommended,
)
from nas_asc.survey import Survey, survey_space

_N_DRAWS = 1_000


@dataclass(frozen=True)
class Validation:
    """The clips that score trials, counted.

    Args:
        n_clips: Validation clips.
        n_groups: Their recording groups.
        group_word: What a group is, such as "location".
        class_clips: Validation clips by class.
        devices: Devices of the validation clips; empty where the data names none.
        training_devices: Devices of the training clips.
        contradictions: Pairs of recordings, of all parts, with equal bytes and different labels; None where none were
            looked for.
    """

    n_clips: int
    n_groups: int
    group_word: str
    class_clips: Mapping[str, int]
    devices: tuple[str, ...] = ()
    training_devices: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Evidence:
    """What is known of a study; what is not known is None, and its checks say so.

    Args:
        config: What was asked.
        records: Finished trials in order.
        space: Its search space.
        survey: Random draws of the space under the budget.
        validation: The clips that score.
        summary: What repeats say of the front.
        twin: Finished trials of the study's random twin.
        repeats: Trainings of the finalists.
        rungs: By number of epochs, pairs of a trial's score then and at its full length, minimised.
    """

    config: StudyConfig
    records: tuple[TrialRecord, ...]
    space: Space | None = None
    survey: Survey | None = None
    validation: Validation | None = None
    summary: RepeatSummary | None = None
    twin: tuple[TrialRecord, ...] | None = None
    repeats: tuple[Repeat, ...] = ()
    rungs: Mapping[int, Sequence[tuple[float, float]]] = field(default_factory=dict)

    @cached_property
    def front(self) -> tuple[TrialRecord, ...]:
        """Trials on the front of the study's objectives."""
        return tuple(front_of(self.records, self.config.objectives))

    @cached_property
    def best(self) -> TrialRecord | None:
        """The recommended trial; None where none is complete within the budget."""
        return recommended(self.records, budget=self.config.budget, objective=self.config.score, repeats=self.repeats)


def count_validation(data_set: DataSet, split: Split) -> Validation:
    """Clips, groups, classes and devices of the validation rows.

    Args:
        data_set: The recordings.
        split: Its parts.
    """
    rows = split.validation
    counts = np.bincount(data_set.labels[rows], minlength=len(data_set.classes))
    return Validation(
        n_clips=len(rows),
        n_groups=len(np.unique(data_set.groups[rows])),
        group_word=data_set.group_word,
        class_clips=dict(zip(data_set.classes, counts.tolist(), strict=True)),
        devices=_names(data_set.devices[rows]),
        training_devices=_names(data_set.devices[split.train]),
        contradictions=data_set.contradictions,
    )


def gather_evidence(
    folder: Path,
    config: StudyConfig,
    records: Sequence[TrialRecord],
    *,
    space: Space | None = None,
    validation: Validation | None = None,
    n_draws: int = _N_DRAWS,
) -> Evidence:
    """Evidence of a study on disk, with the trials of its random twin and its finalists where there are any.

    Args:
        folder: The folder of the study.
        config: What was asked.
        records: Finished trials.
        space: Its search space; None leaves out what needs it.
        validation: The clips that score; None leaves out what needs them.
        n_draws: Random candidates of the survey.

    Raises:
        StudyError: Files of the finalists or the twin cannot be read; names the file.
    """
    twin = twin_dir(folder)
    return Evidence(
        config=config,
        records=tuple(records),
        space=space,
        survey=None if space is None else _survey(space, config, n_draws),
        validation=validation,
        summary=load_repeat_summary(folder, config, records),
        twin=tuple(load_records(twin)) if has_study(twin) else None,
        repeats=tuple(load_repeats(folder)),
        rungs=pair_rungs(config, records),
    )


def pair_rungs(config: StudyConfig, records: Sequence[TrialRecord]) -> dict[int, list[tuple[float, float]]]:
    """By number of epochs, pairs of a complete trial's score then and at its full length, minimised.

    Args:
        config: The config of the study; gives the score.
        records: Finished trials; those that were never stopped at a rung have no pair.
    """
    pairs: dict[int, list[tuple[float, float]]] = {}
    for record in records:
        if record.scores is None or not record.is_complete:
            continue
        late = objective_values([config.score], record.cost, record.scores)[0]
        for rung in record.rungs:
            early = objective_values([config.score], record.cost, rung.scores)[0]
            pairs.setdefault(rung.epochs, []).append((early, late))
    return pairs


def _survey(space: Space, config: StudyConfig, n_draws: int) -> Survey | None:
    task = Task(n_classes=len(config.classes), clip_s=config.clip_s)
    try:
        return survey_space(space, task, config.budget, target=config.target, n_draws=n_draws, seed=config.seed)
    except NothingFitsError:
        return None


def _names(column: np.ndarray[Any, Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in np.unique(column) if name)
