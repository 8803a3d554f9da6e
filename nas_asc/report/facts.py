"""All that the page draws, found once from the study's config, records and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from nas_asc.frontend import Task
from nas_asc.health import AxisEffect, AxisImportance, Card, axis_effects
from nas_asc.metrics import Scores
from nas_asc.report.mark import Mark, mark_systems
from nas_asc.space import Space
from nas_asc.study import (
    Repeat,
    RepeatSummary,
    Standing,
    StudyConfig,
    TrialRecord,
    front_of,
    load_refit_card,
    load_repeat_summary,
    load_repeats,
    rank_by_evidence,
    rank_trials,
    refit_dir,
    trial_dir,
)


@dataclass(frozen=True)
class Facts:
    """What is known of a study.

    Args:
        folder: The folder of the study.
        config: What was asked.
        records: Finished trials in order.
        standings: The standings of complete trials within the budget, the one to ship first.
        marks: Published systems of the space.
        card: The card of the final network; None where there is none yet.
        summary: What repeats say of the front; None where there are none.
        health: Cards of the checks.
        importance: The importance of each axis, the largest first; empty where trials are too few.
        effects: Mean scores along the axes.
        repeats: Further trainings of its networks.
        layer_types: Layer classes of the space's own.
    """

    folder: Path
    config: StudyConfig
    records: tuple[TrialRecord, ...]
    standings: tuple[Standing, ...]
    marks: tuple[Mark, ...]
    card: Mapping[str, Any] | None
    summary: RepeatSummary | None = None
    health: tuple[Card, ...] = ()
    importance: tuple[AxisImportance, ...] = ()
    effects: tuple[AxisEffect, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    layer_types: tuple[type, ...] = ()

    @property
    def recommended(self) -> TrialRecord | None:
        """The trial to ship; None where none is complete or fits."""
        return self.standings[0].record if self.standings else None

    @cached_property
    def ranked(self) -> tuple[TrialRecord, ...]:
        """Complete trials: the recommended one, then best score first."""
        first = self.recommended
        others = [each for each in rank_trials(self.records, self.config.score) if each is not first]
        return tuple(others) if first is None else (first, *others)

    @cached_property
    def front(self) -> frozenset[int]:
        """Numbers of the trials on the front of the study's objectives."""
        return frozenset(record.number for record in front_of(self.records, self.config.objectives))

    @cached_property
    def front_records(self) -> tuple[TrialRecord, ...]:
        """Trials on the front, best score first."""
        return tuple(record for record in self.ranked if record.number in self.front)

    @cached_property
    def failed(self) -> tuple[TrialRecord, ...]:
        """Failed trials in order."""
        return tuple(record for record in self.records if record.is_failed)

    @cached_property
    def stopped(self) -> tuple[TrialRecord, ...]:
        """Trials that are stopped at a rung, in order."""
        return tuple(record for record in self.records if record.is_stopped)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """Names of all axes that any trial has, in the order they first come."""
        return tuple(dict.fromkeys(name for record in self.records for name in record.values))

    @property
    def is_refitted(self) -> bool:
        """Whether the final network is that of the recommended trial."""
        if self.card is None or self.recommended is None:
            return False
        return (self.card["number"], self.card["key"]) == (self.recommended.number, self.recommended.key)

    def curve(self, record: TrialRecord | None) -> pd.DataFrame:
        """Learning curve of a trial, or of the refit, one row an epoch; empty where its file is missing or damaged.

        Args:
            record: The record of the trial; None is the refit.
        """
        folder = refit_dir(self.folder) if record is None else trial_dir(self.folder, record.number)
        try:
            curve = pd.read_csv(folder / "curve.csv")
            return curve[["epoch", "loss"]].astype(float)
        except (OSError, ValueError, KeyError):
            return pd.DataFrame({"epoch": [], "loss": []}, dtype=float)


def gather_facts(
    folder: Path,
    config: StudyConfig,
    records: Sequence[TrialRecord],
    *,
    space: Space | None,
    health: Sequence[Card] = (),
    importance: Sequence[AxisImportance] = (),
) -> Facts:
    """Facts of a study."""
    task = Task(n_classes=len(config.classes), clip_s=config.clip_s, target=config.target)
    repeats = tuple(load_repeats(folder))
    standings = rank_by_evidence(records, budget=config.budget, objective=config.score, repeats=repeats)
    marks, summary = (
        mark_systems(space, task, ram_target=config.budget.ram_target),
        load_repeat_summary(folder, config, records),
    )
    return Facts(
        folder,
        config,
        tuple(records),
        standings,
        marks,
        load_refit_card(folder),
        summary,
        health=tuple(health),
        importance=tuple(importance),
        effects=axis_effects(records, config),
        repeats=repeats,
        layer_types=() if space is None else space.layer_types,
    )


def scores_of(record: TrialRecord) -> Scores:
    """Scores of a complete trial.

    Raises:
        ValueError: The trial is not complete.
    """
    if record.scores is None:
        raise ValueError(f"trial {record.number} has no scores.")
    return record.scores
