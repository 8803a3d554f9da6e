"""A layer of its own for smaller maps between stages."""

from typing import ClassVar

from nas_asc.layers.check import NORMS, check_count, check_size, check_word
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Convolution
from nas_asc.layers.shape import Size
from nas_asc.layers.tape import Tape, Value


class Downsampling(Layer):
    """Norm, then a convolution of separate patches, with bias: (C, F, T) to (out_channels, F // stride, T // stride).

    Args:
        out_channels: Channels of the output.
        stride: Also the kernel's size, so that no position is read twice.
        norm: "batch", "layer", "residual", "frequency_instance", or None.

    Raises:
        LayerError: A value is out of range.

    Source:
        Liu et al., "A ConvNet for the 2020s", 2022: separate downsampling layers.
    """

    out_channels: int
    stride: Size = 2
    norm: str | None = "batch"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        check_size(self, "stride")
        check_word(self, "norm", NORMS)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The norm and the convolution."""
        x = tape.normalise(x, self.norm)
        return tape.apply(Convolution(self.out_channels, self.stride, stride=self.stride, bias=True), x)
