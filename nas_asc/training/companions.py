"""The companions that a recipe asks for."""

from collections.abc import Sequence

from nas_asc.recipe import Ema, Recipe, Swa
from nas_asc.training.averaging import EmaAverager, SwaAverager
from nas_asc.training.companion import Companion
from nas_asc.training.statistics import StatisticsUpdate


def build_companions(recipe: Recipe, *, others: Sequence[Companion] = ()) -> tuple[Companion, ...]:
    """All companions of a training, in the order in which they are told.

    Averages come before the others, so that weights which a pruner masks stay zero; norms are measured after all.

    Args:
        recipe: How to train.
        others: Companions that the caller brings, such as pruners.

    >>> [type(one).__name__ for one in build_companions(Recipe(averaging=Swa(5)))]
    ['SwaAverager', 'StatisticsUpdate']
    """
    if isinstance(recipe.averaging, Swa):
        return (SwaAverager(recipe.averaging), *others, StatisticsUpdate())
    if isinstance(recipe.averaging, Ema):
        return (EmaAverager(recipe.averaging), *others)
    return tuple(others)
