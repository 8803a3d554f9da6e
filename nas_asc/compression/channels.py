"""Which channels of a network can be removed, and which only together.

Conventions:
    Every channel that a convolution or dense layer makes has a number. A value on the tape is a row of such numbers,
    one a channel of a map or one an element of a vector. Channels that must be removed together are one group.
    A removed channel is zero from the convolution that makes it to those that read it; what cannot promise that keeps
    all its channels: the network's input and output, a norm over channels, and primitives that are not known here.
    Where the removal need not be exact, the channels of a norm over channels may go too: what is left is then normed
    by itself, and fine-tuning mends the difference.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.layers import (
    Activation,
    Addition,
    Architecture,
    AxisMean,
    BatchNorm,
    BranchedConvolution,
    ChannelNorm,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Flattening,
    FrequencyInstanceNorm,
    GlobalPooling,
    LogitSum,
    Operation,
    Pooling,
    Projection,
    RandomZeroing,
    SubSpectralNorm,
    TimeMoments,
    expand_architecture,
)

Channels = NDArray[np.int64]

# each gives zeros for a channel of zeros, when its own scale, bias and running mean are zero there
_CHANNEL_BY_CHANNEL = (AxisMean, BatchNorm, GlobalPooling, Pooling, RandomZeroing, SubSpectralNorm)
_OVER_CHANNELS = (ChannelNorm, FrequencyInstanceNorm)
_ACTIVATIONS_OF_ZERO = {"relu", "prelu", "gelu", "silu", "hardswish"}  # those that make zero of it


@dataclass(frozen=True, eq=False)
class ChannelUse:
    """One operation of a network with the channels that it takes and gives.

    Args:
        layer: Index of its layer.
        operation: On the layer's tape.
        inputs: Channels of each input.
        output: Channels of its output.
    """

    layer: int
    operation: Operation
    inputs: tuple[Channels, ...]
    output: Channels

    @property
    def is_maker(self) -> bool:
        """Whether it makes channels with filters of its own."""
        made = isinstance(self.operation.primitive, Convolution | BranchedConvolution | Projection)
        return made and self.operation.reuses is None

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the kernels with which it makes its channels, in the state dict."""
        prefix, primitive = f"{self.layer}.{self.operation.name}", self.operation.primitive
        if not isinstance(primitive, BranchedConvolution):
            return (f"{prefix}.weight",)
        return tuple(f"{prefix}.convolutions.{index}.weight" for index in range(primitive.n_kernels))


class ChannelMap:
    """The channels of a network.

    Args:
        architecture: The network.
        is_exact: Whether the smaller network must give what the larger one gives with zeros in the channels' place;
            else the channels of norms over channels may be removed too.

    Attributes:
        uses: Every operation, layer by layer.
        group_of: (n,) group of each channel.
        is_fixed: (n_groups,) whether a group may not be removed.
    """

    def __init__(self, architecture: Architecture, *, is_exact: bool = True) -> None:
        self._is_exact = is_exact
        self._parents: list[int] = []
        self._fixed: set[int] = set()
        self.uses: list[ChannelUse] = []
        value = self._make(architecture.in_shape[0])
        self._fix(value)
        for index, expansion in enumerate(expand_architecture(architecture)):
            values, before = [value], len(self.uses)
            for operation in expansion.operations:
                inputs = tuple(values[source] for source in operation.inputs)
                use = ChannelUse(index, operation, inputs, self._trace(operation, inputs))
                self._share(use, self.uses[before:])
                self.uses.append(use)
                values.append(use.output)
            value = values[expansion.output]
        self._fix(value)
        roots = np.array([self._find(channel) for channel in range(len(self._parents))])
        _, self.group_of = np.unique(roots, return_inverse=True)
        self.is_fixed = np.zeros(self.group_of.max() + 1, dtype=bool)
        self.is_fixed[self.group_of[sorted(self._fixed)]] = True

    def kept_channels(self, channels: Channels, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of some channels stay.

        Args:
            channels: (n,) of a use.
            kept: (n_groups,) which groups stay.
        """
        stay: NDArray[np.bool_] = kept[self.group_of[channels]]
        return stay

    def _trace(self, operation: Operation, inputs: tuple[Channels, ...]) -> Channels:
        """Channels of an operation's output."""
        primitive: Any = operation.primitive
        kind, x, shape = type(primitive), inputs[0], operation.in_shapes[0]
        if kind is Convolution:
            return self._trace_convolution(primitive, x)
        if kind is BranchedConvolution:
            made = self._trace_convolution(primitive.folded, x)
            if primitive.identity:
                self._join(x, made)
            return made
        if kind is Projection:
            return self._make(primitive.out_features)
        if kind is ChannelRoll:
            return np.roll(x, primitive.shift)
        if kind is ChannelSlice:
            return x[primitive.start : primitive.stop]
        if kind is Concatenation:
            return np.concatenate(inputs)
        if kind in (Addition, LogitSum):
            for other in inputs[1:]:
                self._join(x, other)
            return x
        if kind is Flattening:
            return np.repeat(x, prod(shape[1:]))
        if kind is TimeMoments:
            return np.tile(np.repeat(x, shape[1]), len(primitive.kinds))
        if kind in _CHANNEL_BY_CHANNEL or (kind is Activation and primitive.kind in _ACTIVATIONS_OF_ZERO):
            return x
        if kind in _OVER_CHANNELS and not self._is_exact:
            return x
        for channels in inputs:
            self._fix(channels)
        made = x if kind in _OVER_CHANNELS else self._make(operation.out_shape[0])
        self._fix(made)
        return made

    def _trace_convolution(self, convolution: Convolution, x: Channels) -> Channels:
        """New channels; with groups the same place in each group goes together, depthwise with its input."""
        made = self._make(convolution.out_channels)
        if convolution.groups > 1:
            taken_by_group, made_by_group = x.reshape(convolution.groups, -1), made.reshape(convolution.groups, -1)
            if taken_by_group.shape[1] == 1:
                self._join(np.repeat(x, made_by_group.shape[1]), made)
            else:
                for channels in (taken_by_group, made_by_group):
                    for group in channels[1:]:
                        self._join(channels[0], group)
        return made

    def _share(self, use: ChannelUse, earlier: list[ChannelUse]) -> None:
        """Weights that are used again read and make the same channels each time."""
        for lender in earlier:
            if lender.operation.name == use.operation.reuses:
                for mine, theirs in zip((*use.inputs, use.output), (*lender.inputs, lender.output), strict=True):
                    self._join(mine, theirs)

    def _make(self, n: int) -> Channels:
        first = len(self._parents)
        self._parents.extend(range(first, first + n))
        return np.arange(first, first + n)

    def _fix(self, channels: Channels) -> None:
        self._fixed.update(channels.tolist())

    def _find(self, channel: int) -> int:
        while self._parents[channel] != channel:
            self._parents[channel] = self._parents[self._parents[channel]]
            channel = self._parents[channel]
        return channel

    def _join(self, one: Channels, other: Channels) -> None:
        for first, second in zip(one.tolist(), other.tolist(), strict=True):
            self._parents[self._find(second)] = self._find(first)
