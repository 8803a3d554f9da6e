"""Broadcast residual blocks: two-dimensional in frequency, one-dimensional in time."""

from typing import ClassVar

from nas_asc.layers.check import ACTIVATIONS, check_count, check_number, check_odd, check_word, fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Addition, Convolution, RandomZeroing, SubSpectralNorm
from nas_asc.layers.reduction import AxisMean
from nas_asc.layers.shape import same_padding
from nas_asc.layers.tape import Tape, Value


class BroadcastResidual(Layer):
    """Broadcast residual block: (C, F, T) to (out_channels, F, T).

    Where the width changes: 1x1 convolution, batch norm, ReLU. Then a depthwise convolution over frequency with
    sub-spectral norm; its mean over frequency passes a depthwise convolution over time with batch norm and the inner
    activation, a 1x1 convolution and a dropout, and is added to every band. Where the width is kept the input is
    added too. ReLU last. No convolution has a bias.

    Args:
        out_channels: Channels of the output.
        kernel_size: Odd size of the depthwise kernels.
        n_bands: Sub-bands of the norm after the frequency convolution, each with scale and bias of its own; one is a
            batch norm.
        activation: After the time convolution: "relu", "prelu", "gelu", "silu", "hardswish".
        dropout: Share of the added values that are zero in training.

    Raises:
        LayerError: A value is out of range.

    Source:
        Kim et al., "Broadcasted residual learning for efficient keyword spotting", Interspeech 2021; as BC-ResNet-Mod
        in Kim et al., DCASE 2021 Task 1A.
    """

    out_channels: int
    kernel_size: int = 3
    n_bands: int = 4
    activation: str = "silu"
    dropout: float = 0.0

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        check_odd(self, "kernel_size")
        if not isinstance(self.kernel_size, int):
            raise fail(self, "kernel_size", must="one odd number for both kernels", value=self.kernel_size)
        check_count(self, "n_bands")
        check_word(self, "activation", ACTIVATIONS)
        if self.activation is None:
            raise fail(self, "activation", must="a name", value=None, remedy='Use "silu".')
        check_number(self, "dropout", low=0, high=0.95)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The change of width, the frequency part, the time part, their sum."""
        keeps_width = x.shape[0] == self.out_channels
        identity = x
        if not keeps_width:
            x = tape.apply(Convolution(self.out_channels, 1), x, name="width_conv")
            x = tape.activate(tape.normalise(x, "batch"), "relu")
        x = self._convolve(tape, x, (self.kernel_size, 1))
        x = (
            tape.apply(SubSpectralNorm(self.n_bands, per_band=True), x)
            if self.n_bands > 1
            else tape.normalise(x, "batch")
        )
        y = self._convolve(tape, tape.apply(AxisMean("frequency"), x), (1, self.kernel_size))
        y = tape.activate(tape.normalise(y, "batch"), self.activation)
        y = tape.apply(Convolution(self.out_channels, 1), y)
        y = tape.apply(RandomZeroing(self.dropout), y) if self.dropout else y
        x = tape.apply(Addition(), x, y)
        return tape.activate(tape.apply(Addition(), x, identity) if keeps_width else x, "relu")

    def _convolve(self, tape: Tape, x: Value, kernel_size: tuple[int, int]) -> Value:
        padding = same_padding(kernel_size)
        return tape.apply(Convolution(self.out_channels, kernel_size, padding=padding, groups=self.out_channels), x)
