"""A way round a fault of torch in convolutions of one bin."""

from types import MethodType

from torch import Tensor, nn


def thin_out(conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution itself; where it is of one bin and its strides differ, it drops the bins it skips beforehand.

    On a CPU with AVX-512, the weight gradient of torch 2.14 writes beyond its memory for such strides where channels
    are no multiple of eight and lie side by side: processes crash.

    Args:
        conv: Its values and parameters stay the same.
    """
    if conv.kernel_size == (1, 1) and conv.padding == (0, 0) and conv.stride[0] != conv.stride[1]:
        conv._conv_forward = MethodType(_thin_out_first, conv)  # type: ignore[method-assign]
    return conv


def _thin_out_first(conv: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return nn.functional.conv2d(nn.functional.avg_pool2d(x, 1, conv.stride), weight, bias, groups=conv.groups)
