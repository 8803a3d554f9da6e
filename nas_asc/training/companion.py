"""What goes along with a training: averaging, pruning and the like, told when a step, an epoch or all of it is done."""

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from nas_asc.training.clips import Clips


class Training(Protocol):
    """What a companion may see of the training that it goes along with.

    Args:
        model: What is trained.
        clips: Training clips, on the device or the CPU.
        torch_device: Where the model is.
        n_batches: Steps of an epoch of all clips.
        n_epochs: The number of epochs of the whole training.
        n_done: Steps done.
    """

    model: nn.Module
    clips: Clips
    torch_device: torch.device
    n_batches: int
    n_epochs: int
    n_done: int

    @property
    def learning_rate(self) -> float:
        """Of the coming step."""

    def float_buffers(self) -> dict[str, Tensor]:
        """The model's float buffers by name, as its last steps left them."""


class Companion(Protocol):
    """Told by the trainer how far it is; may change the model's weights and buffers in place.

    Companions are told in the order in which they were given.
    """

    def after_step(self, trainer: Training) -> None:
        """Called after each step of the optimiser."""

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        """Called after each epoch, from 1, when the model's statistics are those of all that it saw."""

    def finish(self, trainer: Training) -> None:
        """Called once, after the last epoch."""


@runtime_checkable
class Stoppable(Protocol):
    """What a companion needs beside `Companion` so that a training with it can be stopped and gone on with."""

    def state_dict(self) -> dict[str, Any]:
        """All that it has gathered: tensors, numbers, strings, and lists, tuples and dictionaries of these."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave; tensors are on the trainer's device."""
