"""The inverted bottleneck of MobileNets and CP-Mobile."""

from typing import ClassVar

from nas_asc.layers.branched import check_branches, convolve_branched
from nas_asc.layers.check import (
    ACTIVATIONS,
    NORMS,
    check_count,
    check_flag,
    check_number,
    check_odd,
    check_size,
    check_word,
)
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Addition, Convolution, Pooling
from nas_asc.layers.shape import Size, make_divisible, same_padding, to_pair
from nas_asc.layers.tape import Tape, Value


class InvertedBottleneck(Layer):
    """1x1 to a wider map, depthwise, 1x1 back: (C, F, T) to (out_channels, ceil(F / stride), ceil(T / stride)).

    A norm follows each convolution, the activation the first two and the whole block; no convolution has a bias.
    Where in and out have one width the input is added, through a 3x3 mean pooling when the block has a stride.

    Args:
        out_channels: Channels of the output.
        expansion: Width of the middle as a multiple of the input's.
        kernel_size: Odd kernel size of the depthwise convolution.
        stride: The stride of the depthwise convolution.
        norm: "batch", "layer", "residual", "frequency_instance", or None.
        activation: "relu", "prelu", "gelu", "silu", "hardswish", or None.
        end_activation: Whether the activation follows the whole block too.
        divisor: The middle's width is rounded to a multiple of this, never below 90 %.
        branches: The depthwise convolution is trained as so many side by side, a 1x1 and the input itself, each with a
            batch norm, that fold into one when deployed (see `BranchedConvolution`); None is off. It needs
            norm="batch". Costs are those of the one convolution with its bias; the trained module has more parameters.

    Raises:
        LayerError: A value is out of range.

    Source:
        DCASE 2024 Task 1 baseline (CP-Mobile without its response normalisation).
    """

    out_channels: int
    expansion: float = 2.0
    kernel_size: Size = 3
    stride: Size = 1
    norm: str | None = "batch"
    activation: str | None = "relu"
    end_activation: bool = True
    divisor: int = 8
    branches: int | None = None

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        check_number(self, "expansion", low=0, high=64, open_low=True)
        check_odd(self, "kernel_size")
        check_size(self, "stride")
        check_word(self, "norm", NORMS)
        check_word(self, "activation", ACTIVATIONS)
        check_flag(self, "end_activation")
        check_count(self, "divisor")
        check_branches(self, self.norm)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The three convolutions, the shortcut, their sum."""
        width = make_divisible(x.shape[0] * self.expansion, self.divisor)
        y = self._convolve(tape, x, Convolution(width, 1))
        y = tape.activate(y, self.activation)
        y = tape.activate(self._convolve_depthwise(tape, y), self.activation)
        y = self._convolve(tape, y, Convolution(self.out_channels, 1))
        if x.shape[0] == self.out_channels:
            y = tape.apply(Addition(), y, self._shortcut(tape, x))
        return tape.activate(y, self.activation) if self.end_activation else y

    def _convolve_depthwise(self, tape: Tape, x: Value) -> Value:
        width, kernel, stride = x.shape[0], self.kernel_size, self.stride
        if self.branches is not None:
            return convolve_branched(tape, x, width, kernel, stride=stride, groups=width, branches=self.branches)
        padding = same_padding(kernel)
        return self._convolve(tape, x, Convolution(width, kernel, stride=stride, padding=padding, groups=width))

    def _convolve(self, tape: Tape, x: Value, convolution: Convolution) -> Value:
        return tape.normalise(tape.apply(convolution, x), self.norm)

    def _shortcut(self, tape: Tape, x: Value) -> Value:
        if to_pair(self.stride) == (1, 1):
            return x
        return tape.apply(Pooling("mean", 3, self.stride, padding=1), x, name="shortcut_pool")
