"""The modules that torch does not bring: damped convolution, norms, pooling and tensor moves.

Conventions:
    Tensors are (B, C, F, T). Class names decide how torchinfo counts: only a name with "Conv" is a convolution.
"""

from typing import Any

import torch
from torch import Tensor, nn


class DampedConv2d(nn.Conv2d):
    """Convolution whose kernel rows weigh less the further they are from the centre in frequency.

    Shape: input (B, C, F, T), output (B, out_channels, F', T') as `torch.nn.Conv2d`.

    Args:
        args: As for `torch.nn.Conv2d`.
        damping: Factor of the outermost rows; between them and the centre, where it is 1, it falls linearly.
        options: As for `torch.nn.Conv2d`.

    Source:
        Koutini et al., "Receptive-field regularised CNNs": frequency-damped convolutions.

    >>> DampedConv2d(1, 1, 5, damping=0.1).damping.flatten()
    tensor([0.1000, 0.5500, 1.0000, 0.5500, 0.1000])
    """

    damping: Tensor

    def __init__(self, *args: Any, damping: float, **options: Any) -> None:
        super().__init__(*args, **options)
        n_rows = self.kernel_size[0]
        centre = (n_rows - 1) / 2
        distance = (torch.arange(n_rows) - centre).abs() / max(centre, 1)
        factors = (1 - (1 - damping) * distance).reshape(1, 1, n_rows, 1)
        self.register_buffer("damping", factors, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolution with the damped weight."""
        return self._conv_forward(x, self.weight * self.damping, self.bias)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position.

    Shape: input (B, C, F, T), output the same.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Each position's channels with mean 0 and deviation 1, scaled and shifted."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class GlobalMean(nn.Module):
    """Mean of each channel's map.

    Shape: input (B, C, F, T), output (B, C).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Mean over F and T."""
        return x.mean((2, 3))


class GlobalMax(nn.Module):
    """Largest value of each channel's map.

    Shape: input (B, C, F, T), output (B, C).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Maximum over F and T."""
        return x.amax((2, 3))


class Addition(nn.Module):
    """Sum of two tensors of one shape."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The sum."""
        return first + second


class Concatenation(nn.Module):
    """Channels of several maps, one after the other.

    Shape: inputs (B, C_i, F, T), output (B, sum of C_i, F, T).
    """

    def forward(self, *branches: Tensor) -> Tensor:
        """The maps side by side."""
        return torch.cat(branches, dim=1)


class ChannelRoll(nn.Module):
    """Channels shifted circularly: channel c goes to c + shift.

    Shape: input (B, C, F, T), output the same.

    Args:
        shift: Channels to shift by.
    """

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def extra_repr(self) -> str:
        """The shift, for print."""
        return f"shift={self.shift}"

    def forward(self, x: Tensor) -> Tensor:
        """The rolled map."""
        return torch.cat([x[:, -self.shift :], x[:, : -self.shift]], dim=1)  # torch.roll loses channels-last
