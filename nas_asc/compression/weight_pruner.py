"""Single weights masked during training."""

from typing import Any

import torch
from torch import Tensor, nn

from nas_asc.cost import KernelGroup, kernel_groups
from nas_asc.models import Network
from nas_asc.recipe import WeightPruning


class WeightPruner:
    """Masks the smallest weights of a network while it is trained.

    A trainer calls `after_step` after each step of its optimiser, `after_epoch` after each epoch, and `finish` at the
    end. What is masked once stays masked, and is zero whenever one of these returns.

    Args:
        network: What is trained; it may be moved to another device.
        pruning: What to mask, and when.
        n_epochs: Epochs of the whole training.
    """

    def __init__(self, network: Network, pruning: WeightPruning, *, n_epochs: int) -> None:
        self._network = network
        self._pruning = pruning
        self._n_epochs = n_epochs
        self._groups = kernel_groups(network.architecture, pruning)
        self._masks: dict[str, Tensor] = {}

    @property
    def masks(self) -> dict[str, Tensor]:
        """For each kernel masked so far, by its name in the state dict, where its weights may be other than zero."""
        return dict(self._masks)

    @torch.no_grad()
    def after_step(self, trainer: object = None) -> None:
        """Set what is masked to zero again, whatever the optimiser's momentum made of it."""
        if self._masks:
            torch._foreach_mul_([self._network.get_parameter(name) for name in self._masks], [*self._masks.values()])

    @torch.no_grad()
    def after_epoch(self, trainer: object = None, epoch: int = 0) -> None:
        """Mask as much as is due.

        Args:
            trainer: Not read.
            epoch: Epochs done, from 1.
        """
        for group in self._groups:
            n_kept = group.n_kept(self._pruning, share=epoch / self._n_epochs)
            if n_kept < sum(kernel.size for kernel in group.kernels):
                self._mask_group(group, n_kept)
        self.after_step()

    def finish(self, trainer: object = None) -> None:
        """Mask all that is due at the end, also of weights that were averaged."""
        self.after_step()
        self.after_epoch(epoch=self._n_epochs)

    def state_dict(self) -> dict[str, Any]:
        """The masks so far."""
        return {"masks": self._masks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self._masks = dict(state["masks"])

    def _mask_group(self, group: KernelGroup, n_kept: int) -> None:
        names = [f"{kernel.layer}.{kernel.operation}.weight" for kernel in group.kernels]
        weights = [self._network.get_parameter(name) for name in names]
        ranks = [
            _rank(weight, self._masks.get(name), n_least)
            for weight, name, n_least in zip(weights, names, group.n_least(self._pruning), strict=True)
        ]
        kept = _largest(torch.cat(ranks), n_kept)
        for name, weight, part in zip(names, weights, kept.split([len(rank) for rank in ranks]), strict=True):
            mask = torch.empty_like(weight)
            self._masks[name] = mask.copy_(part.view(weight.shape))


def _rank(weight: nn.Parameter, mask: Tensor | None, n_least: int) -> Tensor:
    """Magnitudes (n,) of a kernel: below zero where it is masked, infinite for the largest `n_least`."""
    rank = weight.abs().reshape(-1)
    if mask is not None:
        rank = torch.where(mask.reshape(-1) > 0, rank, -1.0)
    rank[_largest(rank, n_least)] = torch.inf
    return rank


def _largest(values: Tensor, n: int) -> Tensor:
    """Where the n largest of (N,) values are, as truth values; of equal ones the first."""
    chosen = torch.zeros(len(values), dtype=torch.bool, device=values.device)
    chosen[values.argsort(descending=True, stable=True)[:n]] = True
    return chosen
