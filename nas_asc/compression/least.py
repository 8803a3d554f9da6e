"""The least that removing channels can leave of a network, known before it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas_asc.compression.channels import ChannelMap, ChannelUse
from nas_asc.compression.removal import shrink_architecture
from nas_asc.cost import count_cost
from nas_asc.errors import TrainingError
from nas_asc.layers import Architecture
from nas_asc.recipe import Pruning, StructuredPruning

_SURE = 0.9  # of the least that was counted: limits below it are out of reach whatever the weights


@dataclass(frozen=True)
class Least:
    """What is left of a network when all channels are gone that can go.

    Args:
        params: Trainable parameters.
        macs: Multiply-accumulates of one clip, the larger of pure and official.
    """

    params: int
    macs: int


@lru_cache(maxsize=2**10)
def count_least(architecture: Architecture, *, is_exact: bool = True) -> Least:
    """The least that removing channels can leave: each operation keeps the channels that may not go, or one group.

    Where several channels could be the last one of several operations, weights decide which stays and how many these
    then are: the true number differs by some dozen parameters.

    Args:
        architecture: The network.
        is_exact: See `StructuredPruning`.

    Raises:
        LayerError: A layer cannot take its input.
    """
    channels = ChannelMap(architecture, is_exact=is_exact)
    costs = [
        count_cost(shrink_architecture(architecture, channels, _keep_least(channels, uses)))
        for uses in (channels.uses, channels.uses[::-1])
    ]
    return Least(min(cost.params for cost in costs), min(max(cost.macs, cost.official_macs) for cost in costs))


def can_prune(architecture: Architecture, pruning: Pruning | None) -> bool:
    """Whether a pruning can reach its limits, before anything is trained; one that removes no channels always can.

    Limits within a tenth below the least that was counted are given the benefit of the doubt.

    Args:
        architecture: The network before its pruning.
        pruning: What is pruned; None is nothing.

    Raises:
        LayerError: A layer cannot take its input.
    """
    if not isinstance(pruning, StructuredPruning):
        return True
    least = count_least(architecture, is_exact=pruning.is_exact)
    has_room = pruning.max_params >= _SURE * least.params
    return has_room and (pruning.max_macs is None or pruning.max_macs >= _SURE * least.macs)


def validate_pruning(architecture: Architecture, pruning: Pruning | None) -> None:
    """Refuse a pruning that cannot reach its limits.

    Args:
        architecture: The network before its pruning.
        pruning: What is pruned; None is nothing.

    Raises:
        LayerError: A layer cannot take its input.
        TrainingError: Its limits are out of reach; names the least that is left.
    """
    if isinstance(pruning, StructuredPruning) and not can_prune(architecture, pruning):
        least = count_least(architecture, is_exact=pruning.is_exact)
        raise no_room(least, max_params=pruning.max_params, max_macs=pruning.max_macs)


def no_room(least: Least, *, max_params: int | None, max_macs: int | None) -> TrainingError:
    """The error of limits that are out of reach.

    Args:
        least: What is left of the network.
        max_params: Trainable values; None is no limit.
        max_macs: Multiply-accumulates of one clip; None is no limit.
    """
    return TrainingError(
        f"`max_params` and `max_macs` must leave room for what no pruning removes, but got max_params={max_params},"
        f" max_macs={max_macs}; the least is {least.params:,} parameters and {least.macs:,} MACs."
    )


def _keep_least(channels: ChannelMap, uses: Sequence[ChannelUse]) -> NDArray[np.bool_]:
    """Which groups stay, (n_groups,): those that may not go, and of each operation without one its narrowest."""
    kept, sizes = channels.is_fixed.copy(), np.bincount(channels.group_of)
    for use in uses:
        groups = channels.group_of[use.output]
        if not kept[groups].any():
            kept[groups[sizes[groups].argmin()]] = True
    return kept
