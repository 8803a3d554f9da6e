"""The scores that a study can minimise, each declared here once."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nas_asc.metrics.classification import Labels, Probabilities
from nas_asc.metrics.scores import Scores

ClipValues: TypeAlias = Callable[[Labels, Probabilities, NDArray[np.floating[Any]]], NDArray[np.floating[Any]]]


@dataclass(frozen=True, kw_only=True)
class MinimisedScore:
    """One score, as people read it and as it is minimised.

    Args:
        name: As a user spells it.
        shown: Name of what people read, such as "accuracy" for the error.
        title: The title of what people read, with its unit.
        read: What people read of a set of predictions.
        is_share: Whether that is a share that is better when larger, so that 1 less it is minimised.
        worst: Minimised value that no network of use exceeds, by the number of classes.
        chance: Minimised value of the constant answer that gives all classes the same probability, by their number.
        of_clips: (N,) minimised values of the clips, whose mean is that of all, from their labels, probabilities and
            log losses.
        unit: The unit of a value in print; empty where there is none.
    """

    name: str
    shown: str
    title: str
    read: Callable[[Scores], float]
    is_share: bool
    worst: Callable[[int], float]
    chance: Callable[[int], float]
    of_clips: ClipValues
    unit: str = ""

    def value(self, scores: Scores) -> float:
        """What is minimised.

        Args:
            scores: The scores of one set of predictions.
        """
        return 1.0 - self.read(scores) if self.is_share else self.read(scores)


def _macro_errors(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """(N,) 1 where the most probable class is wrong, weighted so that their mean is the mean over classes."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    weights = len(labels) / (np.count_nonzero(counts) * counts[labels])
    errors: NDArray[np.float64] = weights * (probabilities.argmax(axis=1) != labels)
    return errors


MINIMISED_SCORES = {
    score.name: score
    for score in (
        MinimisedScore(
            name="log_loss",
            shown="log_loss",
            title="log loss (nats)",
            read=lambda scores: scores.log_loss,
            is_share=False,
            worst=lambda n_classes: 1.5 * math.log(n_classes),  # half as much again as a guess
            chance=math.log,
            of_clips=lambda labels, probabilities, losses: losses,
            unit="nats",
        ),
        MinimisedScore(
            name="error",
            shown="accuracy",
            title="accuracy (%)",
            read=lambda scores: scores.accuracy,
            is_share=True,
            worst=lambda n_classes: 1.0,
            chance=lambda n_classes: 1 - 1 / n_classes,
            of_clips=lambda labels, probabilities, losses: (probabilities.argmax(axis=1) != labels).astype(np.float64),
        ),
        MinimisedScore(
            name="macro_error",
            shown="macro_accuracy",
            title="macro accuracy (%)",
            read=lambda scores: scores.macro_accuracy,
            is_share=True,
            worst=lambda n_classes: 1.0,
            chance=lambda n_classes: 1 - 1 / n_classes,
            of_clips=lambda labels, probabilities, losses: _macro_errors(labels, probabilities),
        ),
    )
}
