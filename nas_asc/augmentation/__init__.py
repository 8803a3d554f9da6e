"""Augmentation of whole batches of standardised log-mels: drawn on the CPU, applied on the batch's device.

Conventions:
    `draw_` takes a `torch.Generator` and gives random parameters as small CPU tensors, so one seed gives the same
    augmentation on every device; `apply_` is a pure function of the batch and those parameters.
    Batches are (B, C, F, T), zero being the mean of the training clips; targets are (B, K) class weights.
    An augmentation is a part of the recipe, declared there, and one file here that registers how it is drawn.
"""

from nas_asc.augmentation.batch import apply_augmentation, draw_augmentation
from nas_asc.augmentation.draw import Draw, draw
from nas_asc.augmentation.mask import MaskDraw, apply_masks, draw_masks
from nas_asc.augmentation.mixup import MixupDraw, apply_mixup, draw_mixup
from nas_asc.augmentation.roll import RollDraw, apply_roll, draw_roll

__all__ = [
    "Draw",
    "MaskDraw",
    "MixupDraw",
    "RollDraw",
    "apply_augmentation",
    "apply_masks",
    "apply_mixup",
    "apply_roll",
    "draw",
    "draw_augmentation",
    "draw_masks",
    "draw_mixup",
    "draw_roll",
]
