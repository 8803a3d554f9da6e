"""All augmentation of one batch, as its recipe asks."""

from collections.abc import Iterable

import torch
from torch import Tensor

from nas_asc.augmentation.draw import Draw, draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import AugmentationPart


def draw_augmentation(
    parts: Iterable[AugmentationPart], batch: BatchFacts, generator: torch.Generator
) -> tuple[Draw, ...]:
    """Random parameters for one batch, in the order of application.

    Args:
        parts: The augmentations of a recipe.
        batch: Facts of the batch.
        generator: Source of randomness, on the CPU.

    Raises:
        RecipeError: An augmentation of somebody's own does not say how it is drawn.
        TrainingError: An augmentation needs a fact that is not known.
    """
    return tuple(draw(part, batch, generator) for part in parts)


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
