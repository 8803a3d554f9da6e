"""All augmentation of one batch, as its recipe asks."""

from collections.abc import Iterable

import torch
from torch import Tensor

from nas_asc.augmentation.draw import Draw, draw
from nas_asc.recipe import AugmentationPart


def draw_augmentation(
    parts: Iterable[AugmentationPart], shape: tuple[int, ...], generator: torch.Generator
) -> tuple[Draw, ...]:
    """Random parameters for one batch, in the order of application.

    Args:
        parts: The augmentations of a recipe.
        shape: (B, C, F, T) of the batch.
        generator: Source of randomness, on the CPU.
    """
    return tuple(draw(part, shape, generator) for part in parts)


def apply_augmentation(features: Tensor, targets: Tensor, drawn: Iterable[Draw]) -> tuple[Tensor, Tensor]:
    """Batch (B, C, F, T) and targets (B, K), changed by each in turn.

    Args:
        features: Standardised log-mels.
        targets: Class weights, rows summing to one.
        drawn: What `draw_augmentation` gave for this batch.
    """
    for one in drawn:
        features, targets = one.apply(features, targets)
    return features, targets
