"""Channels of a trained network removed until it fits, the least important ones first."""

from collections.abc import Mapping
from math import inf

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression.channels import ChannelMap
from nas_asc.compression.removal import shrink_architecture, shrink_state
from nas_asc.cost import count_cost
from nas_asc.errors import TrainingError
from nas_asc.layers import Architecture
from nas_asc.models import Network

_N_HALVINGS = 50


class ChannelPruner:
    """The channel groups of a network with their importance.

    The importance of a group is the Frobenius norm of all filters that make its channels, taken over the input
    channels that are still there. The most important group of every operation stays.

    Args:
        architecture: The network.
        state: Its weights, by their names in the state dict.
        is_exact: Whether only those channels may go that leave the same output as zeros in their place; see
            `ChannelMap`.

    Source:
        FAU, DCASE 2022 Task 1.
    """

    def __init__(self, architecture: Architecture, state: Mapping[str, Tensor], *, is_exact: bool = True) -> None:
        self._architecture = architecture
        self._state = state
        self.channels = ChannelMap(architecture, is_exact=is_exact)
        self._makers = [use for use in self.channels.uses if use.is_maker]
        weights = [self._state[f"{use.layer}.{use.operation.name}.weight"] for use in self._makers]
        self._squares = [_sum_squares(weight) for weight in weights]
        self._fixed = self.channels.is_fixed.copy()
        importance = self.importance(np.ones(len(self._fixed), dtype=bool))
        for use in self.channels.uses:
            groups = self.channels.group_of[use.output]
            if not self._fixed[groups].any():
                self._fixed[groups[importance[groups].argmax()]] = True

    def importance(self, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Norm of each group's filters, (n_groups,).

        Args:
            kept: (n_groups,) which groups are still there.
        """
        total = np.zeros(len(kept))
        for use, squares in zip(self._makers, self._squares, strict=True):
            taken = self.channels.kept_channels(use.inputs[0], kept)[: squares.shape[1]]
            is_depthwise = squares.shape[1] == 1 < len(use.inputs[0])
            norms = squares[:, 0] if is_depthwise else squares @ taken
            np.add.at(total, self.channels.group_of[use.output], norms)
        return np.sqrt(total)

    def groups_above(self, threshold: float) -> NDArray[np.bool_]:
        """Which groups stay when all below a threshold go, and then those that thereby fall below it, (n_groups,)."""
        kept = np.ones(len(self._fixed), dtype=bool)
        while True:
            stays = kept & (self._fixed | (self.importance(kept) >= threshold))
            if (stays == kept).all():
                return kept
            kept = stays

    def shrink(self, threshold: float) -> tuple[Architecture, dict[str, Tensor]]:
        """The network without what is below a threshold, and its weights."""
        kept = self.groups_above(threshold)
        return self.shrink_architecture(threshold), shrink_state(self._state, self.channels, kept)

    def shrink_architecture(self, threshold: float) -> Architecture:
        """The network without what is below a threshold, as plain data."""
        return shrink_architecture(self._architecture, self.channels, self.groups_above(threshold))

    def find_threshold(self, *, max_params: int | None, max_macs: int | None) -> float:
        """Smallest threshold at which the network fits, up to float rounding.

        Raises:
            TrainingError: It never does; names the least that is left.
        """

        def fits(threshold: float) -> bool:
            cost = count_cost(self.shrink_architecture(threshold))
            few_params = max_params is None or cost.params <= max_params
            return few_params and (max_macs is None or max(cost.macs, cost.official_macs) <= max_macs)

        low, high = 0.0, 1.0 + float(self.importance(np.ones(len(self._fixed), dtype=bool)).max())
        if fits(low):
            return low
        if not fits(high):
            least = count_cost(self.shrink_architecture(inf))
            raise TrainingError(
                f"`max_params` and `max_macs` must leave room for what no pruning removes, but got"
                f" max_params={max_params}, max_macs={max_macs}; the least is {least.params:,} parameters and"
                f" {least.official_macs:,} MACs."
            )
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high


def _sum_squares(weight: Tensor) -> NDArray[np.float64]:
    """Of each filter and input channel, (out_channels, in_channels of its group)."""
    squares: NDArray[np.float64] = weight.double().square().reshape(*weight.shape[:2], -1).sum(2).cpu().numpy()
    return squares


def find_threshold(network: Network, *, max_params: int | None, max_macs: int | None, is_exact: bool = True) -> float:
    """Smallest importance that channels must have to stay, so that the network fits; nothing is removed.

    Args:
        network: Trained.
        max_params: Trainable values that may be left; None is no limit.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        is_exact: Whether only those channels may go that leave the same output as zeros in their place.

    Raises:
        TrainingError: No threshold lets it fit.
    """
    pruner = ChannelPruner(network.architecture, network.state_dict(), is_exact=is_exact)
    return pruner.find_threshold(max_params=max_params, max_macs=max_macs)


def prune_channels(
    network: Network, *, max_params: int | None, max_macs: int | None, is_exact: bool = True
) -> tuple[Architecture, dict[str, Tensor]]:
    """A smaller network with the weights that are left, which gives what the larger one gives with zeros for the rest.

    Args:
        network: Trained; it stays as it is.
        max_params: Trainable values that may be left; None is no limit.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        is_exact: Whether only those channels may go that leave the same output as zeros in their place.

    Returns:
        The architecture, whose changed layers are `Graph`s, and its state dict.

    Raises:
        TrainingError: No threshold lets it fit.
    """
    pruner = ChannelPruner(network.architecture, network.state_dict(), is_exact=is_exact)
    return pruner.shrink(pruner.find_threshold(max_params=max_params, max_macs=max_macs))
