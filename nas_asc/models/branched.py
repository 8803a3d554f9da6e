"""Parallel convolutions that fold into one."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from nas_asc.layers import Pair
from nas_asc.models.module import plain_conv
from nas_asc.models.thinned import thin_out


class BranchedConv2d(nn.Module):
    """Sum of convolutions side by side, each followed by a batch norm, and of the normed input.

    Shape: input (B, in_channels, F, T), output (B, out_channels, ceil(F / stride), ceil(T / stride)).

    Args:
        in_channels: The channels of the input.
        out_channels: The channels of the output.
        kernel_size: Odd; padding is half of it.
        stride: The stride of every branch.
        groups: Channel groups that are convolved apart.
        n_branches: Convolutions of the kernel; one of 1x1 comes with them where the kernel is larger.
        has_identity: Whether the input is a branch.

    Source:
        RepVGG (Ding et al., CVPR 2021) and MobileOne (Vasu et al., CVPR 2023).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair,
        groups: int,
        n_branches: int,
        has_identity: bool,
    ) -> None:
        super().__init__()
        kernels = [kernel_size] * n_branches + [(1, 1)] * (kernel_size != (1, 1))
        self.convolutions = nn.ModuleList(
            thin_out(nn.Conv2d(in_channels, out_channels, kernel, stride, _half(kernel), groups=groups, bias=False))
            for kernel in kernels
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in kernels)
        self.identity_norm = nn.BatchNorm2d(out_channels) if has_identity else None

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        branches = [norm(conv(x)) for conv, norm in zip(self.convolutions, self.norms, strict=True)]
        total: Tensor = branches[0] if self.identity_norm is None else branches[0] + self.identity_norm(x)
        for branch in branches[1:]:
            total = total + branch
        return total

    @torch.no_grad()
    def fold(self) -> nn.Conv2d:
        """The one convolution with a bias that gives the same in eval mode, computed in double precision."""
        first = self.convolutions[0]
        assert isinstance(first, nn.Conv2d)
        kernel = torch.zeros_like(first.weight, dtype=torch.double)
        bias = kernel.new_zeros(first.out_channels)
        for part, norm in self._parts():
            scale, shift = _scale_and_shift(norm)
            kernel += _centre(part.double(), kernel) * scale.reshape(-1, 1, 1, 1)
            bias += shift
        return thin_out(plain_conv(first, kernel, bias)).eval()

    def _parts(self) -> Iterator[tuple[Tensor, nn.BatchNorm2d]]:
        """Kernel of each branch, with its norm."""
        for conv, norm in zip(self.convolutions, self.norms, strict=True):
            yield conv.weight, norm  # type: ignore[misc]
        if self.identity_norm is not None:
            yield _identity_kernel(self.convolutions[0].weight), self.identity_norm  # type: ignore[arg-type]


def _half(kernel: Pair) -> Pair:
    return kernel[0] // 2, kernel[1] // 2


def _centre(small: Tensor, large: Tensor) -> Tensor:
    """A kernel amid zeros, as large as another one."""
    rows, columns = ((large.shape[axis] - small.shape[axis]) // 2 for axis in (2, 3))
    return nn.functional.pad(small, (columns, columns, rows, rows))


def _identity_kernel(like: Tensor) -> Tensor:
    """The 1x1 kernel that leaves every channel as it is, in the groups of another one."""
    channels = torch.arange(like.shape[0], device=like.device)
    kernel = like.new_zeros(*like.shape[:2], 1, 1)
    kernel[channels, channels % like.shape[1]] = 1
    return kernel


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What a batch norm multiplies each channel by and adds to it in eval mode, in double precision."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    return scale, norm.bias.double() - norm.running_mean.double() * scale
