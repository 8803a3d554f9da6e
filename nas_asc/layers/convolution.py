"""A convolution with its norm and activation."""

from typing import ClassVar

from nas_asc.layers.branched import check_branches, convolve_branched
from nas_asc.layers.check import (
    ACTIVATIONS,
    NORMS,
    check_count,
    check_flag,
    check_number,
    check_padding,
    check_size,
    check_word,
    fail,
    set_field,
)
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Convolution
from nas_asc.layers.shape import Size, same_padding, to_pair
from nas_asc.layers.tape import Tape, Value


class Conv(Layer):
    """Convolution, norm, activation: (C, F, T) to (out_channels, F', T').

    F' = (F + 2 padding - kernel) // stride + 1 and likewise T'; with `padding="same"`, ceil(F / stride).

    Args:
        out_channels: Channels of the output.
        kernel_size: A number, or (frequency, time).
        stride: A number, or (frequency, time).
        padding: Zeros on each side, or "same", which is half of an odd kernel.
        groups: Channel groups that are convolved apart.
        bias: Whether a bias is added, also before a norm.
        norm: "batch", "layer" (over the channels of each position), "residual", "frequency_instance", or
            None; see `Norm`.
        activation: "relu", "prelu", "gelu", "silu", "hardswish", or None.
        damping: Factor of the kernel's outermost frequency rows, falling linearly from 1 at the centre; None is off.
        branches: Trained as so many convolutions side by side, a 1x1 and the input itself, each with a batch norm,
            that fold into one convolution when deployed (see `BranchedConvolution`); None is off. It needs
            norm="batch", padding="same" and no bias. Costs are those of the one convolution with its bias; the trained
            module has more parameters, and masks of weights do not reach it.

    Raises:
        LayerError: A value is out of range.

    >>> Conv(8, kernel_size=(3, 3), padding="same", norm="batch")
    Conv(8, kernel_size=3, padding=1, norm="batch")
    """

    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size | str = 0
    groups: int = 1
    bias: bool = False
    norm: str | None = None
    activation: str | None = None
    damping: float | None = None
    branches: int | None = None

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        check_size(self, "kernel_size")
        check_size(self, "stride")
        check_padding(self, self.kernel_size)
        check_count(self, "groups")
        if self.out_channels % self.groups:
            must = f"a divisor of out_channels={self.out_channels}"
            raise fail(self, "groups", must=must, value=self.groups)
        check_flag(self, "bias")
        check_word(self, "norm", NORMS)
        check_word(self, "activation", ACTIVATIONS)
        check_damping(self, to_pair(self.kernel_size)[0])
        self._check_branches()

    def _check_branches(self) -> None:
        check_branches(self, self.norm)
        if self.branches is None:
            return
        if self.bias:
            raise fail(self, "bias", must="False for `branches`", value=self.bias, remedy="Their norms bring one.")
        if self.damping is not None:
            raise fail(self, "damping", must="None for `branches`", value=self.damping)
        if to_pair(self.padding) != same_padding(self.kernel_size):  # type: ignore[arg-type]
            raise fail(self, "padding", must='"same" for `branches`', value=self.padding)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The convolution, its norm, its activation."""
        if self.branches is not None:
            shape = (self.out_channels, self.kernel_size)
            y = convolve_branched(tape, x, *shape, stride=self.stride, groups=self.groups, branches=self.branches)
            return tape.activate(y, self.activation)
        assert not isinstance(self.padding, str)
        x = tape.apply(
            Convolution(
                self.out_channels,
                self.kernel_size,
                stride=self.stride,
                padding=self.padding,
                groups=self.groups,
                bias=self.bias,
                damping=self.damping,
            ),
            x,
        )
        return tape.activate(tape.normalise(x, self.norm), self.activation)


def check_damping(layer: Layer, *rows: int) -> None:
    """Raise unless `damping` is None or in (0, 1]; None where it changes no kernel of so many frequency rows."""
    if getattr(layer, "damping") is None:  # noqa: B009
        return
    check_number(layer, "damping", low=0, high=1, open_low=True)
    if getattr(layer, "damping") == 1 or max(rows) == 1:  # noqa: B009
        set_field(layer, "damping", None)
