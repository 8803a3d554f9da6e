"""Which steps of a network lose most to 8 bits."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nas_asc.compression.quantised import QuantisedNetwork


@dataclass(frozen=True)
class StepNoise:
    """What the logits lose when one step alone is quantised.

    Args:
        name: The name of the step, such as "3.conv2"; "input" for the log-mel.
        sqnr_db: Power of the logits over that of their change, in dB; the lower, the worse.
    """

    name: str
    sqnr_db: float


def measure_noise(network: QuantisedNetwork, clips: Tensor) -> tuple[StepNoise, ...]:
    """Signal-to-quantisation-noise ratio at the logits of each step that is quantised, the worst first.

    Args:
        network: Calibrated, in eval mode.
        clips: Standardised log-mels (B, C, F, T).
    """
    names = ("input", *(step.name for step in network.steps))
    with torch.inference_mode():
        try:
            network.only = frozenset()
            expected = network(clips)
            found = []
            for index, name in enumerate(names):
                if network.owner(index) is not None:
                    network.only = frozenset((index,))
                    found.append(StepNoise(name, _ratio_db(expected, network(clips))))
        finally:
            network.only = None
    return tuple(sorted(found, key=lambda noise: noise.sqnr_db))


def _ratio_db(expected: Tensor, found: Tensor) -> float:
    noise = float((found - expected).square().sum())
    return math.inf if noise == 0 else 10 * math.log10(max(float(expected.square().sum()), 1e-30) / noise)
