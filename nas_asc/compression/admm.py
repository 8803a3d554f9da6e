"""Channels driven towards zero during training, so that removing them costs little."""

from typing import Any, Protocol

import torch
from torch import Tensor

from nas_asc.compression.structured import ChannelPruner
from nas_asc.layers import Activation
from nas_asc.models import Network
from nas_asc.recipe import AdmmPruning


class _Training(Protocol):
    @property
    def learning_rate(self) -> float: ...


class AdmmPenalty:
    """Alternating direction method of multipliers towards a network that fits.

    After each epoch the weights plus the multipliers are projected on the networks that fit: channels that a pruning
    would remove are set to zero. The multipliers grow by what weights and projection differ. After each step of the
    optimiser the weights move a share of the way, learning rate times `rho`, to the projection less the multipliers:
    the penalty is decoupled, as weight decay is in AdamW.

    Args:
        network: What is trained; it may be moved to another device.
        pruning: The limits, and the weight of the penalty.

    Source:
        Ye et al., "Adversarial robustness vs model compression, or both?", ICCV 2019; FAU, DCASE 2022 Task 1.
    """

    def __init__(self, network: Network, pruning: AdmmPruning) -> None:
        self._network = network
        self._pruning = pruning
        self._multipliers: dict[str, Tensor] = {}
        self._targets: dict[str, Tensor] = {}

    @torch.no_grad()
    def after_step(self, trainer: _Training) -> None:
        """Move the weights towards the projection less the multipliers."""
        share = min(1.0, trainer.learning_rate * self._pruning.rho)
        if self._targets:
            weights: list[Tensor] = [self._network.get_parameter(name) for name in self._targets]
            torch._foreach_lerp_(weights, [*self._targets.values()], share)

    @torch.no_grad()
    def after_epoch(self, trainer: object, epoch: int) -> None:
        """Project anew, and let the multipliers grow."""
        weights = {name: parameter.detach() for name, parameter in self._network.named_parameters()}
        moved = {name: weight + self._multipliers.get(name, 0.0) for name, weight in weights.items()}
        for name, rows in self._kept_rows(moved).items():
            value = moved[name]
            projected = value * rows.to(value.device).view(-1, *[1] * (value.ndim - 1))
            self._multipliers[name] = value - projected
            self._targets[name] = projected - self._multipliers[name]

    def finish(self, trainer: object) -> None:
        """Nothing: the channels are removed by what called the training."""

    def state_dict(self) -> dict[str, Any]:
        """The multipliers so far, and what the weights move to."""
        return {"multipliers": self._multipliers, "targets": self._targets}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self._multipliers, self._targets = dict(state["multipliers"]), dict(state["targets"])

    def _kept_rows(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """For each parameter that is zero where its channel is removed, which of its rows stay."""
        limits = {"max_params": self._pruning.max_params, "max_macs": self._pruning.max_macs}
        pruner = ChannelPruner(self._network.architecture, state, is_exact=self._pruning.is_exact)
        kept, _ = pruner.groups_within(**limits, balance=self._pruning.balance)
        found = {}
        for use in pruner.channels.uses:
            rows = torch.from_numpy(pruner.channels.kept_channels(use.output, kept))
            for name in (f"{use.layer}.{use.operation.name}.{part}" for part in ("weight", "bias")):
                if name in state and not isinstance(use.operation.primitive, Activation):
                    found[name] = rows.repeat_interleave(len(state[name]) // len(rows))
        return found
