"""Time and frequency convolved apart, each on one half of the channels."""

from typing import ClassVar

from nas_asc.layers.check import ACTIVATIONS, NORMS, check_count, check_number, check_odd, check_word, fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Addition, ChannelRoll, ChannelSlice, Concatenation, Convolution, RandomZeroing
from nas_asc.layers.reduction import AxisMean
from nas_asc.layers.shape import same_padding
from nas_asc.layers.tape import Tape, Value


class TimeFrequencySeparable(Layer):
    """One half of the channels convolved over frequency, one over time: (C, F, T) to (out_channels, F, T).

    Where the width changes, a 1x1 convolution first. The channels are rolled by a quarter, so that either half takes
    from both halves of the block before. The first half passes a depthwise convolution over frequency, its mean over
    frequency a 1x1 convolution, and the result is added to every band; the second half likewise over time and to every
    frame. Norm and activation follow each convolution; none has a bias.

    Args:
        out_channels: Channels of the output, a multiple of 4.
        kernel_size: Odd size of the depthwise kernels.
        norm: "batch", "layer", "residual", "frequency_instance", or None.
        activation: "relu", "prelu", "gelu", "silu", "hardswish", or None.
        dropout: Share of the added values that are zero in training.

    Raises:
        LayerError: A value is out of range.

    Source:
        In the style of Cai et al., "TF-SepNet: an efficient 1D kernel design in CNNs for low-complexity acoustic scene
        classification", ICASSP 2024, which shuffles the channels where this rolls them.
    """

    out_channels: int
    kernel_size: int = 3
    norm: str | None = "batch"
    activation: str | None = "relu"
    dropout: float = 0.0

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        if self.out_channels % 4:
            raise fail(self, "out_channels", must="a multiple of 4", value=self.out_channels)
        check_odd(self, "kernel_size")
        if not isinstance(self.kernel_size, int):
            raise fail(self, "kernel_size", must="one odd number for both kernels", value=self.kernel_size)
        check_word(self, "norm", NORMS)
        check_word(self, "activation", ACTIVATIONS)
        check_number(self, "dropout", low=0, high=0.95)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The change of width, the two halves, their concatenation."""
        if x.shape[0] != self.out_channels:
            x = self._convolve(tape, x, Convolution(self.out_channels, 1))
        x = tape.apply(ChannelRoll(self.out_channels // 4), x)
        half, kernel = self.out_channels // 2, self.kernel_size
        one = self._convolve_half(tape, tape.apply(ChannelSlice(0, half), x), "frequency", (kernel, 1))
        other = self._convolve_half(tape, tape.apply(ChannelSlice(half, 2 * half), x), "time", (1, kernel))
        return tape.apply(Concatenation(), one, other)

    def _convolve_half(self, tape: Tape, x: Value, axis: str, kernel_size: tuple[int, int]) -> Value:
        half = x.shape[0]
        depthwise = Convolution(half, kernel_size, padding=same_padding(kernel_size), groups=half)
        y = tape.apply(AxisMean(axis), self._convolve(tape, x, depthwise))
        y = self._convolve(tape, y, Convolution(half, 1))
        y = tape.apply(RandomZeroing(self.dropout), y) if self.dropout else y
        return tape.apply(Addition(), x, y)

    def _convolve(self, tape: Tape, x: Value, convolution: Convolution) -> Value:
        return tape.activate(tape.normalise(tape.apply(convolution, x), self.norm), self.activation)
