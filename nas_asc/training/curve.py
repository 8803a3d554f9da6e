"""The learning curve of a training, one row an epoch."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class EpochRow:
    """One epoch of a learning curve.

    Args:
        epoch: From 1.
        loss: Mean training loss of the epoch's augmented clips, nats.
        learning_rate: The learning rate of the epoch's last step.
        clips_per_s: Training clips a second of wall clock.
    """

    epoch: int
    loss: float
    learning_rate: float
    clips_per_s: float

    def after(self, n_epochs: int) -> "EpochRow":
        """The row of a training that follows another one of so many epochs, counted on.

        >>> EpochRow(1, 0.5, 0.01, 100.0).after(10).epoch
        11
        """
        return replace(self, epoch=self.epoch + n_epochs)
