"""How one training is run: what the steps of a candidate's life share, and none of them decides."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.training.curve import EpochRow
from nas_asc.training.threads import Way

CPU = torch.device("cpu")


def ignore_epoch(row: EpochRow) -> None:
    """Nobody listens."""


def ignore_note(note: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Run:
    """Seed, torch device, time, events and where to stop, of one training.

    Args:
        seed: Fixes initial weights, order of clips, augmentation and dropout.
        torch_device: Where to compute.
        limit: When no further step begins; its clock tells how long the training took.
        on_epoch: Called after every epoch; what it raises ends the training. A number that it gives is that of all
            epochs from then on, for recipes no part of which counts epochs, in trainings that do not stop on the way.
        stop_after: Epochs, of the recipe's, after which it stops, to go on another time; None goes through.
        way: How the cores of a CPU share a batch; None chooses by the sizes of network and batch.
        precision: Type of forward passes in training; None asks `choose_precision`.
        memory_format: Order of a batch's values in memory, in torch's words.
        graphs: Whether a GPU records steps and replays them.
        on_note: Told what did not go as it was asked, and did not matter.
    """

    seed: int = 0
    torch_device: torch.device = CPU
    limit: TimeLimit = NO_LIMIT
    on_epoch: Callable[[EpochRow], int | None] = ignore_epoch
    stop_after: int | None = None
    way: Way | None = None
    precision: torch.dtype | None = None
    memory_format: str = "channels_last"
    graphs: bool = False
    on_note: Callable[[str], None] = ignore_note

    def after(self, n_done: int, *, n_epochs: int) -> "Run":
        """The same run for a training that follows others: its epochs are counted on, and it stops where it is due.

        Args:
            n_done: Epochs of the trainings before it.
            n_epochs: Its own.

        >>> Run(stop_after=5).after(3, n_epochs=4).stop_after, Run(stop_after=5).after(3, n_epochs=1).stop_after
        (2, None)
        """
        stop = None if self.stop_after is None else self.stop_after - n_done
        stop = stop if stop is not None and 0 < stop <= n_epochs else None
        told = self.on_epoch if not n_done else lambda row: self.on_epoch(row.after(n_done))
        return replace(self, on_epoch=told, stop_after=stop)
