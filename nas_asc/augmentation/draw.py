"""How a part of a recipe becomes random parameters: each augmentation registers itself here."""

from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from nas_asc.augmentation.facts import BatchFacts
from nas_asc.errors import RecipeError
from nas_asc.recipe import AugmentationPart


class Draw(Protocol):
    """Random parameters of one augmentation of one batch."""

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch (B, C, F, T) and targets (B, K), augmented; what is given is not changed."""


class UnchangedDraw(NamedTuple):
    """Of a batch that is left as it is."""

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The batch and the targets themselves."""
        return features, targets


class FunctionDraw(NamedTuple):
    """What an augmentation of somebody's own draws.

    Args:
        function: Maps features (B, C, F, T) and targets (B, K) to both anew.
    """

    function: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What the function makes of the batch."""
        return self.function(features, targets)


@singledispatch
def draw(part: AugmentationPart, batch: BatchFacts, generator: torch.Generator) -> Draw:
    """Random parameters of one augmentation for one batch; one of somebody's own draws by its own `draw`.

    Args:
        part: What to do, and how strongly.
        batch: Facts of the batch.
        generator: Source of randomness, on the CPU.

    Raises:
        RecipeError: No file of this room registers the part, and it has no `draw` that returns a function.
        TrainingError: The part needs a fact that is not known.
    """
    drawn = part.draw(batch, generator)
    if not callable(drawn):
        name = type(part).__name__
        raise RecipeError(f"`draw` of {name} must return a function of features and targets, but returned {drawn!r}.")
    return FunctionDraw(drawn)
