"""Mixing every clip of a batch, and its target, with another clip of the batch."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.beta import draw_beta
from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import Mixup


class MixupDraw(NamedTuple):
    """What every clip is mixed with.

    Args:
        partners: (B,) row of the other clip, a permutation.
        weights: (B,) share of the clip itself, in [0.5, 1].
    """

    partners: Tensor
    weights: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mixed batch and targets."""
        return apply_mixup(features, targets, self)


def draw_mixup(n_clips: int, *, alpha: float, generator: torch.Generator) -> MixupDraw:
    """A permutation as partners, and weights max(b, 1 - b) with b from Beta(alpha, alpha).

    The larger share stays with the clip itself, which changes nothing in distribution: pairs are symmetric.

    Args:
        n_clips: Clips of the batch.
        alpha: Above zero; one mixes uniformly, near zero hardly at all.
        generator: Source of randomness.

    Source:
        Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """
    partners = torch.randperm(n_clips, generator=generator)
    shares = draw_beta(n_clips, alpha=alpha, generator=generator)
    return MixupDraw(partners, torch.maximum(shares, 1 - shares))


def apply_mixup(features: Tensor, targets: Tensor, mixup: MixupDraw) -> tuple[Tensor, Tensor]:
    """Batch (B, C, F, T) and targets (B, K), each row weights * itself + (1 - weights) * its partner.

    >>> mixup = MixupDraw(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    >>> apply_mixup(torch.tensor([0.0, 4.0]).view(2, 1, 1, 1), torch.eye(2), mixup)[1].tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    partners, weights = mixup.partners.to(features.device), mixup.weights.to(features.device)
    mixed = torch.lerp(features[partners], features, weights[:, None, None, None])
    return mixed, torch.lerp(targets[partners], targets, weights[:, None])


@draw.register
def _(part: Mixup, batch: BatchFacts, generator: torch.Generator) -> MixupDraw:
    return draw_mixup(batch.n_clips, alpha=part.alpha, generator=generator)
