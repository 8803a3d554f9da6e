"""Learning-rate schedules as plain data."""

import math
from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Schedule(Part):
    """Base of all schedules: a factor of the optimiser's learning rate for each step."""

    def factor_at(self, step: int, n_steps: int) -> float:
        """Factor of the learning rate at one step, from 0, of so many; above 0 and at most 1."""
        raise NotImplementedError


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """A straight rise to the peak, then half a cosine down towards zero.

    Args:
        warmup: Share of all steps spent rising.

    >>> [round(CosineDecay(warmup=0.5).factor_at(step, 4), 3) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """

    warmup: float = 0.1

    def __post_init__(self) -> None:
        self.check_share("warmup")

    def factor_at(self, step: int, n_steps: int) -> float:
        """Rise, then half a cosine."""
        n_warmup = round(self.warmup * n_steps)
        if step < n_warmup:
            return (step + 1) / n_warmup
        progress = (step - n_warmup) / (n_steps - n_warmup)
        return (1 + math.cos(math.pi * progress)) / 2
