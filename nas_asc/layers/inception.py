"""The module of small Inception networks."""

from typing import ClassVar

from nas_asc.layers.check import ACTIVATIONS, check_count, check_word
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Concatenation, Convolution, Pooling
from nas_asc.layers.tape import Tape, Value


class Inception(Layer):
    """Three branches side by side: (C, F, T) to (3 width, F, T).

    The branches are 1x1 then 3x3, 1x1 then 5x5, and 3x3 max pooling then 1x1. Every convolution has a bias and is
    followed by the activation; there is no norm.

    Args:
        width: Channels of each convolution.
        activation: "relu", "prelu", "gelu", "silu", "hardswish", or None.

    Raises:
        LayerError: A value is out of range.

    Source:
        NTU, DCASE 2020 Task 1B; after Szegedy et al., "Going deeper with convolutions", 2015.
    """

    width: int
    activation: str | None = "relu"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "width")
        check_word(self, "activation", ACTIVATIONS)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The branches and their concatenation."""
        small = self._convolve(tape, self._convolve(tape, x, 1), 3)
        wide = self._convolve(tape, self._convolve(tape, x, 1), 5)
        pooled = self._convolve(tape, tape.apply(Pooling("max", 3, 1, padding=1), x), 1)
        return tape.apply(Concatenation(), small, wide, pooled)

    def _convolve(self, tape: Tape, x: Value, kernel_size: int) -> Value:
        convolution = Convolution(self.width, kernel_size, padding=kernel_size // 2, bias=True)
        return tape.activate(tape.apply(convolution, x), self.activation)
