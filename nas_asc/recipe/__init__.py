"""The training recipe as plain data: optimiser, schedule, augmentation, loss, averaging, pruning.

Conventions:
    A recipe is made of small parts, each a frozen dataclass that checks its own values and names its source; a space
    can put each of them behind an axis. Shares are of the whole in [0, 1]. `None` means that a part is off, or chosen
    from the data. Rooms above give a part its meaning: `augmentation`, `training`, `compression`.
"""

from nas_asc.recipe.augmentation import AugmentationPart, FreqMask, TimeMask, TimeRoll
from nas_asc.recipe.averaging import Averaging, Ema, Swa
from nas_asc.recipe.loss import CrossEntropy, Loss
from nas_asc.recipe.mixing import BlockMix, CutMix, FreqMix, FreqMixStyle, Mixup
from nas_asc.recipe.optimiser import AdamW, Optimiser
from nas_asc.recipe.part import Part, part_from_dict
from nas_asc.recipe.pruning import (
    AdmmPruning,
    MagnitudePruning,
    OneShotPruning,
    PolynomialPruning,
    Pruning,
    StructuredPruning,
    WeightPruning,
)
from nas_asc.recipe.recipe import Recipe
from nas_asc.recipe.recording import DeviceResponse, Gain, PitchShift
from nas_asc.recipe.schedule import CosineDecay, Schedule

__all__ = [
    "AdamW",
    "AdmmPruning",
    "AugmentationPart",
    "Averaging",
    "BlockMix",
    "CosineDecay",
    "CrossEntropy",
    "CutMix",
    "DeviceResponse",
    "Ema",
    "FreqMask",
    "FreqMix",
    "FreqMixStyle",
    "Gain",
    "Loss",
    "MagnitudePruning",
    "Mixup",
    "OneShotPruning",
    "Optimiser",
    "Part",
    "PitchShift",
    "PolynomialPruning",
    "Pruning",
    "Recipe",
    "Schedule",
    "StructuredPruning",
    "Swa",
    "TimeMask",
    "TimeRoll",
    "WeightPruning",
    "part_from_dict",
]
