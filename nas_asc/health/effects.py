"""What each value of an axis scored on average, and how much an axis matters.

Conventions:
    These are plain means over the trials that happened to have a value, not what a change of it alone would do: other
    axes, and the sampler's liking for good regions, are mixed in.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nas_asc.metrics import mean_interval
from nas_asc.study import StudyConfig, TrialRecord, objective_values

_MOST_VALUES = 8
_N_RANGES = 4


@dataclass(frozen=True)
class AxisImportance:
    """How much the score depends on one axis.

    Args:
        name: The name of the axis.
        importance: Larger says more; compare within one study only.
        chance: What the largest of all axes reaches when scores are shuffled, in one of twenty shuffles.
    """

    name: str
    importance: float
    chance: float

    @property
    def is_above_chance(self) -> bool:
        """Whether it is more than shuffled scores give."""
        return self.importance > self.chance


@dataclass(frozen=True)
class ValueEffect:
    """Mean score of the trials with one value, or a range of values, of an axis.

    Args:
        text: The value or range.
        n: Trials.
        mean: The mean of the study's score, minimised.
        low: Lower bound of the mean's 95 % interval; None with one trial.
        high: Upper bound.
    """

    text: str
    n: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AxisEffect:
    """Mean scores along one axis.

    Args:
        name: The name of the axis.
        values: One each, in order; an axis of many numbers in ranges with about equally many trials.
    """

    name: str
    values: tuple[ValueEffect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def axis_effects(records: Sequence[TrialRecord], config: StudyConfig) -> tuple[AxisEffect, ...]:
    """Mean scores by value of every axis that has two values or more among the complete trials.

    Args:
        records: Finished trials.
        config: The config of the study; gives the score.
    """
    scored = [
        (record.values, objective_values([config.score], record.cost, record.scores)[0])
        for record in records
        if record.scores is not None
    ]
    names = dict.fromkeys(name for values, _ in scored for name in values)
    effects = (_effect(name, [(values[name], score) for values, score in scored if name in values]) for name in names)
    return tuple(effect for effect in effects if len(effect.values) > 1)


def _effect(name: str, pairs: Sequence[tuple[Any, float]]) -> AxisEffect:
    values = list(dict.fromkeys(value for value, _ in pairs))
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if is_numeric and len(values) > _MOST_VALUES:
        return AxisEffect(name, _in_ranges(pairs))
    ordered = sorted(values) if is_numeric else sorted(values, key=str)
    return AxisEffect(
        name, tuple(_mean(str(each), [s for value, s in pairs if _same(value, each)]) for each in ordered)
    )


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _in_ranges(pairs: Sequence[tuple[Any, float]]) -> tuple[ValueEffect, ...]:
    """Ranges that hold about equally many trials; equal values are in one."""
    numbers = np.array([value for value, _ in pairs], np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _N_RANGES + 1)[1:-1], method="higher"))
    place = np.searchsorted(edges, numbers, side="right")
    effects = []
    for index in np.unique(place):
        inside = [
            (number, score) for number, (_, score), where in zip(numbers, pairs, place, strict=True) if where == index
        ]
        low, high = min(number for number, _ in inside), max(number for number, _ in inside)
        text = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        effects.append(_mean(text, [score for _, score in inside]))
    return tuple(effects)


def _mean(text: str, scores: Sequence[float]) -> ValueEffect:
    mean = float(np.mean(scores))
    low, high = mean_interval(scores) if len(scores) > 1 else (None, None)
    return ValueEffect(text, len(scores), mean, low, high)
