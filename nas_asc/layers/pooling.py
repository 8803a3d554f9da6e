"""Pooling layers."""

from typing import ClassVar

from nas_asc.layers.check import check_pool_padding, check_size, set_field
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Pooling
from nas_asc.layers.shape import Size
from nas_asc.layers.tape import Tape, Value


class MaxPool(Layer):
    """Largest value of a sliding window: (C, F, T) to (C, (F + 2 padding - kernel) // stride + 1, likewise T).

    Args:
        kernel_size: A number, or (frequency, time).
        stride: A number, or (frequency, time); None is the kernel's size.
        padding: Cells on each side that never win, at most half the kernel.

    Raises:
        LayerError: A value is out of range.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_pool(self)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The pooling."""
        return tape.apply(Pooling("max", self.kernel_size, _stride_of(self), self.padding), x)


class AvgPool(Layer):
    """Mean value of a sliding window: (C, F, T) to (C, (F + 2 padding - kernel) // stride + 1, likewise T).

    Args:
        kernel_size: A number, or (frequency, time).
        stride: A number, or (frequency, time); None is the kernel's size.
        padding: Zeros on each side, which count in the mean; at most half the kernel.

    Raises:
        LayerError: A value is out of range.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_pool(self)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The pooling."""
        return tape.apply(Pooling("mean", self.kernel_size, _stride_of(self), self.padding), x)


def _check_pool(layer: MaxPool | AvgPool) -> None:
    check_size(layer, "kernel_size")
    if layer.stride is not None:
        check_size(layer, "stride")
        if layer.stride == layer.kernel_size:
            set_field(layer, "stride", None)
    check_pool_padding(layer, layer.kernel_size)


def _stride_of(layer: MaxPool | AvgPool) -> Size:
    return layer.kernel_size if layer.stride is None else layer.stride
