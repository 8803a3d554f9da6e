"""All augmentation of one batch, as its recipe asks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nas_asc.augmentation.mask import Masks, apply_masks, draw_masks
from nas_asc.augmentation.mixup import Mixup, apply_mixup, draw_mixup
from nas_asc.augmentation.roll import apply_roll, draw_roll
from nas_asc.recipe import Recipe


@dataclass(frozen=True)
class Augmentation:
    """Random parameters of one batch; None where the recipe leaves a part out.

    Args:
        shifts: (B,) frames of the time roll.
        mixup: Partners and weights.
        masks: Masked stretches, in the order in which they are applied.
    """

    shifts: Tensor | None
    mixup: Mixup | None
    masks: tuple[Masks, ...]


def draw_augmentation(recipe: Recipe, shape: tuple[int, ...], generator: torch.Generator) -> Augmentation:
    """Random parameters for one batch.

    Args:
        recipe: Says which parts are on and how strong.
        shape: (B, C, F, T) of the batch.
        generator: Source of randomness, on the CPU.
    """
    n_clips, _, n_bands, n_frames = shape
    shifts = mixup = None
    if recipe.time_roll:
        shifts = draw_roll(n_clips, n_frames, max_share=recipe.time_roll, generator=generator)
    if recipe.mixup_alpha is not None:
        mixup = draw_mixup(n_clips, alpha=recipe.mixup_alpha, generator=generator)
    sizes = (("frequency", n_bands, recipe.freq_mask), ("time", n_frames, recipe.time_mask))
    masks = tuple(
        draw_masks(n_clips, n_bins, axis=axis, max_share=share, generator=generator)
        for axis, n_bins, share in sizes
        if share
    )
    return Augmentation(shifts, mixup, masks)


def apply_augmentation(features: Tensor, targets: Tensor, augmentation: Augmentation) -> tuple[Tensor, Tensor]:
    """Batch (B, C, F, T) and targets (B, K): rolled, mixed, then masked.

    Args:
        features: Standardised log-mels.
        targets: Class weights, rows summing to one.
        augmentation: What `draw_augmentation` gave for this batch.
    """
    if augmentation.shifts is not None:
        features = apply_roll(features, augmentation.shifts)
    if augmentation.mixup is not None:
        features, targets = apply_mixup(features, targets, augmentation.mixup)
    for masks in augmentation.masks:
        features = apply_masks(features, masks)
    return features, targets
