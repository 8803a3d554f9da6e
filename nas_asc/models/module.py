"""The modules that torch does not bring, norms aside: damped convolution, pooling and tensor moves.

Conventions:
    Tensors are (B, C, F, T). Class names decide how torchinfo counts: only a name with "Conv" is a convolution.
    Maps are kept in channels-last memory, their gradients too: on a CPU torch's batch norms take four times as long
    where a map and its gradient differ.
"""

import math
from collections.abc import Sequence
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


@torch.no_grad()
def plain_conv(like: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """A plain convolution of the shape of another one, on its device and of its type.

    Args:
        like: Gives sizes, stride, padding and groups.
        weight: As that of `like`.
        bias: (out_channels,); None is none.
    """
    given: Any = like  # its sizes are pairs, which torch's types do not know
    sizes = (given.kernel_size, given.stride, given.padding)
    conv = nn.Conv2d(like.in_channels, like.out_channels, *sizes, groups=like.groups, bias=bias is not None)
    conv.to(like.weight)
    conv.weight.copy_(weight)
    if conv.bias is not None and bias is not None:
        conv.bias.copy_(bias)
    return conv


def mean_along(x: Tensor, axis: int) -> Tensor:
    """Mean along one axis, which stays with one bin; its gradient has the memory format of the map.

    Args:
        x: (B, C, F, T).
        axis: 2 or 3.
    """
    if not x.is_contiguous(memory_format=torch.channels_last):
        return x.mean(axis, keepdim=True)
    return nn.functional.avg_pool2d(x, (x.shape[2], 1) if axis == 2 else (1, x.shape[3]))


class GlobalMean(nn.Module):
    """Mean of each channel's map.

    Shape: input (B, C, F, T), output (B, C).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Mean over F and T."""
        return mean_along(mean_along(x, 3), 2).flatten(1)


class GlobalMax(nn.Module):
    """Largest value of each channel's map.

    Shape: input (B, C, F, T), output (B, C).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Maximum over F and T."""
        return x.amax((2, 3))


class AxisMean(nn.Module):
    """Mean along one axis of a map.

    Shape: input (B, C, F, T), output (B, C, 1, T) for "frequency", (B, C, F, 1) for "time".

    Args:
        axis: "frequency" or "time".
    """

    def __init__(self, axis: str) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """The mean."""
        return mean_along(x, 2 if self.axis == "frequency" else 3)


class TimeMoments(nn.Module):
    """Moments of each band over time.

    Shape: input (B, C, F, T), output (B, n C F), moment by moment.

    Args:
        kinds: Some of "mean", "variance", "skewness", "kurtosis", "hyperskewness".

    Source:
        FAU, DCASE 2022 Task 1: the standardised moments up to the fifth.
    """

    def __init__(self, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self.kinds = kinds

    def forward(self, x: Tensor) -> Tensor:
        """The moments; a band without any change has zero for the standardised ones."""
        mean = x.mean(3, keepdim=True)
        centred = x - mean
        variance = (centred * centred).mean(3, keepdim=True)
        standard = centred / (variance + 1e-5).sqrt()
        found = {"mean": mean, "variance": variance}
        orders = {"skewness": 3, "kurtosis": 4, "hyperskewness": 5}
        found |= {kind: standard.pow(orders[kind]).mean(3, keepdim=True) for kind in self.kinds if kind in orders}
        return torch.cat([found[kind].flatten(1) for kind in self.kinds], dim=1)


class GroupScale(nn.Module):
    """Standardises groups of features, each by numbers that are measured, not trained; at first it gives what it takes.

    Shape: input (B, n_groups n), group by group; output the same.

    Args:
        n_groups: Groups of equally many features.

    Attributes:
        shift: (n_groups,) what is taken off.
        scale: (n_groups,) what divides then.
    """

    def __init__(self, n_groups: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(n_groups), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(n_groups), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """The groups, standardised."""
        grouped = x.unflatten(1, (len(self.scale), -1))
        return ((grouped - self.shift[:, None]) / self.scale[:, None]).flatten(1)


class LogitSum(nn.Module):
    """Sum of several tensors (B, K)."""

    def forward(self, *logits: Tensor) -> Tensor:
        """The sum."""
        return torch.stack(logits).sum(0)


class ProbabilityMean(nn.Module):
    """Logarithm of the mean of the class probabilities of several tensors of logits (B, K)."""

    def forward(self, *logits: Tensor) -> Tensor:
        """The logarithm, whose softmax is the mean."""
        return torch.stack([one.log_softmax(1) for one in logits]).logsumexp(0) - math.log(len(logits))


class Addition(nn.Module):
    """Sum of two tensors of one shape, or of maps of which one is repeated along a side where it has one bin."""

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
        shift = self.shift % x.shape[1]
        first, last = x.split([x.shape[1] - shift, shift], dim=1)
        return torch.cat([last, first], dim=1)  # torch.roll loses channels-last, as does the gradient of a slice


class AttentivePooling(nn.Module):
    """Mean of each channel's map weighted by the softmax of its group's scores.

    Shape: inputs (B, C, F, T) and (B, G, F, T), output (B, C).
    """

    def forward(self, x: Tensor, scores: Tensor) -> Tensor:
        """The weighted mean."""
        n_clips, channels, groups = x.shape[0], x.shape[1], scores.shape[1]
        weights = (scores.flatten(2) / channels**0.5).softmax(dim=2)
        values = x.reshape(n_clips, groups, channels // groups, -1)
        return (values @ weights[..., None]).reshape(n_clips, channels)


def split_channels(x: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Maps (B, size, F, T) of channels one after the other, each dense, in the memory format of the whole.

    Args:
        x: (B, C, F, T).
        sizes: Channels of each; their sum is C.
    """
    is_last = x.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if is_last else torch.contiguous_format
    return [part.contiguous(memory_format=layout) for part in x.split(list(sizes), dim=1)]


class ChannelSlice(nn.Module):
    """Some of the channels, one after the other.

    Shape: input (B, C, F, T), output (B, stop - start, F, T).

    Args:
        start: First channel.
        stop: Channel after the last.
    """

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def extra_repr(self) -> str:
        """The channels, for print."""
        return f"{self.start}, {self.stop}"

    def forward(self, x: Tensor) -> Tensor:
        """The channels asked for."""
        return x[:, self.start : self.stop]


class Reshape(nn.Module):
    """Another shape of the same elements.

    Args:
        shape: The shape of each clip, without the batch.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """The elements in their new shape."""
        return x.reshape(-1, *self.shape)


class Product(nn.Module):
    """Product of two tensors of one shape."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The product of each pair of elements."""
        return first * second


class MatrixProduct(nn.Module):
    """Matrix product of two tensors (B, G, n, m) and (B, G, m, k)."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The product."""
        return first @ second


class ScaledSoftmax(nn.Module):
    """Softmax over the last dimension of the input times `scale`."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """The softmax."""
        return (x * self.scale).softmax(dim=-1)
