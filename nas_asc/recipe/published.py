"""Recipes of the published systems, as far as their reports state them.

Conventions:
    What a report states stands in the recipe as stated, the number of epochs too. A line that ends with "ours" holds
    values of our own choice, where the report is silent or its text was not at hand; parts that are left out are the
    defaults, and ours as well.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nas_asc.errors import RecipeError, nearest
from nas_asc.recipe.augmentation import FreqMask, TimeRoll
from nas_asc.recipe.averaging import Swa
from nas_asc.recipe.loss import CrossEntropy, FocalLoss
from nas_asc.recipe.mixing import BlockMix, CutMix, FreqMix, FreqMixStyle, Mixup
from nas_asc.recipe.optimiser import Adam, AdamW, Decay
from nas_asc.recipe.pruning import MagnitudePruning, OneShotPruning, PolynomialPruning, StructuredPruning
from nas_asc.recipe.recipe import Recipe
from nas_asc.recipe.recording import PitchShift
from nas_asc.recipe.schedule import ConstantRate, CosineDecay, RampDown

# Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21": mixup, another upper mel edge, averaging over the last 10
# epochs, the target of pruning reached at epoch 200. The fourth system adapts to devices as well.
_CP_JKU_2021 = Recipe(
    epochs=250,  # ours
    optimiser=Adam(1e-3, 1e-3),  # ours: of the group's code of 2022
    schedule=RampDown(250 / 750, 650 / 750, 0.005, 100 / 750),  # ours: the shares of the group's code of 2022
    augmentation=(PitchShift(1_000), Mixup(0.3)),  # range and alpha are ours: of the group's code of 2022 and 2023
    averaging=Swa(10),
    pruning=MagnitudePruning(64_000, end=200 / 250),  # the number of values differs between its systems
)

# Chang et al. (QTI), submission to DCASE 2020 Task 1B: 60 % of the weights removed at once, then 200 epochs at 1e-4
# that fall straight to 1e-6.
_QTI_2020 = Recipe(
    epochs=400,  # 200 before the pruning are ours
    optimiser=Adam(1e-4, 0.0),  # the kind, the rate before the pruning and the decay are ours
    schedule=RampDown(0.5, 1.0, 0.01),
    augmentation=(Mixup(0.3), FreqMix(1.0), CutMix(1.0)),  # alphas of mixup and CutMix and the order are ours
    loss=FocalLoss(gamma=2.0, beta=0.999),  # class-balanced as published; both numbers are ours
    pruning=OneShotPruning(0.6, fine_tuning=200 / 400),
)

# NTU, submission to DCASE 2020 Task 1B: sparsity from 0.1 to 0.8 in 20 steps of 10 epochs from epoch 100 on, then 100
# more epochs; clips of ten blocks of a second.
_NTU_2020 = Recipe(
    epochs=400,
    optimiser=Adam(1e-3, 0.0),  # ours
    schedule=ConstantRate(),  # ours
    augmentation=(BlockMix(10),),
    pruning=PolynomialPruning(0.8, 0.1, start=100 / 400, end=300 / 400, n_steps=20),
)

# FAU, submission to DCASE 2022 Task 1: channels pruned until the network fits the limits; all the rest is ours.
_FAU_2022 = Recipe(
    epochs=150,  # ours
    augmentation=(TimeRoll(1.0), Mixup(0.3), FreqMask(0.2)),  # ours
    pruning=StructuredPruning(128_000, 30_000_000),
)

# Martín-Morató et al., baseline of DCASE 2022 Task 1; it keeps the best epoch on its validation clips, we the last one.
_DCASE_2022 = Recipe(
    epochs=200,
    batch_size=64,  # as configured; 16 in its description
    optimiser=Adam(1e-3, 0.0),
    schedule=ConstantRate(),
    augmentation=(),
    loss=CrossEntropy(label_smoothing=0.1),
)

# Schmid et al., baseline of DCASE 2024 and 2025 Task 1, as configured for all of its clips, of 1 s in 256 mel bands:
# 2,000 of 81,900 steps of warm-up, rolls by 0.1 s, masks of 48 bands; weight decay of all parameters alike.
_DCASE_2024 = Recipe(
    epochs=150,
    batch_size=256,
    optimiser=AdamW(5e-3, 1e-4),
    schedule=CosineDecay(warmup=2_000 / 81_900),
    augmentation=(TimeRoll(0.1), FreqMask(48 / 256), FreqMixStyle(0.3, 0.4)),
    decay=Decay(norm=1e-4, bias=1e-4),
)


class _Published(dict[str, Recipe]):
    def __missing__(self, name: str) -> Recipe:
        raise RecipeError(f"no published recipe named {name!r}. {nearest(name, self, what='recipes')}")


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    _Published(
        {
            "CP-JKU-2021": _CP_JKU_2021,
            "QTI-2020": _QTI_2020,
            "NTU-2020": _NTU_2020,
            "FAU-2022": _FAU_2022,
            "KT-2022": _DCASE_2022,  # ours: that of the baseline, from which KT's walk starts
            "DCASE-2022": _DCASE_2022,
            "DCASE-2024": _DCASE_2024,
        }
    )
)
