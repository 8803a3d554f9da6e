"""What goes along with a training: averaging, pruning and the like, told when a step, an epoch or all of it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nas_asc.training.trainer import Trainer


class Companion(Protocol):
    """Told by the trainer how far it is; may change the model's weights and buffers in place.

    Companions are told in the order in which they were given.
    """

    def after_step(self, trainer: Trainer) -> None:
        """Called after each step of the optimiser."""

    def after_epoch(self, trainer: Trainer, epoch: int) -> None:
        """Called after each epoch, from 1, when the model's statistics are those of all that it saw."""

    def finish(self, trainer: Trainer) -> None:
        """Called once, after the last epoch."""
