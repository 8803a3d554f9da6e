"""Averages of a model's weights over its training, which become its weights at the end."""

from typing import Any

import torch
from torch import Tensor, nn

from nas_asc.recipe import Ema, Swa
from nas_asc.training.companion import Training


class SwaAverager:
    """Mean of the weights at the end of each of the last epochs; a `StatisticsUpdate` should follow it.

    Args:
        averaging: Which epochs.
    """

    def __init__(self, averaging: Swa) -> None:
        self._averaging = averaging
        self._n_averaged = 0
        self._averages: dict[str, Tensor] = {}

    def after_step(self, trainer: Training) -> None:
        """Nothing."""

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        """Take the weights into the mean, where the epoch counts."""
        if self._averaging.is_averaged(epoch, trainer.n_epochs):
            self._n_averaged += 1
            _move(self._averages, dict(trainer.model.named_parameters()), share=1 / self._n_averaged)

    def finish(self, trainer: Training) -> None:
        """Write the mean into the model."""
        _write(self._averages, trainer.model)

    def state_dict(self) -> dict[str, Any]:
        """The mean so far, and of how many epochs."""
        return {"n_averaged": self._n_averaged, "averages": self._averages}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self._n_averaged, self._averages = state["n_averaged"], state["averages"]


class EmaAverager:
    """Exponential moving average of weights and float buffers over all steps.

    Args:
        averaging: How fast it forgets.
    """

    def __init__(self, averaging: Ema) -> None:
        self._averaging = averaging
        self._averages: dict[str, Tensor] = {}

    def after_step(self, trainer: Training) -> None:
        """Take weights and buffers into the average."""
        values = dict(trainer.model.named_parameters()) | trainer.float_buffers()
        _move(self._averages, values, share=self._averaging.share_at(trainer.n_done))

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        """Nothing."""

    def finish(self, trainer: Training) -> None:
        """Write the average into the model."""
        _write(self._averages, trainer.model)

    def state_dict(self) -> dict[str, Any]:
        """The average so far."""
        return {"averages": self._averages}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self._averages = state["averages"]


@torch.no_grad()
def _move(averages: dict[str, Tensor], values: dict[str, Tensor], *, share: float) -> None:
    """Move each average, in place, by a share of the way to its value; start with the value where there is none."""
    known = [name for name in values if name in averages]
    if known:
        torch._foreach_lerp_([averages[name] for name in known], [values[name] for name in known], share)
    averages |= {name: value.detach().clone() for name, value in values.items() if name not in averages}


@torch.no_grad()
def _write(averages: dict[str, Tensor], model: nn.Module) -> None:
    """Give a model the averages of its parameters and buffers."""
    values = dict(model.named_parameters()) | dict(model.named_buffers())
    for name, average in averages.items():
        values[name].copy_(average)
