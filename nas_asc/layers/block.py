"""Residual blocks with a stride, a choice of norm, and a choice of the places where the activation stands."""

from typing import ClassVar

from nas_asc.layers.check import (
    ACTIVATIONS,
    NORMS,
    check_count,
    check_flag,
    check_number,
    check_odd,
    check_size,
    check_word,
    fail,
)
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Addition, Convolution
from nas_asc.layers.shape import Size, make_divisible, same_padding
from nas_asc.layers.tape import Tape, Value


class BasicBlock(Layer):
    """Two convolutions beside an identity: (C, F, T) to (out_channels, ceil(F / stride), ceil(T / stride)).

    A norm follows each convolution; the activation stands after the first, and after the sum. Where the block changes
    the shape its input passes an ungrouped 1x1 convolution with the stride and a norm. No convolution has a bias.

    Args:
        out_channels: Channels of the output.
        kernel_size: Odd kernel size of both convolutions.
        stride: The stride of the first convolution.
        norm: "batch", "layer", "residual", "frequency_instance", or None.
        activation: "relu", "prelu", "gelu", "silu", "hardswish".
        first_activation: Whether the activation follows the first convolution.
        last_activation: Whether it follows the sum.

    Raises:
        LayerError: A value is out of range.

    Source:
        He et al., "Deep residual learning for image recognition", 2016.
    """

    out_channels: int
    kernel_size: Size = 3
    stride: Size = 1
    norm: str | None = "batch"
    activation: str = "relu"
    first_activation: bool = True
    last_activation: bool = True

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_block(self)
        check_flag(self, "first_activation")
        check_flag(self, "last_activation")

    def expand(self, tape: Tape, x: Value) -> Value:
        """The two convolutions, the shortcut, their sum."""
        padding = same_padding(self.kernel_size)
        convolution = Convolution(self.out_channels, self.kernel_size, stride=self.stride, padding=padding)
        y = tape.normalise(tape.apply(convolution, x), self.norm)
        y = tape.activate(y, self.activation if self.first_activation else None)
        y = tape.apply(Convolution(self.out_channels, self.kernel_size, padding=padding), y)
        y = _add_input(tape, tape.normalise(y, self.norm), x, self.stride, self.norm)
        return tape.activate(y, self.activation if self.last_activation else None)


class Bottleneck(Layer):
    """1x1, grouped or depthwise, 1x1 beside an identity: (C, F, T) to (out_channels, ceil(F / stride), ...).

    ResNeXt's block with `groups` and an expansion below 1, an inverted bottleneck without `groups` and with one above.
    A norm follows each convolution; the activation stands after the first, after the middle one, and after the sum.
    Where the block changes the shape its input passes a 1x1 convolution with the stride and a norm. No convolution
    has a bias.

    Args:
        out_channels: Channels of the output.
        expansion: Width of the middle as a multiple of C, rounded to a multiple of `groups`.
        kernel_size: Odd kernel size of the middle convolution.
        stride: The stride of the middle convolution.
        groups: Its channel groups; None is depthwise.
        norm: "batch", "layer", "residual", "frequency_instance", or None.
        activation: "relu", "prelu", "gelu", "silu", "hardswish".
        first_activation: Whether the activation follows the first convolution.
        middle_activation: Whether it follows the middle one.
        last_activation: Whether it follows the sum.

    Raises:
        LayerError: A value is out of range.

    Source:
        Xie et al., "Aggregated residual transformations for deep neural networks", 2017; Sandler et al., "MobileNetV2",
        2018; Liu et al., "A ConvNet for the 2020s", 2022, for the fewer activations.

    >>> Bottleneck(64, expansion=0.5, groups=8)
    Bottleneck(64, expansion=0.5, groups=8)
    """

    out_channels: int
    expansion: float = 2.0
    kernel_size: Size = 3
    stride: Size = 1
    groups: int | None = None
    norm: str | None = "batch"
    activation: str = "relu"
    first_activation: bool = True
    middle_activation: bool = True
    last_activation: bool = True

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_block(self)
        check_number(self, "expansion", low=0, high=64, open_low=True)
        if self.groups is not None:
            check_count(self, "groups")
        for name in ("first_activation", "middle_activation", "last_activation"):
            check_flag(self, name)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The three convolutions, the shortcut, their sum."""
        width = make_divisible(x.shape[0] * self.expansion, self.groups or 1)
        y = tape.normalise(tape.apply(Convolution(width, 1), x), self.norm)
        y = tape.activate(y, self.activation if self.first_activation else None)
        padding, groups = same_padding(self.kernel_size), self.groups or width
        middle = Convolution(width, self.kernel_size, stride=self.stride, padding=padding, groups=groups)
        y = tape.normalise(tape.apply(middle, y), self.norm)
        y = tape.activate(y, self.activation if self.middle_activation else None)
        y = tape.normalise(tape.apply(Convolution(self.out_channels, 1), y), self.norm)
        y = _add_input(tape, y, x, self.stride, self.norm)
        return tape.activate(y, self.activation if self.last_activation else None)


def _check_block(layer: BasicBlock | Bottleneck) -> None:
    check_count(layer, "out_channels")
    check_odd(layer, "kernel_size")
    check_size(layer, "stride")
    check_word(layer, "norm", NORMS)
    check_word(layer, "activation", ACTIVATIONS)
    if layer.activation is None:
        raise fail(layer, "activation", must="a name", value=None, remedy='Use "relu".')


def _add_input(tape: Tape, branch: Value, x: Value, stride: Size, norm: str | None) -> Value:
    """The branch plus the block's input, through a strided 1x1 convolution where the block changes width or stride."""
    if branch.shape[0] != x.shape[0] or stride != 1:
        x = tape.apply(Convolution(branch.shape[0], 1, stride=stride), x, name="shortcut_conv")
        x = tape.normalise(x, norm)
    return tape.apply(Addition(), branch, x)
