"""The built-in primitives, with their shapes and counts."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from nas_asc.errors import LayerError
from nas_asc.layers.primitive import Counts, Primitive
from nas_asc.layers.shape import Pair, Shape, Size, require_map, slide_window, to_pair


@dataclass(frozen=True)
class Convolution(Primitive):
    """Two-dimensional convolution, optionally grouped and frequency-damped.

    Args:
        out_channels: Channels of the output, a multiple of `groups`.
        kernel_size: (frequency, time) of the kernel.
        stride: Step of the kernel.
        padding: Zeros on each side.
        groups: Channel groups that are convolved apart.
        bias: Whether a bias is added.
        damping: Factor of the kernel's outermost frequency rows, falling linearly from 1 at the centre; None is off.
        starts_at_zero: Whether its weights are zero at first.
    """

    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size = 0
    groups: int = 1
    bias: bool = False
    damping: float | None = None
    starts_at_zero: bool = False

    word: ClassVar[str] = "conv"
    absorbs_norm: ClassVar[bool] = True

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(out_channels, F, T)."""
        in_channels = require_map(in_shapes[0])[0]
        if in_channels % self.groups or self.out_channels % self.groups:
            name = "input channels" if in_channels % self.groups else "`out_channels`"
            channels = in_channels if in_channels % self.groups else self.out_channels
            raise LayerError(
                f"`groups` must divide the {name}, but got groups={self.groups} and {channels} channels."
                " Use a divisor of the width, or 1."
            )
        return (
            self.out_channels,
            *slide_window(in_shapes[0], self.kernel_size, stride=self.stride, padding=self.padding),
        )

    def counts(self, *in_shapes: Shape) -> Counts:
        """Weights, and weights times output positions."""
        _, rows, columns = self.out_shape(*in_shapes)
        weights = self.out_channels * in_shapes[0][0] // self.groups * prod(to_pair(self.kernel_size))
        biases = self.out_channels if self.bias else 0
        positions = rows * columns
        return Counts(
            params=weights + biases,
            macs=weights * positions,
            official_macs=(weights + biases) * positions,
            int8_weights=weights,
            int8_biases=biases,
        )

    def window(self) -> tuple[Pair, Pair] | None:
        """Its kernel and stride."""
        return to_pair(self.kernel_size), to_pair(self.stride)


@dataclass(frozen=True)
class Projection(Primitive):
    """Matrix product of a vector: (n,) to (out_features,)."""

    out_features: int
    bias: bool = True

    word: ClassVar[str] = "dense"
    absorbs_norm: ClassVar[bool] = True

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(out_features,)."""
        if len(in_shapes[0]) != 1:
            raise LayerError(f"the input must be a vector, but has shape {in_shapes[0]}. Put `Flatten()` before it.")
        return (self.out_features,)

    def counts(self, *in_shapes: Shape) -> Counts:
        """Weights once, and the biases in the official MACs."""
        weights = in_shapes[0][0] * self.out_features
        biases = self.out_features if self.bias else 0
        total = weights + biases
        return Counts(params=total, macs=weights, official_macs=total, int8_weights=weights, int8_biases=biases)

    def window(self) -> tuple[Pair, Pair] | None:
        """Everything."""
        return None


@dataclass(frozen=True)
class BatchNorm(Primitive):
    """Batch normalisation over channels; without `affine` it has no scale and bias."""

    affine: bool = True

    word: ClassVar[str] = "norm"
    is_in_place: ClassVar[bool] = True
    is_foldable: ClassVar[bool] = True

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return in_shapes[0]

    def counts(self, *in_shapes: Shape) -> Counts:
        """2C trained and 2C running; at int8, where it cannot fold, one scale and one bias a channel."""
        channels = in_shapes[0][0]
        trained = 2 * channels if self.affine else 0
        return Counts(
            params=trained,
            buffers=2 * channels,
            official_macs=trained,
            int8_weights=channels,
            int8_biases=channels,
        )


@dataclass(frozen=True)
class SubSpectralNorm(Primitive):
    """Batch normalisation of each channel in sub-bands of its own.

    Args:
        n_bands: Sub-bands of equal width, a divisor of the map's frequency bins.
        per_band: Whether scale and bias belong to a channel's sub-band, not to the whole channel.

    Source:
        Chang et al., "SubSpectral normalization for neural audio data processing", ICASSP 2021.
    """

    n_bands: int
    per_band: bool = False

    word: ClassVar[str] = "norm"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        n_bins = require_map(in_shapes[0])[1]
        if n_bins % self.n_bands:
            raise LayerError(
                f"`n_bands` must divide the frequency bins, but got n_bands={self.n_bands} on {n_bins} bins."
                " Use a divisor, or other padding or mel bands."
            )
        return in_shapes[0]

    def counts(self, *in_shapes: Shape) -> Counts:
        """2C trained, or 2C a sub-band; 2C running and, at int8, a scale and a bias for every sub-band."""
        channels, parts = in_shapes[0][0], in_shapes[0][0] * self.n_bands
        trained = 2 * parts if self.per_band else 2 * channels
        return Counts(params=trained, buffers=2 * parts, official_macs=trained, int8_weights=parts, int8_biases=parts)


@dataclass(frozen=True)
class ChannelNorm(Primitive):
    """Layer normalisation over the channels of each position, with one scale and bias a channel."""

    word: ClassVar[str] = "norm"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return in_shapes[0]

    def counts(self, *in_shapes: Shape) -> Counts:
        """2C trained."""
        channels = in_shapes[0][0]
        return Counts(params=2 * channels, official_macs=2 * channels, int8_weights=channels, int8_biases=channels)


@dataclass(frozen=True)
class Activation(Primitive):
    """A function of each element; PReLU has one slope a channel."""

    kind: str

    word: ClassVar[str] = "activation"

    @property
    def is_in_place(self) -> bool:  # type: ignore[override]
        """ReLU alone: it is where the step before cuts off."""
        return self.kind == "relu"

    @property
    def n_copies(self) -> int:  # type: ignore[override]
        """SiLU's gate."""
        return int(self.kind == "silu")

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return in_shapes[0]

    def counts(self, *in_shapes: Shape) -> Counts:
        """C slopes for PReLU, else nothing."""
        slopes = in_shapes[0][0] if self.kind == "prelu" else 0
        return Counts(params=slopes, official_macs=slopes, int8_weights=slopes)


@dataclass(frozen=True)
class Pooling(Primitive):
    """Largest ("max") or mean ("mean") value of a sliding window; zeros of the padding count in the mean."""

    kind: str
    kernel_size: Size
    stride: Size
    padding: Size = 0

    word: ClassVar[str] = "pool"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(C, F, T) with fewer bands and frames."""
        positions = slide_window(in_shapes[0], self.kernel_size, stride=self.stride, padding=self.padding)
        return (in_shapes[0][0], *positions)

    def window(self) -> tuple[Pair, Pair] | None:
        """Its kernel and stride."""
        return to_pair(self.kernel_size), to_pair(self.stride)


@dataclass(frozen=True)
class GlobalPooling(Primitive):
    """Mean ("mean") or largest value ("max") of each channel's map: (C, F, T) to (C,)."""

    kind: str = "mean"

    word: ClassVar[str] = "pool"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(C,)."""
        return (require_map(in_shapes[0])[0],)

    def window(self) -> tuple[Pair, Pair] | None:
        """Everything."""
        return None


@dataclass(frozen=True)
class Addition(Primitive):
    """Sum of two tensors of one shape, or of maps of which one is repeated along a side where it has one bin."""

    word: ClassVar[str] = "add"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The shape of both, or the larger sides of both."""
        if len(in_shapes) != 2:
            raise LayerError(f"Addition must take two values, but got {len(in_shapes)}.")
        first, second = in_shapes
        if first == second:
            return first
        pairs = list(zip(first[1:], second[1:], strict=len(first) == len(second)))
        if first[0] != second[0] or not all(one == other or 1 in (one, other) for one, other in pairs):
            raise LayerError(f"both branches must have one shape, but got {first} and {second}.")
        return (first[0], *map(max, pairs))


@dataclass(frozen=True)
class Concatenation(Primitive):
    """Channels of several maps, one after the other."""

    word: ClassVar[str] = "concat"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(sum of channels, F, T)."""
        maps = [require_map(shape) for shape in in_shapes]
        if len({shape[1:] for shape in maps}) != 1:
            raise LayerError(f"all branches must have one map size, but got {', '.join(map(str, maps))}.")
        return (sum(shape[0] for shape in maps), *maps[0][1:])


@dataclass(frozen=True)
class ChannelRoll(Primitive):
    """Channels shifted circularly by `shift`, so that grouped convolutions mix their groups."""

    shift: int

    word: ClassVar[str] = "roll"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return in_shapes[0]


@dataclass(frozen=True)
class Flattening(Primitive):
    """A map as one vector: (C, F, T) to (C * F * T,)."""

    word: ClassVar[str] = "flatten"
    is_in_place: ClassVar[bool] = True

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(C * F * T,)."""
        return (prod(in_shapes[0]),)

    def window(self) -> tuple[Pair, Pair] | None:
        """Everything."""
        return None


@dataclass(frozen=True)
class RandomZeroing(Primitive):
    """Dropout: in training each element is zero with probability `p`; at inference nothing happens."""

    p: float

    word: ClassVar[str] = "dropout"
    is_in_place: ClassVar[bool] = True

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return in_shapes[0]


@dataclass(frozen=True)
class ChannelSlice(Primitive):
    """Channels from `start` up to `stop`, which is left out."""

    start: int
    stop: int

    word: ClassVar[str] = "slice"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(stop - start, F, T)."""
        channels, n_bins, n_frames = require_map(in_shapes[0])
        if not 0 <= self.start < self.stop <= channels:
            raise LayerError(f"`stop` must be at most {channels}, the channels, but got {self.start}..{self.stop}.")
        return (self.stop - self.start, n_bins, n_frames)
