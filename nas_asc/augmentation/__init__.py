"""Augmentation of whole batches of standardised log-mels: drawn on the CPU, applied on the batch's device.

Conventions:
    `draw_` takes a `torch.Generator` and gives random parameters as small CPU tensors, so one seed gives the same
    augmentation on every device; `apply_` is a pure function of the batch and those parameters.
    Batches are (B, C, F, T), zero being the mean of the training clips; targets are (B, K) class weights.
"""

from nas_asc.augmentation.batch import Augmentation, apply_augmentation, draw_augmentation
from nas_asc.augmentation.mask import Masks, apply_masks, draw_masks
from nas_asc.augmentation.mixup import Mixup, apply_mixup, draw_mixup
from nas_asc.augmentation.roll import apply_roll, draw_roll

__all__ = [
    "Augmentation",
    "Masks",
    "Mixup",
    "apply_augmentation",
    "apply_masks",
    "apply_mixup",
    "apply_roll",
    "draw_augmentation",
    "draw_masks",
    "draw_mixup",
    "draw_roll",
]
