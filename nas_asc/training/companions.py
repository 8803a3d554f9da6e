"""The companions that a recipe asks for."""

from collections.abc import Sequence

from nas_asc.recipe import Ema, Recipe, Swa, WeightPruning
from nas_asc.training.averaging import EmaAverager, SwaAverager
from nas_asc.training.companion import Companion
from nas_asc.training.statistics import StatisticsUpdate


def build_companions(recipe: Recipe, *, others: Sequence[Companion] = ()) -> tuple[Companion, ...]:
    """All companions of a training, in the order in which they are told.

    Averages come before the others, so that weights which a pruner masks stay zero. Norms are measured after all where
    their running statistics are not those of the weights that are left: averaged ones, or a few since masks came.

    Args:
        recipe: How to train.
        others: Companions that the caller brings, such as pruners.

    >>> [type(one).__name__ for one in build_companions(Recipe(averaging=Swa(5)))]
    ['SwaAverager', 'StatisticsUpdate']
    >>> from nas_asc.recipe import OneShotPruning
    >>> [type(one).__name__ for one in build_companions(Recipe(pruning=OneShotPruning(0.5)))]
    ['StatisticsUpdate']
    """
    averaging: list[Companion] = []
    if isinstance(recipe.averaging, Swa):
        averaging.append(SwaAverager(recipe.averaging))
    elif isinstance(recipe.averaging, Ema):
        averaging.append(EmaAverager(recipe.averaging))
    measures = isinstance(recipe.averaging, Swa) or isinstance(recipe.pruning, WeightPruning)
    return (*averaging, *others, *([StatisticsUpdate()] if measures else []))
