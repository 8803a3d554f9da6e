"""Ranges of a network in 8 bits, from what calibration clips have in common.

Conventions:
    Each value's range is fitted to the clips in three ways: to the extremes of all of them; to the extremes of most of
    them, so that its mean squared error is least; and so that its mean error as a share of each clip's own size is
    least, in which no clip counts more than another. The way whose probabilities are nearest to the network's own, on
    these clips, is taken.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from nas_asc.compression.group_scale import fit_group_scales
from nas_asc.compression.quantised import LARGEST_ACTIVATION, SMALLEST_SCALE, QuantisedNetwork
from nas_asc.errors import CompressionError
from nas_asc.models import LoweredNetwork

_LEFT_OUT = (0.0, 0.02, 0.05, 0.1, 0.25)  # share of the clips whose extremes may lie beyond a range
_N_SAMPLED = 512  # values of each clip by which errors are judged
_SMALLEST_POWER = 1e-12


def quantise_network(lowered: LoweredNetwork, batches: Sequence[Tensor]) -> QuantisedNetwork:
    """A network in 8 bits whose ranges are fitted to clips.

    Moments are standardised first, each by its own mean and deviation over the clips, and the weights that read them
    follow suit.

    Args:
        lowered: The network in float; gives the same afterwards.
        batches: Standardised log-mels (B, C, F, T) of training clips; 64 clips are enough.

    Raises:
        CompressionError: There are no clips.
    """
    if not batches:
        raise CompressionError("calibration needs clips, but got none. Give training clips.")
    fit_group_scales(lowered, batches)
    network = QuantisedNetwork(lowered).eval()
    fit_ranges(network, batches)
    return network


@torch.inference_mode()
def fit_ranges(network: QuantisedNetwork, batches: Sequence[Tensor]) -> None:
    """Fit the range of each value to clips, whatever it was before.

    Args:
        network: In eval mode.
        batches: Standardised log-mels (B, C, F, T).
    """
    observer = _Observer(network)
    expected = [observer(batch) for batch in batches]
    found: list[tuple[float, Tensor, Tensor]] = []
    for low, high in observer.fit():
        if not any(torch.equal(low, other[1]) and torch.equal(high, other[2]) for other in found):
            network.low.copy_(low)
            network.high.copy_(high)
            distances = [_distances(network(batch), one) for batch, one in zip(batches, expected, strict=True)]
            found.append((float(torch.cat(distances).mean()), low, high))
    _, low, high = min(found, key=lambda one: one[0])
    network.low.copy_(low)
    network.high.copy_(high)


@torch.inference_mode()
def measure_saturation(network: QuantisedNetwork, batches: Sequence[Tensor]) -> float:
    """Share of all values, the input's included, that lie beyond their ranges by half a step or more.

    What a ReLU cuts off is not counted.

    Args:
        network: Calibrated, in eval mode.
        batches: Standardised log-mels (B, C, F, T), at least one.
    """
    counter = _SaturationCounter(network)
    for batch in batches:
        counter(batch)
    return counter.n_beyond / max(counter.n_values, 1)


class _Observer(QuantisedNetwork):
    """Lets values pass in float, and keeps of each clip the extremes and a sample of every value that has a range."""

    def __init__(self, network: QuantisedNetwork) -> None:
        super().__init__(network)
        self.eval()
        self.only = frozenset()
        self._seen: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {}

    def take(self, index: int, value: Tensor) -> Tensor:
        """The value as it is."""
        if self.owner(index) == index:
            flat = value.flatten(1)
            sample = flat[:, :: -(-flat.shape[1] // _N_SAMPLED)]
            self._seen.setdefault(index, []).append((flat.amin(1).clamp(max=0), flat.amax(1).clamp(min=0), sample))
        return value

    def fit(self) -> list[tuple[Tensor, Tensor]]:
        """Lower and upper ends of all values, in each of the ways."""
        ways = [(self.low.clone(), self.high.clone()) for _ in range(3)]
        for index, seen in self._seen.items():
            lows, highs, sample = (torch.cat(parts) for parts in zip(*seen, strict=True))
            ends = _candidates(lows, highs)
            errors = torch.stack([_errors(sample, low, high) for low, high in ends])
            shares = errors / sample.square().mean(1).clamp(min=_SMALLEST_POWER)
            chosen = (0, int(errors.mean(1).argmin()), int(shares.sqrt().mean(1).argmin()))
            for (low, high), choice in zip(ways, chosen, strict=True):
                low[index], high[index] = ends[choice]
        return ways


class _SaturationCounter(QuantisedNetwork):
    """Counts the values that their ranges cut off."""

    def __init__(self, network: QuantisedNetwork) -> None:
        super().__init__(network)
        self.eval()
        self.low, self.high = network.low, network.high
        owners = [self.owner(index) for index in range(len(self.low))]
        self._first = {owner: index for index, owner in reversed(list(enumerate(owners)))}  # in 8 bits from here on
        self.n_beyond, self.n_values = 0, 0

    def take(self, index: int, value: Tensor) -> Tensor:
        """The value in 8 bits."""
        owner = self.owner(index)
        if owner is not None and self._first[owner] == index:
            half = (self.high[owner] - self.low[owner]) / LARGEST_ACTIVATION / 2
            beyond = value > self.high[owner] + half
            if owner == index:
                beyond |= value < self.low[owner] - half
            self.n_beyond += int(beyond.sum())
            self.n_values += value.numel()
        return super().take(index, value)


def _candidates(lows: Tensor, highs: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Ends without the extremes of ever more clips; those of all clips first."""
    lows, highs = lows.sort().values, highs.sort(descending=True).values
    numbers = [int(share * len(lows)) for share in _LEFT_OUT]
    numbers = numbers[:1] + [after for before, after in pairwise(numbers) if after > before]
    return [(lows[number], highs[number]) for number in numbers]


def _errors(sample: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """(n_clips,) mean squared error of values (n_clips, n) in 8 bits."""
    scale = (high - low) / LARGEST_ACTIVATION
    scale = scale.where(scale > SMALLEST_SCALE, 1.0)
    zero_point = (-low / scale).round()
    integers = ((sample / scale).round() + zero_point).clamp(0, LARGEST_ACTIVATION)
    return ((integers - zero_point) * scale - sample).square().mean(1)


def _distances(found: Tensor, expected: Tensor) -> Tensor:
    """(n_clips,) total variation between the probabilities: at most 1, so that no clip decides alone."""
    first, second = (logits.flatten(1).softmax(dim=1) for logits in (found, expected))
    return (first - second).abs().sum(dim=1) / 2
