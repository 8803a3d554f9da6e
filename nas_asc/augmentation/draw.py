"""How a part of a recipe becomes random parameters: each augmentation registers itself here."""

from functools import singledispatch
from typing import Protocol

import torch
from torch import Tensor

from nas_asc.recipe import AugmentationPart


class Draw(Protocol):
    """Random parameters of one augmentation of one batch."""

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch (B, C, F, T) and targets (B, K), augmented; what is given is not changed."""


@singledispatch
def draw(part: AugmentationPart, shape: tuple[int, ...], generator: torch.Generator) -> Draw:
    """Random parameters of one augmentation for one batch.

    Args:
        part: What to do, and how strongly.
        shape: (B, C, F, T) of the batch.
        generator: Source of randomness, on the CPU.

    Raises:
        TypeError: No file of this room registers the part.
    """
    raise TypeError(f"the augmentation {part!r} has no draw. Register one with `@draw.register`.")
