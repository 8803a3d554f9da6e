"""What a training leaves behind: its learning curve and its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nas_asc.errors import TrainingError

if TYPE_CHECKING:
    from nas_asc.training.checkpoint import Checkpoint


class DeadlineError(TrainingError):
    """The time given to a training is over before its last epoch."""


@dataclass(frozen=True)
class EpochRow:
    """One epoch of a learning curve.

    Args:
        epoch: From 1.
        loss: Mean training loss of the epoch's augmented clips, nats.
        learning_rate: Of the epoch's last step.
        clips_per_s: Training clips a second of wall clock.
    """

    epoch: int
    loss: float
    learning_rate: float
    clips_per_s: float

    def after(self, n_epochs: int) -> EpochRow:
        """The row of a training that follows another one of so many epochs, counted on.

        >>> EpochRow(1, 0.5, 0.01, 100.0).after(10).epoch
        11
        """
        return replace(self, epoch=self.epoch + n_epochs)


@dataclass(frozen=True)
class TrainingResult:
    """A finished training, or one that was stopped after an epoch.

    Args:
        curve: One row an epoch.
        seconds: Wall clock from the first batch to the last.
        checkpoint: To go on with where it was stopped; None where it is finished.
    """

    curve: tuple[EpochRow, ...]
    seconds: float
    checkpoint: Checkpoint | None = None

    def then(self, later: TrainingResult) -> TrainingResult:
        """Both trainings as one, the epochs of the later one counted on."""
        rows = (row.after(len(self.curve)) for row in later.curve)
        return TrainingResult((*self.curve, *rows), self.seconds + later.seconds, later.checkpoint)
