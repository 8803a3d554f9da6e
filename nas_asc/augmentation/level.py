"""Levels added to the bands of every clip: of the whole clip, or of a device's response."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.augmentation.response import response_levels
from nas_asc.recipe import DeviceResponse, Gain

_LOG_PER_DB = math.log(10) / 10  # of the logarithm of a power


class LevelDraw(NamedTuple):
    """What is added to every band.

    Args:
        levels: (B, F) in the units of the batch, the band's standard deviation; or (B, 1), the same for all bands.
    """

    levels: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch with its levels added, and the targets as they are."""
        return features + self.levels.to(features.device)[:, None, :, None], targets


def draw_gains(n_clips: int, *, max_db: float, generator: torch.Generator) -> Tensor:
    """Natural logarithms (B,) of power gains, uniform over -max_db..max_db.

    Args:
        n_clips: Clips of the batch.
        max_db: Largest gain, in dB.
        generator: Source of randomness.
    """
    return (2 * torch.rand(n_clips, generator=generator) - 1) * max_db * _LOG_PER_DB


def draw_responses(
    levels: Tensor, n_clips: int, *, p: float, generator: torch.Generator, devices: Tensor | None = None
) -> Tensor:
    """Levels (B, F) of a random response a clip; zero for those that stay as they are.

    Args:
        levels: (R, F) natural logarithm of each response's power in each band.
        n_clips: Clips of the batch.
        p: Probability that a clip is changed.
        generator: Source of randomness.
        devices: (B,) device of each clip, of which only 0 is changed; None changes all.
    """
    chosen = torch.randint(len(levels), (n_clips,), generator=generator)
    is_on = torch.rand(n_clips, generator=generator) < p
    if devices is not None:
        is_on &= devices == 0
    return levels[chosen] * is_on[:, None]


@draw.register
def _(part: Gain, batch: BatchFacts, generator: torch.Generator) -> LevelDraw:
    return LevelDraw(draw_gains(batch.n_clips, max_db=part.max_db, generator=generator)[:, None] / batch.std)


@draw.register
def _(part: DeviceResponse, batch: BatchFacts, generator: torch.Generator) -> LevelDraw:
    levels = response_levels(part, batch.front_end(of=part))
    devices = batch.devices if part.reference_only else None
    return LevelDraw(draw_responses(levels, batch.n_clips, p=part.p, generator=generator, devices=devices) / batch.std)
