"""A rectangle of every clip of a batch taken from another clip: bands (FreqMix), or bands and frames (CutMix)."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.beta import draw_beta
from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import CutMix, FreqMix


class CutDraw(NamedTuple):
    """What every clip takes from which other one.

    Args:
        partners: (B,) row of the other clip, a permutation.
        bands: (B, 2) first band of the rectangle and the first one after it.
        frames: (B, 2) first frame of the rectangle and the first one after it.
    """

    partners: Tensor
    bands: Tensor
    frames: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch with its rectangles exchanged, and targets mixed by their areas."""
        return apply_cuts(features, targets, self)


def draw_bands(n_clips: int, n_bands: int, n_frames: int, *, alpha: float, generator: torch.Generator) -> CutDraw:
    """Bands over all frames: widths round(b * n_bands), b from Beta(alpha, alpha), starts uniform over where they fit.

    Args:
        n_clips: Clips of the batch.
        n_bands: Mel bands of a clip.
        n_frames: Frames of a clip.
        alpha: Above zero.
        generator: Source of randomness.

    Source:
        Chang et al. (QTI), submission to DCASE 2020 Task 1B.
    """
    partners = torch.randperm(n_clips, generator=generator)
    widths = (draw_beta(n_clips, alpha=alpha, generator=generator) * n_bands).round().long()
    starts = (torch.rand(n_clips, generator=generator) * (n_bands - widths + 1)).long()
    frames = torch.tensor([0, n_frames]).expand(n_clips, 2)
    return CutDraw(partners, torch.stack([starts, starts + widths], dim=1), frames)


def draw_rectangles(n_clips: int, n_bands: int, n_frames: int, *, alpha: float, generator: torch.Generator) -> CutDraw:
    """Rectangles of the clip's proportions, their area a share from Beta(alpha, alpha), their centres uniform.

    What reaches beyond the clip is cut off, so that the area is at most that share.

    Args:
        n_clips: Clips of the batch.
        n_bands: Mel bands of a clip.
        n_frames: Frames of a clip.
        alpha: Above zero.
        generator: Source of randomness.

    Source:
        Yun et al., "CutMix", ICCV 2019, Equation 2.
    """
    partners = torch.randperm(n_clips, generator=generator)
    sides = draw_beta(n_clips, alpha=alpha, generator=generator).sqrt()
    bands, frames = (_draw_stretch(sides, n_bins, generator) for n_bins in (n_bands, n_frames))
    return CutDraw(partners, bands, frames)


def _draw_stretch(shares: Tensor, n_bins: int, generator: torch.Generator) -> Tensor:
    centres = torch.randint(n_bins, (len(shares),), generator=generator)
    lengths = (shares * n_bins).round().long()
    starts = centres - lengths // 2
    return torch.stack([starts, starts + lengths], dim=1).clamp(0, n_bins)


def apply_cuts(features: Tensor, targets: Tensor, cuts: CutDraw) -> tuple[Tensor, Tensor]:
    """Batch (B, C, F, T) and targets (B, K): inside its rectangle each clip is its partner.

    Targets are share * partner's + (1 - share) * own, share being that of the rectangle in the clip's area.

    >>> cuts = CutDraw(torch.tensor([1, 0]), torch.tensor([[0, 1], [0, 0]]), torch.tensor([[1, 3], [0, 4]]))
    >>> features, targets = apply_cuts(torch.tensor([0.0, 5.0]).view(2, 1, 1, 1).expand(2, 1, 1, 4), torch.eye(2), cuts)
    >>> features[0].flatten().tolist(), targets.tolist()
    ([0.0, 5.0, 5.0, 0.0], [[0.5, 0.5], [0.0, 1.0]])
    """
    n_bands, n_frames = features.shape[2:]
    partners, bands, frames = (value.to(features.device) for value in cuts)
    shares = ((bands.diff(dim=1) * frames.diff(dim=1)) / (n_bands * n_frames)).to(targets.dtype)
    inside = _is_inside(bands, n_bands)[:, None, :, None] & _is_inside(frames, n_frames)[:, None, None, :]
    return torch.where(inside, features[partners], features), torch.lerp(targets, targets[partners], shares)


def _is_inside(stretches: Tensor, n_bins: int) -> Tensor:
    bins = torch.arange(n_bins, device=stretches.device)
    return (bins >= stretches[:, :1]) & (bins < stretches[:, 1:])


@draw.register
def _(part: FreqMix, batch: BatchFacts, generator: torch.Generator) -> CutDraw:
    return draw_bands(batch.n_clips, batch.n_bands, batch.n_frames, alpha=part.alpha, generator=generator)


@draw.register
def _(part: CutMix, batch: BatchFacts, generator: torch.Generator) -> CutDraw:
    return draw_rectangles(batch.n_clips, batch.n_bands, batch.n_frames, alpha=part.alpha, generator=generator)
