"""A convolution that is trained as several branches and deployed as one."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from nas_asc.errors import LayerError
from nas_asc.layers.check import check_count, check_odd, fail
from nas_asc.layers.operation import Convolution
from nas_asc.layers.primitive import Counts, Primitive
from nas_asc.layers.shape import Pair, Shape, Size, same_padding, to_pair
from nas_asc.layers.tape import Tape, Value


@dataclass(frozen=True)
class BranchedConvolution(Primitive):
    """Sum of parallel convolutions, each with a batch norm of its own, that fold into one convolution with a bias.

    The branches are `branches` convolutions of the kernel, one of 1x1 where the kernel is larger, and with `identity`
    the input itself. Padding is half the kernel. Its counts are those of the one
    convolution, which is what is deployed and submitted; the trained module has more parameters.

    Args:
        out_channels: Channels of the output, a multiple of `groups`.
        kernel_size: (frequency, time) of the kernel, odd.
        stride: Step of the kernel.
        groups: Channel groups that are convolved apart.
        branches: Convolutions of the kernel.
        identity: Whether the input is a branch; then stride is 1 and input and output have equally many channels.

    Source:
        Ding et al., "RepVGG: making VGG-style ConvNets great again", CVPR 2021 (one branch); Vasu et al., "MobileOne",
        CVPR 2023 (several).
    """

    out_channels: int
    kernel_size: Size
    stride: Size = 1
    groups: int = 1
    branches: int = 1
    identity: bool = False

    word: ClassVar[str] = "conv"

    @cached_property
    def folded(self) -> Convolution:
        """The one convolution."""
        padding = same_padding(self.kernel_size)
        return Convolution(
            self.out_channels, self.kernel_size, stride=self.stride, padding=padding, groups=self.groups, bias=True
        )

    @property
    def n_kernels(self) -> int:
        """Convolutions that are trained."""
        return self.branches + (to_pair(self.kernel_size) != (1, 1))

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(out_channels, F, T)."""
        shape = self.folded.out_shape(*in_shapes)
        if self.identity and shape != in_shapes[0]:
            raise LayerError(f"`identity` must be False where {in_shapes[0]} becomes {shape}, but got identity=True.")
        return shape

    def counts(self, *in_shapes: Shape) -> Counts:
        """Those of the one convolution with its bias."""
        return self.folded.counts(*in_shapes)

    def window(self) -> tuple[Pair, Pair] | None:
        """Its kernel and stride."""
        return self.folded.window()


def convolve_branched(
    tape: Tape, x: Value, out_channels: int, kernel_size: Size, *, stride: Size, groups: int, branches: int
) -> Value:
    """Write a branched convolution, whose input is a branch wherever it can be."""
    identity = x.shape[0] == out_channels and to_pair(stride) == (1, 1)
    primitive = BranchedConvolution(out_channels, kernel_size, stride, groups, branches, identity)
    return tape.apply(primitive, x)


def check_branches(layer: object, norm: str | None) -> None:
    """Raise unless `branches` is None, or a count on a layer whose batch norms and odd kernel can fold."""
    if getattr(layer, "branches") is None:  # noqa: B009
        return
    check_count(layer, "branches")
    check_odd(layer, "kernel_size", why=" for `branches`")
    if norm != "batch":
        remedy = "Only batch norms fold; give branches=None."
        raise fail(layer, "norm", must='"batch" for `branches`', value=norm, remedy=remedy)
