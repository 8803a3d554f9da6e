"""One masked stretch of bands or frames in every clip of a batch, as in SpecAugment."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import FreqMask, TimeMask

_AXES = {"frequency": 2, "time": 3}


class MaskDraw(NamedTuple):
    """One stretch a clip.

    Args:
        axis: "frequency" or "time".
        starts: (B,) first masked bin.
        widths: (B,) number of masked bins, zero for none.
    """

    axis: str
    starts: Tensor
    widths: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch with its stretches set to zero, and the targets as they are."""
        return apply_masks(features, self), targets


def draw_masks(n_clips: int, n_bins: int, *, axis: str, max_share: float, generator: torch.Generator) -> MaskDraw:
    """Widths uniform over 0..floor(max_share * n_bins), starts uniform over where they fit.

    Args:
        n_clips: Clips of the batch.
        n_bins: Bands or frames of a clip.
        axis: "frequency" or "time".
        max_share: Widest mask as a share of the axis, in [0, 1].
        generator: Source of randomness.

    Source:
        Park et al., "SpecAugment", Interspeech 2019, one mask an axis, without warping.
    """
    if axis not in _AXES:
        raise ValueError(f"`axis` must be 'frequency' or 'time', but got axis={axis!r}.")
    widths = torch.randint(0, int(max_share * n_bins) + 1, (n_clips,), generator=generator)
    places = torch.rand(n_clips, generator=generator)
    return MaskDraw(axis, (places * (n_bins - widths + 1)).long(), widths)


def apply_masks(features: Tensor, masks: MaskDraw) -> Tensor:
    """Batch (B, C, F, T) with each clip's stretch set to zero, the mean of standardised features.

    >>> masks = MaskDraw("time", torch.tensor([1]), torch.tensor([2]))
    >>> apply_masks(torch.ones(1, 1, 1, 4), masks).flatten().tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    bins = torch.arange(features.shape[_AXES[masks.axis]], device=features.device)
    starts, widths = (value.to(features.device)[:, None] for value in (masks.starts, masks.widths))
    kept = ((bins < starts) | (bins >= starts + widths)).to(features.dtype)
    shape = (-1, 1, len(bins), 1) if masks.axis == "frequency" else (-1, 1, 1, len(bins))
    return features * kept.view(shape)  # several times faster than filling


@draw.register
def _(part: FreqMask, batch: BatchFacts, generator: torch.Generator) -> MaskDraw:
    return draw_masks(batch.n_clips, batch.n_bands, axis="frequency", max_share=part.max_share, generator=generator)


@draw.register
def _(part: TimeMask, batch: BatchFacts, generator: torch.Generator) -> MaskDraw:
    return draw_masks(batch.n_clips, batch.n_frames, axis="time", max_share=part.max_share, generator=generator)
