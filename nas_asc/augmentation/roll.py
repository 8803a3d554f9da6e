"""Circular shift of every clip of a batch along time."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import TimeRoll


class RollDraw(NamedTuple):
    """How far every clip is rolled.

    Args:
        shifts: (B,) frames towards later.
    """

    shifts: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Rolled batch, and the targets as they are."""
        return apply_roll(features, self.shifts), targets


def draw_roll(n_clips: int, n_frames: int, *, max_share: float, generator: torch.Generator) -> Tensor:
    """Shifts (B,) in frames, uniform over -limit..limit with limit = floor(max_share * n_frames).

    Args:
        n_clips: Clips of the batch.
        n_frames: Frames of a clip.
        max_share: Largest shift as a share of the clip, in [0, 1].
        generator: Source of randomness.
    """
    limit = int(max_share * n_frames)
    return torch.randint(-limit, limit + 1, (n_clips,), generator=generator)


def apply_roll(features: Tensor, shifts: Tensor) -> Tensor:
    """Batch (B, C, F, T) with clip i moved by shifts[i] frames towards later; what leaves comes in at the start.

    >>> apply_roll(torch.arange(4.0).view(1, 1, 1, 4), torch.tensor([1])).flatten().tolist()
    [3.0, 0.0, 1.0, 2.0]
    """
    n_frames = features.shape[-1]
    frames = torch.arange(n_frames, device=features.device)
    source = (frames - shifts.to(features.device)[:, None]) % n_frames
    return features.gather(3, source[:, None, None, :].expand(features.shape))


@draw.register
def _(part: TimeRoll, batch: BatchFacts, generator: torch.Generator) -> RollDraw:
    return RollDraw(draw_roll(batch.n_clips, batch.n_frames, max_share=part.max_share, generator=generator))
