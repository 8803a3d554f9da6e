"""A study beside its random twin: what the sampler gained over feasible random search at equal cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nas_asc.pareto import hypervolume
from nas_asc.study import StudyConfig, TrialRecord, objective_values

_SUFFIX = "-random-twin"


@dataclass(frozen=True)
class Comparison:
    """Two searches cut to the same cost.

    Args:
        n_trials: The number of trials of the study.
        n_twin_trials: The number of trials of the twin.
        seconds: The seconds of the study's trials.
        twin_seconds: The seconds of the twin's trials.
        best: Best score of the study, minimised; None where no trial is complete.
        twin_best: The best score of the twin.
        volume: Hypervolume of the study, of its own reference point.
        twin_volume: Hypervolume of the twin, of the study's reference point.
    """

    n_trials: int
    n_twin_trials: int
    seconds: float
    twin_seconds: float
    best: float | None
    twin_best: float | None
    volume: float
    twin_volume: float

    @property
    def gain(self) -> float | None:
        """Hypervolume above the twin's, as a share of the twin's; None where that is 0."""
        return self.volume / self.twin_volume - 1 if self.twin_volume > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"gain": self.gain}


def twin_dir(folder: Path) -> Path:
    """Folder of a study's random twin, there or not.

    >>> twin_dir(Path("studies/tau25")).as_posix()
    'studies/tau25-random-twin'
    """
    place = folder.resolve() if folder.name in ("", "..") else folder
    return place.with_name(f"{place.name}{_SUFFIX}")


def is_twin(name: str) -> bool:
    """Whether a study of that name is a random twin itself."""
    return name.endswith(_SUFFIX)


def compare_at_trials(config: StudyConfig, records: Sequence[TrialRecord], twin: Sequence[TrialRecord]) -> Comparison:
    """Both cut to the number of trials that the shorter one has, failed ones included.

    Args:
        config: The config of the study; gives objectives and reference point.
        records: Its finished trials.
        twin: Those of the twin.
    """
    n = min(len(records), len(twin))
    return _compare(config, records[:n], twin[:n])


def compare_at_seconds(config: StudyConfig, records: Sequence[TrialRecord], twin: Sequence[TrialRecord]) -> Comparison:
    """Both cut to the seconds of trials that the shorter one took.

    Args:
        config: The config of the study; gives objectives and reference point.
        records: Its finished trials.
        twin: Those of the twin.
    """
    most = min(sum(record.seconds for record in each) for each in (records, twin))
    return _compare(config, _within(records, most), _within(twin, most))


def _within(records: Sequence[TrialRecord], seconds: float) -> Sequence[TrialRecord]:
    ends = np.cumsum([record.seconds for record in records])
    return records[: int(np.searchsorted(ends, seconds * (1 + 1e-9), side="right"))]


def _compare(config: StudyConfig, records: Sequence[TrialRecord], twin: Sequence[TrialRecord]) -> Comparison:
    return Comparison(
        n_trials=len(records),
        n_twin_trials=len(twin),
        seconds=sum(record.seconds for record in records),
        twin_seconds=sum(record.seconds for record in twin),
        best=_best(config, records),
        twin_best=_best(config, twin),
        volume=_volume(config, records),
        twin_volume=_volume(config, twin),
    )


def _best(config: StudyConfig, records: Sequence[TrialRecord]) -> float | None:
    values = [objective_values([config.score], each.cost, each.scores)[0] for each in records if each.scores]
    return min(values, default=None)


def _volume(config: StudyConfig, records: Sequence[TrialRecord]) -> float:
    points = [objective_values(config.objectives, each.cost, each.scores) for each in records if each.scores]
    return hypervolume(points, config.reference_point) if points and config.reference_point else 0.0
