"""Primitives that summarise a map or several vectors."""

from dataclasses import dataclass
from typing import ClassVar

from nas_asc.errors import LayerError
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.shape import Pair, Shape, require_map

MOMENTS = ("mean", "variance", "skewness", "kurtosis", "hyperskewness")


@dataclass(frozen=True)
class AxisMean(Primitive):
    """Mean along one axis, which stays with one bin: (C, F, T) to (C, 1, T) or (C, F, 1).

    Args:
        axis: "frequency" or "time".
    """

    axis: str = "frequency"

    word: ClassVar[str] = "mean"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(C, 1, T), or (C, F, 1)."""
        channels, n_bins, n_frames = require_map(in_shapes[0])
        return (channels, 1, n_frames) if self.axis == "frequency" else (channels, n_bins, 1)

    def window(self) -> tuple[Pair, Pair] | None:
        """The whole axis."""
        return None


@dataclass(frozen=True)
class TimeMoments(Primitive):
    """Moments of each band over time: (C, F, T) to (n C F,), moment by moment.

    Args:
        kinds: Some of "mean", "variance", and the standardised third to fifth moments "skewness", "kurtosis",
            "hyperskewness".
    """

    kinds: tuple[str, ...] = MOMENTS

    word: ClassVar[str] = "moments"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(n C F,)."""
        channels, n_bins, _ = require_map(in_shapes[0])
        return (len(self.kinds) * channels * n_bins,)

    def window(self) -> tuple[Pair, Pair] | None:
        """Everything."""
        return None


@dataclass(frozen=True)
class LogitSum(Primitive):
    """Sum of several vectors of logits."""

    word: ClassVar[str] = "sum"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The shape of each."""
        return _one_shape(in_shapes)


@dataclass(frozen=True)
class ProbabilityMean(Primitive):
    """Mean of the class probabilities of several vectors of logits, as logits: its logarithm."""

    word: ClassVar[str] = "mean"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The shape of each."""
        return _one_shape(in_shapes)


def _one_shape(shapes: tuple[Shape, ...]) -> Shape:
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise LayerError(f"all members must give one logit a class, but gave {', '.join(map(str, shapes))}.")
    return shapes[0]
