"""Removed channels: a smaller network as plain data, and its weights cut out of the larger one's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression.channels import ChannelMap, ChannelUse
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Architecture,
    BranchedConvolution,
    ChannelRoll,
    ChannelSlice,
    Convolution,
    Expansion,
    Graph,
    Layer,
    Primitive,
    Projection,
    Shape,
    Step,
    expand_architecture,
    expand_layer,
)

Kept = NDArray[np.bool_]


def shrink_architecture(architecture: Architecture, channels: ChannelMap, kept: Kept) -> Architecture:
    """The network without the channels of some groups; layers that change become `Graph`s with the same names.

    Args:
        architecture: The network.
        channels: Its channels.
        kept: (n_groups,) which groups stay; every operation keeps a channel.
    """
    shape, layers, uses = architecture.in_shape, [], iter(channels.uses)
    for expansion in expand_architecture(architecture):
        steps = []
        for operation in expansion.operations:
            primitive = _shrink(next(uses), channels, kept)
            steps.append((primitive, operation.inputs, operation.name, operation.reuses))
        layer = _describe(expansion, tuple(steps), shape, architecture.n_classes)
        layers.append(layer)
        shape = expand_layer(layer, shape, architecture.n_classes).out_shape
    return Architecture(tuple(layers), architecture.in_shape, architecture.n_classes)


def shrink_state(state: Mapping[str, Tensor], channels: ChannelMap, kept: Kept) -> dict[str, Tensor]:
    """State dict of the smaller network.

    Args:
        state: The state of the larger network.
        channels: Its channels.
        kept: (n_groups,) which groups stay.
    """
    found: dict[str, Tensor] = {}
    for use in channels.uses:
        prefix = f"{use.layer}.{use.operation.name}."
        for name, value in state.items():
            if name.startswith(prefix):
                found[name] = _cut(value, name.removeprefix(prefix), use, channels, kept).clone()
    return found


def _describe(expansion: Expansion, steps: tuple[Step, ...], in_shape: Shape, n_classes: int) -> Layer:
    """The layer itself where it gives these steps on the smaller input, else the steps."""
    if not steps:
        return expansion.layer
    graph = Graph(steps, expansion.output)
    try:
        is_same = Graph.of(expand_layer(expansion.layer, in_shape, n_classes)) is graph
    except LayerError:
        return graph
    return expansion.layer if is_same else graph


def _shrink(use: ChannelUse, channels: ChannelMap, kept: Kept) -> Primitive:
    primitive = use.operation.primitive
    n_made = int(channels.kept_channels(use.output, kept).sum())
    if isinstance(primitive, Projection):
        return replace(primitive, out_features=n_made)
    taken = channels.kept_channels(use.inputs[0], kept)
    if isinstance(primitive, Convolution | BranchedConvolution):
        is_depthwise = primitive.groups == len(taken)
        return replace(primitive, out_channels=n_made, groups=int(taken.sum()) if is_depthwise else primitive.groups)
    if isinstance(primitive, ChannelSlice):
        return replace(primitive, start=int(taken[: primitive.start].sum()), stop=int(taken[: primitive.stop].sum()))
    if isinstance(primitive, ChannelRoll):
        n_wrapped = primitive.shift % len(taken)
        return replace(primitive, shift=int(taken[len(taken) - n_wrapped :].sum()))
    return primitive


def _cut(value: Tensor, name: str, use: ChannelUse, channels: ChannelMap, kept: Kept) -> Tensor:
    """What stays of one parameter or buffer; its first dimension is the channels, or several values for each."""
    made: Any = torch.from_numpy(channels.kept_channels(use.output, kept))
    if value.ndim == 0 or (made.all() and not use.is_maker):
        return value
    n_each = value.shape[0] // len(made)
    rows = value[made.repeat_interleave(n_each).to(value.device)]
    if f"{use.layer}.{use.operation.name}.{name}" not in use.weight_names or not use.is_maker:
        return rows
    taken = torch.from_numpy(channels.kept_channels(use.inputs[0], kept))[: value.shape[1]]
    is_depthwise = value.shape[1] == 1 and len(use.inputs[0]) > 1
    return rows if is_depthwise else rows[:, taken.to(value.device)]
