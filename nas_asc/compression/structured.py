"""Channels of a trained network removed until it fits, the least important ones first."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression.channels import ChannelMap
from nas_asc.compression.least import Least, no_room
from nas_asc.compression.removal import shrink_architecture, shrink_state
from nas_asc.cost import count_cost
from nas_asc.layers import Architecture
from nas_asc.models import Network

_N_SHARES = 64  # steps in which all operations are narrowed alike


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
        self._squares = [_sum_squares([state[name] for name in use.weight_names]) for use in self._makers]
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

    def even_groups(self, share: float) -> NDArray[np.bool_]:
        """Which groups stay when every operation keeps a share of its own, the most important ones, (n_groups,).

        Args:
            share: In [0, 1]; one group stays in any case.
        """
        kept, importance = self._fixed.copy(), self.importance(np.ones(len(self._fixed), dtype=bool))
        for use in self._makers:
            groups = np.unique(self.channels.group_of[use.output])
            ranked = groups[np.argsort(-importance[groups], kind="stable")]
            kept[ranked[: ceil(share * len(groups))]] = True
        return kept

    def order(self, spared: NDArray[np.bool_] | None = None) -> tuple[list[int], list[float]]:
        """Groups from the first to go to the last, and the importance of each when its turn comes.

        Each time the least important group goes, over the inputs that are then left: the groups that stay above a
        threshold are those that are left when none below it is.

        Args:
            spared: (n_groups,) which groups never go; None is none but those that cannot.
        """
        readers = self._readers()
        squares = self.importance(np.ones(len(self._fixed), dtype=bool)) ** 2
        stays = self._fixed if spared is None else self._fixed | spared
        squares[stays] = np.inf
        order, values = [], []
        for _ in range(int((~stays).sum())):
            group = int(squares.argmin())
            order.append(group)
            values.append(float(np.sqrt(max(0.0, squares[group]))))
            squares[group] = np.inf
            for makers, norms in readers[group]:
                np.subtract.at(squares, makers, norms)
        return order, values

    def _readers(self) -> list[list[tuple[NDArray[np.int64], NDArray[np.float64]]]]:
        """For each group, of each operation that reads it: the groups of its filters, and what of them it carries."""
        found: list[list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = [[] for _ in self._fixed]
        for use, squares in zip(self._makers, self._squares, strict=True):
            if squares.shape[1] == 1 < len(use.inputs[0]):  # depthwise: a filter goes with its input
                continue
            taken = self.channels.group_of[use.inputs[0]][: squares.shape[1]]
            for group in np.unique(taken):
                found[group].append((self.channels.group_of[use.output], squares[:, taken == group].sum(axis=1)))
        return found

    def groups_within(
        self, *, max_params: int | None, max_macs: int | None, balance: float = 0.0
    ) -> tuple[NDArray[np.bool_], float]:
        """Which groups stay when no more go than must, so that the network fits; and the largest importance that goes.

        Args:
            max_params: Trainable values that may be left; None is no limit.
            max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
            balance: See `StructuredPruning`.

        Raises:
            TrainingError: It never fits; names the least that is left.
        """

        def fits(kept: NDArray[np.bool_]) -> bool:
            cost = count_cost(self.shrink_architecture(kept))
            few_params = max_params is None or cost.params <= max_params
            return few_params and (max_macs is None or max(cost.macs, cost.official_macs) <= max_macs)

        order, values = self.order(self._even_floor(balance, fits) if balance else None)

        def keep(n_removed: int) -> NDArray[np.bool_]:
            kept = np.ones(len(self._fixed), dtype=bool)
            kept[order[:n_removed]] = False
            return kept

        if not fits(keep(len(order))):
            cost = count_cost(self.shrink_architecture(keep(len(order))))
            least = Least(cost.params, max(cost.macs, cost.official_macs))
            raise no_room(least, max_params=max_params, max_macs=max_macs)
        n_removed = bisect_left(range(len(order)), True, key=lambda n_removed: fits(keep(n_removed)))
        return keep(n_removed), max(values[:n_removed], default=0.0)

    def _even_floor(self, balance: float, fits: Callable[[NDArray[np.bool_]], bool]) -> NDArray[np.bool_]:
        """Of the groups that stay when all operations are narrowed alike until the network fits, a share of each."""
        n = bisect_left(range(1, _N_SHARES), True, key=lambda n: not fits(self.even_groups(n / _N_SHARES)))
        return self.even_groups(balance * n / _N_SHARES)

    def shrink(self, kept: NDArray[np.bool_]) -> tuple[Architecture, dict[str, Tensor]]:
        """The network with these groups, and its weights."""
        return self.shrink_architecture(kept), shrink_state(self._state, self.channels, kept)

    def shrink_architecture(self, kept: NDArray[np.bool_]) -> Architecture:
        """The network with these groups, as plain data."""
        return shrink_architecture(self._architecture, self.channels, kept)


def _sum_squares(weights: list[Tensor]) -> NDArray[np.float64]:
    """Of each filter and input channel, over all kernels of the operation, (out_channels, in_channels of its group)."""
    squares = [weight.double().square().reshape(*weight.shape[:2], -1).sum(2).cpu().numpy() for weight in weights]
    total: NDArray[np.float64] = np.sum(squares, axis=0)
    return total


def find_threshold(
    network: Network, *, max_params: int | None, max_macs: int | None, is_exact: bool = True, balance: float = 0.0
) -> float:
    """Largest importance of the channels that must go, so that the network fits; nothing is removed.

    Args:
        network: Trained.
        max_params: Trainable values that may be left; None is no limit.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        is_exact: Whether only those channels may go that leave the same output as zeros in their place.
        balance: See `StructuredPruning`.

    Raises:
        TrainingError: What cannot be removed is too much.
    """
    pruner = ChannelPruner(network.architecture, network.state_dict(), is_exact=is_exact)
    return pruner.groups_within(max_params=max_params, max_macs=max_macs, balance=balance)[1]


def prune_channels(
    network: Network, *, max_params: int | None, max_macs: int | None, is_exact: bool = True, balance: float = 0.0
) -> tuple[Architecture, dict[str, Tensor]]:
    """A smaller network with the weights that are left, which gives what the larger one gives with zeros for the rest.

    Args:
        network: Trained; it stays as it is.
        max_params: Trainable values that may be left; None is no limit.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        is_exact: Whether only those channels may go that leave the same output as zeros in their place.
        balance: See `StructuredPruning`.

    Returns:
        The architecture, whose changed layers are `Graph`s, and its state dict.

    Raises:
        TrainingError: What cannot be removed is too much.
    """
    pruner = ChannelPruner(network.architecture, network.state_dict(), is_exact=is_exact)
    return pruner.shrink(pruner.groups_within(max_params=max_params, max_macs=max_macs, balance=balance)[0])
