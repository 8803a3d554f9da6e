"""How a training ends: finished, stopped after an epoch, or out of time."""

from dataclasses import dataclass

from nas_asc.errors import TrainingError
from nas_asc.training.checkpoint import Checkpoint
from nas_asc.training.curve import EpochRow


class DeadlineError(TrainingError):
    """The time given to a training is over before its last epoch."""


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

    def then(self, later: "TrainingResult") -> "TrainingResult":
        """Both trainings as one, the epochs of the later one counted on."""
        rows = (row.after(len(self.curve)) for row in later.curve)
        return TrainingResult((*self.curve, *rows), self.seconds + later.seconds, later.checkpoint)
