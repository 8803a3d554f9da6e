"""The residual block of CP-ResNet."""

from typing import ClassVar

from nas_asc.layers.check import (
    ACTIVATIONS,
    check_count,
    check_flag,
    check_word,
    fail,
    set_field,
    shorten_size,
)
from nas_asc.layers.convolution import check_damping
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Addition, ChannelRoll, Convolution
from nas_asc.layers.shape import Size, same_padding, to_pair
from nas_asc.layers.tape import Tape, Value


class Residual(Layer):
    """Convolutions with batch norms beside an identity: (C, F, T) to (out_channels, F, T).

    Every convolution is padded to keep the map and is followed by a batch norm, all but the last by the activation;
    the input is added, then the activation. Where the widths differ the input passes an ungrouped 1x1 convolution
    with a batch norm of its own. No convolution has a bias.

    Args:
        out_channels: Channels of the output.
        kernels: Odd kernel size of each convolution.
        groups: Channel groups of these convolutions.
        roll: Whether the branch's input is rolled over channels by C / groups; the identity never is.
        bn_affine: Whether the branch's batch norms have scale and bias; the shortcut's always has.
        damping: Factor of the kernels' outermost frequency rows; None is off.
        activation: "relu", "prelu", "gelu", "silu", "hardswish".

    Raises:
        LayerError: A value is out of range.

    Source:
        Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21": receptive-field regularised, grouped, damped.

    >>> Residual(64, kernels=(3, 1), roll=True)
    Residual(64, kernels=(3, 1))
    """

    out_channels: int
    kernels: tuple[Size, ...] = (3, 3)
    groups: int = 1
    roll: bool = False
    bn_affine: bool = True
    damping: float | None = None
    activation: str = "relu"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "out_channels")
        sizes = tuple(map(shorten_size, self.kernels)) if isinstance(self.kernels, tuple) else ()
        if not sizes or not all(size is not None and all(side % 2 for side in to_pair(size)) for size in sizes):
            raise fail(self, "kernels", must="a tuple of odd kernel sizes such as (3, 1)", value=self.kernels)
        set_field(self, "kernels", sizes)
        check_count(self, "groups")
        if self.out_channels % self.groups:
            raise fail(self, "groups", must=f"a divisor of out_channels={self.out_channels}", value=self.groups)
        check_flag(self, "roll")
        check_flag(self, "bn_affine")
        check_damping(self, *(to_pair(kernel)[0] for kernel in self.kernels))
        check_word(self, "activation", ACTIVATIONS)
        if self.activation is None:
            raise fail(self, "activation", must="a name", value=None, remedy='Use "relu".')
        if self.groups == 1:
            set_field(self, "roll", False)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The branch, the shortcut, their sum."""
        branch = x
        if self.roll and x.shape[0] % self.groups == 0:
            branch = tape.apply(ChannelRoll(x.shape[0] // self.groups), x)
        for index, kernel in enumerate(self.kernels):
            branch = tape.activate(branch, self.activation) if index else branch
            branch = tape.apply(self._convolution(kernel), branch)
            branch = tape.normalise(branch, "batch", affine=self.bn_affine)
        return tape.activate(tape.apply(Addition(), branch, self._shortcut(tape, x)), self.activation)

    def _convolution(self, kernel: Size) -> Convolution:
        damping = None if to_pair(kernel)[0] == 1 else self.damping
        padding = same_padding(kernel)
        return Convolution(self.out_channels, kernel, padding=padding, groups=self.groups, damping=damping)

    def _shortcut(self, tape: Tape, x: Value) -> Value:
        if x.shape[0] == self.out_channels:
            return x
        x = tape.apply(Convolution(self.out_channels, 1), x, name="shortcut_conv")
        return tape.normalise(x, "batch")
