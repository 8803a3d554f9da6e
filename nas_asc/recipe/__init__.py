"""The training recipe as plain data: optimiser, schedule, augmentation, loss, pruning and the like.

Conventions:
    A recipe is made of small parts, each a frozen dataclass that checks its own values and names its source; a space
    can put each of them behind an axis. Shares are of the whole in [0, 1]. `None` means that a part is off, or chosen
    from the data. Rooms above give a part its meaning: `augmentation`, `training`, `compression`.
"""

from nas_asc.recipe.adaptation import DomainAdaptation
from nas_asc.recipe.augmentation import AugmentationPart, FreqMask, TimeMask, TimeRoll
from nas_asc.recipe.averaging import Averaging, Ema, Swa
from nas_asc.recipe.bands import BandSelection
from nas_asc.recipe.dropout import DropoutRates
from nas_asc.recipe.growth import ClipGrowth
from nas_asc.recipe.loss import CrossEntropy, Distillation, FocalLoss, Loss
from nas_asc.recipe.mixing import BlockMix, CutMix, FreqMix, FreqMixStyle, Mixup
from nas_asc.recipe.optimiser import Adam, AdamW, Decay, Optimiser, Sgd
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
from nas_asc.recipe.published import RECIPES
from nas_asc.recipe.quantisation import QuantisedTraining
from nas_asc.recipe.recipe import Recipe
from nas_asc.recipe.recording import DeviceResponse, Gain, PitchShift
from nas_asc.recipe.schedule import ConstantRate, CosineDecay, ExponentialDecay, LinearDecay, RampDown, Schedule

__all__ = [
    "RECIPES",
    "Adam",
    "AdamW",
    "AdmmPruning",
    "AugmentationPart",
    "Averaging",
    "BandSelection",
    "BlockMix",
    "ClipGrowth",
    "ConstantRate",
    "CosineDecay",
    "CrossEntropy",
    "CutMix",
    "Decay",
    "DeviceResponse",
    "Distillation",
    "DomainAdaptation",
    "DropoutRates",
    "Ema",
    "ExponentialDecay",
    "FocalLoss",
    "FreqMask",
    "FreqMix",
    "FreqMixStyle",
    "Gain",
    "LinearDecay",
    "Loss",
    "MagnitudePruning",
    "Mixup",
    "OneShotPruning",
    "Optimiser",
    "Part",
    "PitchShift",
    "PolynomialPruning",
    "Pruning",
    "QuantisedTraining",
    "RampDown",
    "Recipe",
    "Schedule",
    "Sgd",
    "StructuredPruning",
    "Swa",
    "TimeMask",
    "TimeRoll",
    "WeightPruning",
    "part_from_dict",
]
