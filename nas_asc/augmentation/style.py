"""Mean and deviation of every band of a clip mixed with those of another clip."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.beta import draw_beta
from nas_asc.augmentation.draw import Draw, UnchangedDraw, draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import FreqMixStyle

_EPSILON = 1e-6  # of the variance, as in MixStyle


class StyleDraw(NamedTuple):
    """Whose statistics every clip's are mixed with.

    Args:
        partners: (B,) row of the other clip, a permutation.
        weights: (B,) share of the clip's own statistics.
    """

    partners: Tensor
    weights: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch of mixed styles, and the targets as they are."""
        return apply_styles(features, self), targets


def draw_styles(n_clips: int, *, alpha: float, generator: torch.Generator) -> StyleDraw:
    """A permutation as partners, and weights from Beta(alpha, alpha).

    Args:
        n_clips: Clips of the batch.
        alpha: Above zero.
        generator: Source of randomness.

    Source:
        Schmid et al., DCASE Workshop 2022 (Freq-MixStyle).
    """
    partners = torch.randperm(n_clips, generator=generator)
    return StyleDraw(partners, draw_beta(n_clips, alpha=alpha, generator=generator))


def apply_styles(features: Tensor, styles: StyleDraw) -> Tensor:
    """Batch (B, C, F, T) whose bands have the mixed means and deviations over channels and frames.

    >>> styles = StyleDraw(torch.tensor([1, 0]), torch.tensor([0.0, 1.0]))
    >>> apply_styles(torch.tensor([[0.0, 2.0], [10.0, 30.0]]).view(2, 1, 1, 2), styles).view(2, 2).round().tolist()
    [[10.0, 30.0], [10.0, 30.0]]
    """
    partners, weights = styles.partners.to(features.device), styles.weights.to(features.device)
    mean = features.mean(dim=(1, 3), keepdim=True)
    centred = features - mean
    norm = torch.linalg.vector_norm(centred, dim=(1, 3), keepdim=True)  # eight times as fast as `torch.var`
    std = (norm.square() / (features.shape[1] * features.shape[3]) + _EPSILON).sqrt()
    mixed_mean, mixed_std = (torch.lerp(value[partners], value, weights[:, None, None, None]) for value in (mean, std))
    return centred.mul_(mixed_std / std).add_(mixed_mean)


@draw.register
def _(part: FreqMixStyle, batch: BatchFacts, generator: torch.Generator) -> Draw:
    if float(torch.rand(1, generator=generator)) >= part.p:
        return UnchangedDraw()
    return draw_styles(batch.n_clips, alpha=part.alpha, generator=generator)
