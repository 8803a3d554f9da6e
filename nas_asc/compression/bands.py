"""Mel bands chosen during training: a factor a band, of which only so many stay other than zero."""

from typing import Protocol

import torch
from torch import Tensor, nn

from nas_asc.errors import TrainingError
from nas_asc.recipe import BandSelection


class _Training(Protocol):
    @property
    def learning_rate(self) -> float: ...
    @property
    def n_epochs(self) -> int: ...


class BandGates(nn.Module):
    """One trained factor a mel band, all one at first.

    Shape: input and output (B, C, F, T).

    Args:
        n_bands: F.
    """

    def __init__(self, n_bands: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_bands))

    def forward(self, x: Tensor) -> Tensor:
        """Each band times its factor."""
        return x * self.weight[:, None]


class BandPenalty:
    """Alternating direction method of multipliers towards gates of which so many are other than zero.

    After each epoch from a start on, the gates plus the multipliers are projected: the largest magnitudes stay, the
    others become zero. The multipliers grow by what gates and projection differ. After each step of the optimiser the
    gates move a share of the way, learning rate times `rho`, to the projection less the multipliers.

    Args:
        gates: Trained in front of a network; may be moved to another device.
        n_kept: Gates other than zero.
        selection: Weight of the penalty, and the share of epochs before it sets in.

    Raises:
        TrainingError: No band, or every band, would be kept.

    Source:
        FAU, DCASE 2022 Task 1; Boyd et al., "Distributed optimization and statistical learning via the alternating
        direction method of multipliers", Section 9.1.
    """

    def __init__(self, gates: BandGates, *, n_kept: int, selection: BandSelection) -> None:
        n_bands = len(gates.weight)
        if not 1 <= n_kept < n_bands:
            raise TrainingError(
                f"`n_kept` must be 1 or more and below the {n_bands} mel bands to choose from, but got n_kept={n_kept}."
            )
        self._gates = gates
        self._n_kept = n_kept
        self._selection = selection
        self._multipliers: Tensor | None = None
        self._projected = gates.weight.detach()

    @property
    def kept_bands(self) -> tuple[int, ...]:
        """Bands of the latest projection, ascending."""
        return tuple(sorted(largest_magnitudes(self._projected, self._n_kept).tolist()))

    @torch.no_grad()
    def after_step(self, trainer: _Training) -> None:
        """Move the gates towards the projection less the multipliers."""
        if self._multipliers is not None:
            share = min(1.0, trainer.learning_rate * self._selection.rho)
            self._gates.weight.lerp_(self._projected - self._multipliers, share)

    @torch.no_grad()
    def after_epoch(self, trainer: _Training, epoch: int) -> None:
        """Project anew, and let the multipliers grow."""
        if epoch <= self._selection.start * trainer.n_epochs:
            return
        moved = self._gates.weight.detach().clone()
        if self._multipliers is not None:
            moved += self._multipliers
        kept = largest_magnitudes(moved, self._n_kept)
        self._projected = torch.zeros_like(moved).index_copy(0, kept, moved[kept])
        self._multipliers = moved - self._projected

    def finish(self, trainer: object) -> None:
        """Nothing: the latest projection is that after the last epoch."""


def largest_magnitudes(values: Tensor, n: int) -> Tensor:
    """Indices (n,) of the n largest magnitudes of (N,) values; of equal ones the first.

    >>> largest_magnitudes(torch.tensor([1.0, -3.0, 2.0]), 2).tolist()
    [1, 2]
    """
    return values.abs().argsort(descending=True, stable=True)[:n]
