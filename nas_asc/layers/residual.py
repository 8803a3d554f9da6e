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
        n_bands: Sub-bands of the branch's last batch norm (sub-spectral normalisation), which then has scale and bias.

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
    n_bands: int = 1

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
        check_count(self, "n_bands")
        if self.n_bands > 1 and not self.bn_affine:
            raise fail(self, "n_bands", must="1 without bn_affine", value=self.n_bands)
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
            n_bands = self.n_bands if index == len(self.kernels) - 1 else 1
            branch = tape.normalise(branch, "batch", affine=self.bn_affine, n_bands=n_bands)
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


class SharedResidual(Layer):
    """A residual block run several times with the same convolutions; each run has norms of its own.

    A run is two or more convolutions with a norm each, the activation between them, the input added, the activation.
    The weights count once, the products of each run count as MACs. The width stays.

    Args:
        n_runs: How often the block runs.
        kernels: Odd kernel size of each convolution.
        n_bands: Sub-bands of each run's last batch norm (sub-spectral normalisation).
        activation: "relu", "prelu", "gelu", "silu", "hardswish".

    Raises:
        LayerError: A value is out of range.

    Source:
        QTI, DCASE 2020 Task 1B: shared residual blocks with private norms.
    """

    n_runs: int
    kernels: tuple[Size, ...] = (1, 1)
    n_bands: int = 1
    activation: str = "relu"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self, "n_runs")
        set_field(self, "kernels", Residual(1, kernels=self.kernels, activation=self.activation).kernels)
        check_count(self, "n_bands")

    def expand(self, tape: Tape, x: Value) -> Value:
        """The runs, one after the other."""
        first_run: list[Value] = []
        for _ in range(self.n_runs):
            branch = x
            for index, kernel in enumerate(self.kernels):
                branch = tape.activate(branch, self.activation) if index else branch
                convolution = Convolution(x.shape[0], kernel, padding=same_padding(kernel))
                known = first_run[index] if index < len(first_run) else None
                branch = tape.apply(convolution, branch, reuse=known)
                first_run += [branch] if known is None else []
                n_bands = self.n_bands if index == len(self.kernels) - 1 else 1
                branch = tape.normalise(branch, "batch", n_bands=n_bands)
            x = tape.activate(tape.apply(Addition(), branch, x), self.activation)
        return x
