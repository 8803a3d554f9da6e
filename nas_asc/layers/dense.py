"""Layers on vectors: flatten, dense, dropout."""

from typing import ClassVar

from nas_asc.layers.check import ACTIVATIONS, check_count, check_flag, check_number, check_word
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Flattening, Projection, RandomZeroing
from nas_asc.layers.tape import Tape, Value


class Flatten(Layer):
    """A map as one vector: (C, F, T) to (C * F * T,)."""

    def expand(self, tape: Tape, x: Value) -> Value:
        """The flattening."""
        return tape.apply(Flattening(), x)


class Dense(Layer):
    """Matrix product, norm, activation: (n,) to (out_features,).

    Args:
        out_features: Size of the output.
        bias: Whether a bias is added.
        norm: "batch", or None.
        activation: "relu", "prelu", "gelu", "silu", "hardswish", or None.

    Raises:
        LayerError: A value is out of range.
    """

    out_features: int
    bias: bool = True
    norm: str | None = None
    activation: str | None = None

    def __post_init__(self) -> None:
        check_count(self, "out_features")
        check_flag(self, "bias")
        check_word(self, "norm", ("batch",))
        check_word(self, "activation", ACTIVATIONS)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The product, its norm, its activation."""
        x = tape.apply(Projection(self.out_features, bias=self.bias), x)
        return tape.activate(tape.normalise(x, self.norm), self.activation)


class Dropout(Layer):
    """In training each element is zero with probability `p` and the others grow; the shape stays.

    Raises:
        LayerError: `p` is outside [0, 0.95].
    """

    p: float

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self, "p", low=0, high=0.95)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The dropout, or nothing at p = 0."""
        return x if self.p == 0 else tape.apply(RandomZeroing(self.p), x)
