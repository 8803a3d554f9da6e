"""Augmentation of whole batches of standardised log-mels: drawn on the CPU, applied on the batch's device.

Conventions:
    `draw_` takes a `torch.Generator` and gives random parameters as small CPU tensors, so one seed gives the same
    augmentation on every device; `apply_` is a pure function of the batch and those parameters, which `place` brings to
    the batch's device together.
    Batches are (B, C, F, T), zero being the mean of the training clips; targets are (B, K) class weights.
    An augmentation is a part of the recipe, declared there, and one file here that registers how it is drawn; one of
    somebody's own declares its own `draw`.
"""

from nas_asc.augmentation.batch import apply_augmentation, draw_augmentation
from nas_asc.augmentation.block import BlockDraw, apply_blocks, draw_blocks
from nas_asc.augmentation.cut import CutDraw, apply_cuts, draw_bands, draw_rectangles
from nas_asc.augmentation.draw import Draw, FunctionDraw, UnchangedDraw, draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.augmentation.level import LevelDraw, draw_gains, draw_responses
from nas_asc.augmentation.mask import MaskDraw, apply_masks, draw_masks
from nas_asc.augmentation.mel import bin_frequencies, mel_filters
from nas_asc.augmentation.mixup import MixupDraw, apply_mixup, draw_mixup
from nas_asc.augmentation.pitch import PitchDraw, apply_stretches, draw_stretches
from nas_asc.augmentation.place import place
from nas_asc.augmentation.response import band_levels, draw_microphones, response_levels, response_power
from nas_asc.augmentation.roll import RollDraw, apply_roll, draw_roll
from nas_asc.augmentation.style import StyleDraw, apply_styles, draw_styles

__all__ = [
    "BatchFacts",
    "BlockDraw",
    "CutDraw",
    "Draw",
    "FunctionDraw",
    "LevelDraw",
    "MaskDraw",
    "MixupDraw",
    "PitchDraw",
    "RollDraw",
    "StyleDraw",
    "UnchangedDraw",
    "apply_augmentation",
    "apply_blocks",
    "apply_cuts",
    "apply_masks",
    "apply_mixup",
    "apply_roll",
    "apply_stretches",
    "apply_styles",
    "band_levels",
    "bin_frequencies",
    "draw",
    "draw_augmentation",
    "draw_bands",
    "draw_blocks",
    "draw_gains",
    "draw_masks",
    "draw_microphones",
    "draw_mixup",
    "draw_rectangles",
    "draw_responses",
    "draw_roll",
    "draw_stretches",
    "draw_styles",
    "mel_filters",
    "place",
    "response_levels",
    "response_power",
]
