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
    RepeatSummary,
    StudyConfig,
    TrialRecord,
    front_of,
    load_refit_card,
    load_repeat_summary,
    load_repeats,
    rank_trials,
    trial_dir,
)
from nas_asc.study import recommended as recommend


@dataclass(frozen=True)
class Facts:
    """What is known of a study.

    Args:
        folder: Of the study.
        config: What was asked.
        records: Finished trials in order.
        recommended: The trial to ship; None where none is complete or fits.
        marks: Published systems of the space.
        card: Of the final network; None where there is none yet.
        summary: What repeats say of the front; None where there are none.
        health: Cards of the checks.
        importance: Of the axes, the largest first; empty where trials are too few.
        effects: Mean scores along the axes.
    """

    folder: Path
    config: StudyConfig
    records: tuple[TrialRecord, ...]
    recommended: TrialRecord | None
    marks: tuple[Mark, ...]
    card: Mapping[str, Any] | None
    summary: RepeatSummary | None = None
    health: tuple[Card, ...] = ()
    importance: tuple[AxisImportance, ...] = ()
    effects: tuple[AxisEffect, ...] = ()

    @cached_property
    def ranked(self) -> tuple[TrialRecord, ...]:
        """Complete trials, best score first."""
        return rank_trials(self.records, self.config.score)

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

    def curve(self, record: TrialRecord) -> pd.DataFrame:
        """Learning curve of a trial, one row an epoch; empty where its file is missing or damaged."""
        try:
            curve = pd.read_csv(trial_dir(self.folder, record.number) / "curve.csv")
            return curve[["epoch", "loss"]].astype(float)
        except (OSError, ValueError, KeyError):
            return pd.DataFrame({"epoch": [], "loss": []}, dtype=float)


def gather_facts(
    folder: Path,
    config: StudyConfig,
    records: Sequence[TrialRecord],
    *,
    space: Space | None,
    recommended: TrialRecord | None,
    health: Sequence[Card] = (),
    importance: Sequence[AxisImportance] = (),
) -> Facts:
    """Facts of a study; the recommended trial is the best expected score inside the budget where none is
    named."""
    task = Task(n_classes=len(config.classes), clip_s=config.clip_s)
    best = recommended or recommend(records, budget=config.budget, objective=config.score, repeats=load_repeats(folder))
    marks, summary = mark_systems(space, task), load_repeat_summary(folder, config, records)
    return Facts(
        folder,
        config,
        tuple(records),
        best,
        marks,
        load_refit_card(folder),
        summary,
        health=tuple(health),
        importance=tuple(importance),
        effects=axis_effects(records, config),
    )


def scores_of(record: TrialRecord) -> Scores:
    """Scores of a complete trial.

    Raises:
        ValueError: The trial is not complete.
    """
    if record.scores is None:
        raise ValueError(f"trial {record.number} has no scores.")
    return record.scores
