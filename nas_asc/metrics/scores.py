"""All scores of one set of predictions as one plain, storable record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nas_asc.metrics.classification import (
    Labels,
    Probabilities,
    accuracy,
    class_accuracy,
    confusion_matrix,
    expected_calibration_error,
    log_loss,
    macro_accuracy,
)


@dataclass(frozen=True)
class GroupScore:
    """Scores of one group of clips.

    Args:
        n_clips: Clips in the group.
        accuracy: In [0, 1].
        log_loss: In nats.
    """

    n_clips: int
    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class Scores:
    """How well predictions match the labels.

    Args:
        n_clips: Clips scored.
        log_loss: Mean over clips of the true class's loss, nats.
        accuracy: Share of clips that are right.
        macro_accuracy: Mean over classes that have clips.
        class_accuracy: One value a class, None where it has no clip.
        device_accuracy: By recording device; empty when devices are unknown.
        device_log_loss: By recording device, nats.
        confusion: Clips by true class (row) and predicted class (column).
        calibration_error: Expected calibration error with 15 bins.
    """

    n_clips: int
    log_loss: float
    accuracy: float
    macro_accuracy: float
    class_accuracy: tuple[float | None, ...]
    device_accuracy: Mapping[str, float] = field(default_factory=dict)
    device_log_loss: Mapping[str, float] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives the scores back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Scores":
        """Scores from what `to_dict` gave, also after a way through JSON."""
        restored = dict(values)
        restored["class_accuracy"] = tuple(values["class_accuracy"])
        restored["confusion"] = tuple(tuple(row) for row in values["confusion"])
        return cls(**restored)


def group_scores(
    labels: Labels, probabilities: Probabilities, groups: Sequence[str] | np.ndarray
) -> dict[str, GroupScore]:
    """Scores of every group, in the order of the groups' names.

    Args:
        labels: (N,) true classes.
        probabilities: (N, K).
        groups: (N,) names such as devices; clips with an empty name belong to no group.

    >>> group_scores(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]), ["a", "b"])["b"].accuracy
    0.0
    """
    names = np.asarray(groups, dtype=str)
    if names.shape != labels.shape:
        raise ValueError(f"`groups` must have one name a clip, but got {names.shape} for {labels.shape} labels.")
    found = {}
    for name in (str(name) for name in np.unique(names) if name):
        rows = names == name
        found[name] = GroupScore(
            n_clips=int(rows.sum()),
            accuracy=accuracy(labels[rows], probabilities[rows]),
            log_loss=log_loss(labels[rows], probabilities[rows]),
        )
    return found


def score_predictions(
    labels: Labels, probabilities: Probabilities, devices: Sequence[str] | np.ndarray | None = None
) -> Scores:
    """Every score of one set of predictions.

    Args:
        labels: (N,) true classes in 0..K-1.
        probabilities: (N, K), rows summing to one.
        devices: (N,) recording devices, empty where unknown; None when the data has none.

    Raises:
        ValueError: Labels and probabilities do not belong together.

    >>> score_predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])).accuracy
    1.0
    """
    by_device = {} if devices is None else group_scores(labels, probabilities, devices)
    return Scores(
        n_clips=len(labels),
        log_loss=log_loss(labels, probabilities),
        accuracy=accuracy(labels, probabilities),
        macro_accuracy=macro_accuracy(labels, probabilities),
        class_accuracy=class_accuracy(labels, probabilities),
        device_accuracy={name: score.accuracy for name, score in by_device.items()},
        device_log_loss={name: score.log_loss for name, score in by_device.items()},
        confusion=tuple(tuple(int(n) for n in row) for row in confusion_matrix(labels, probabilities)),
        calibration_error=expected_calibration_error(labels, probabilities),
    )
