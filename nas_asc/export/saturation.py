"""How many sums of an ONNX file a processor without 8-bit dot products would cut off, emulated.

Conventions:
    Such a processor (x86-64 without VNNI) multiplies uint8 values by int8 weights and adds two neighbouring products in
    16 bits, where they saturate. Neighbours are channels at one place of a kernel, the places one after another.
    Convolutions of single channels, and weights that serve several steps, go another way, which is exact.
    onnxruntime goes that way everywhere if a session has the entry `EXACT_SUMS`.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas_asc.compression import QuantisedNetwork
from nas_asc.layers import Convolution, Pair, Projection, to_pair
from nas_asc.models import Step

_LEAST, _MOST = -32768, 32767
_LARGEST_VALUE = 255


@torch.inference_mode()
def measure_saturating_sums(network: QuantisedNetwork, clips: Sequence[Tensor]) -> float:
    """Share of the sums of products of two or more channels in which two neighbours saturate.

    Args:
        network: Calibrated, in eval mode.
        clips: Standardised log-mels (1, C, F, T).
    """
    counter = _SumCounter(network)
    for clip in clips:
        counter(clip)
    return counter.n_saturating / max(counter.n_sums, 1)


def find_saturating(values: NDArray[np.uint8], weights: NDArray[np.int8]) -> NDArray[np.bool_]:
    """(n_out, n_places) whether two neighbouring products of a sum saturate.

    Args:
        values: (n, n_places).
        weights: (n_out, n).
    """
    rest = len(values) % 2
    pairs = np.pad(values, ((0, rest), (0, 0))).reshape(-1, 2, values.shape[1]).astype(np.int32)
    factors = np.pad(weights, ((0, 0), (0, rest))).reshape(len(weights), -1, 2).astype(np.int32)
    most, least = factors.clip(min=0).sum(axis=2), factors.clip(max=0).sum(axis=2)
    able = (most * _LARGEST_VALUE > _MOST) | (least * _LARGEST_VALUE < _LEAST)
    found = np.zeros((len(weights), values.shape[1]), dtype=np.bool_)
    for row in np.flatnonzero(able.any(axis=1)):
        chosen = np.flatnonzero(able[row])
        sums = (pairs[chosen] * factors[row, chosen, :, None]).sum(axis=1)
        found[row] = ((sums > _MOST) | (sums < _LEAST)).any(axis=0)
    return found


class _SumCounter(QuantisedNetwork):
    """Runs in 8 bits and counts sums on the way."""

    def __init__(self, network: QuantisedNetwork) -> None:
        super().__init__(network)
        self.eval()
        self.low, self.high = network.low, network.high
        self.n_saturating, self.n_sums = 0, 0
        self._uses = Counter(step.module for step in self.steps)

    def run(self, step: Step, inputs: list[Tensor]) -> Tensor:
        """Output of one step."""
        if isinstance(step.primitive, Convolution | Projection) and self._uses[step.module] == 1:
            self._count(step, inputs[0])
        return super().run(step, inputs)

    def _count(self, step: Step, value: Tensor) -> None:
        module, found = step.module, self.range_of(step.inputs[0])
        assert isinstance(module, nn.Conv2d | nn.Linear)
        if found is None or self.range_of(step.output) is None:
            return
        integers = (value / found.scale).round() + found.zero_point
        scales = self.weight_scales(module)
        weight = (module.weight / scales.reshape(-1, *[1] * (module.weight.ndim - 1))).round()
        if isinstance(module, nn.Linear):
            self._add(integers.reshape(-1, weight.shape[1]).T, weight)
        elif weight.shape[1] > 1 or module.groups == 1:
            assert isinstance(step.primitive, Convolution)
            padding = to_pair(step.primitive.padding)
            self._count_windows(module, integers, weight, padding, found.zero_point)

    def _count_windows(
        self, module: nn.Conv2d, integers: Tensor, weight: Tensor, padding: Pair, zero_point: int
    ) -> None:
        (rows, columns), kernel = padding, weight.shape[2:]
        padded = nn.functional.pad(integers, (columns, columns, rows, rows), value=float(zero_point))
        for values, factors in zip(padded.chunk(module.groups, 1), weight.chunk(module.groups), strict=True):
            windows = nn.functional.unfold(values, kernel, stride=module.stride)[0]
            in_order = (
                windows.unflatten(0, (values.shape[1], -1)).transpose(0, 1).flatten(0, 1)
            )  # places, then channels
            self._add(in_order, factors.permute(0, 2, 3, 1).flatten(1))

    def _add(self, values: Tensor, weights: Tensor) -> None:
        saturating = find_saturating(values.numpy().astype(np.uint8), weights.numpy().astype(np.int8))
        self.n_saturating += int(saturating.sum())
        self.n_sums += saturating.size
