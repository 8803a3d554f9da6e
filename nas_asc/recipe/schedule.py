"""Learning-rate schedules as plain data.

Conventions:
    A decay has reached its end after the last step, so that no step is without a rate. Shares are of all steps.
"""

import math
from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Schedule(Part):
    """Base of all schedules: a factor of the optimiser's learning rate for each step."""

    def factor_at(self, step: float, n_steps: int) -> float:
        """Factor of the learning rate at one step, from 0, of so many; above 0 and at most 1."""
        raise NotImplementedError


class WarmedUp(Schedule):
    """Base of the schedules that begin with a straight rise to the peak, as long as the share `warmup`."""

    warmup: float

    def factor_at(self, step: float, n_steps: int) -> float:
        """The rise, then what `decay_at` says."""
        n_warmup = round(self.warmup * n_steps)
        if step < n_warmup:
            return min(1.0, (step + 1) / n_warmup)
        return self.decay_at((step - n_warmup) / (n_steps - n_warmup))

    def decay_at(self, progress: float) -> float:
        """Factor when so much of the steps after the rise is over, in [0, 1)."""
        raise NotImplementedError


@dataclass(frozen=True)
class CosineDecay(WarmedUp):
    """A straight rise to the peak, then half a cosine down towards zero.

    Args:
        warmup: Share of all steps spent rising.

    >>> [round(CosineDecay(warmup=0.5).factor_at(step, 4), 3) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """

    warmup: float = 0.1

    def __post_init__(self) -> None:
        self.check_share("warmup")

    def decay_at(self, progress: float) -> float:
        """Half a cosine."""
        return (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True)
class LinearDecay(WarmedUp):
    """A straight rise to the peak, then a straight fall.

    Args:
        warmup: Share of all steps spent rising.
        end: Where the fall ends, as a factor of the peak.

    Source:
        QTI, DCASE 2020 Task 1B: fine-tuning from 1e-4 straight to 1e-6, an `end` of 0.01.

    >>> [LinearDecay(warmup=0.5, end=0.5).factor_at(step, 4) for step in range(4)]
    [0.5, 1.0, 1.0, 0.75]
    """

    warmup: float = 0.1
    end: float = 0.0

    def __post_init__(self) -> None:
        self.check_share("warmup", "end")

    def decay_at(self, progress: float) -> float:
        """A straight line."""
        return 1 - (1 - self.end) * progress


@dataclass(frozen=True)
class ConstantRate(WarmedUp):
    """The peak all the time, after a straight rise where one is wanted.

    Args:
        warmup: Share of all steps spent rising.

    >>> [ConstantRate(warmup=0.5).factor_at(step, 4) for step in range(4)]
    [0.5, 1.0, 1.0, 1.0]
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        self.check_share("warmup")

    def decay_at(self, progress: float) -> float:
        """One."""
        return 1.0


@dataclass(frozen=True)
class ExponentialDecay(WarmedUp):
    """A straight rise to the peak, then by the same factor every step.

    Args:
        warmup: Share of all steps spent rising.
        end: Where the fall ends, as a factor of the peak; above zero.

    >>> [round(ExponentialDecay(end=0.01).factor_at(step, 4), 3) for step in range(4)]
    [1.0, 0.316, 0.1, 0.032]
    """

    warmup: float = 0.0
    end: float = 0.01

    def __post_init__(self) -> None:
        self.check_share("warmup")
        self.check_number("end", high=1, above=True)

    def decay_at(self, progress: float) -> float:
        """A power of `end`."""
        return float(self.end**progress)


@dataclass(frozen=True)
class RampDown(Schedule):
    """The peak until one share of the training, a straight fall to a floor at another, then the floor.

    Args:
        start: Share of the training at which the fall begins.
        end: Share of the training at which the floor is reached.
        floor: As a factor of the peak; above zero.
        warmup: Share of the training spent rising straight to the peak; at most `start`.

    Source:
        CP-JKU, DCASE Task 1: 150 epochs with a fall from epoch 50 over 84 to 0.005 after 14 of rise, which is
        RampDown(50 / 150, 134 / 150, 0.005, 14 / 150) with a straight rise.

    >>> [RampDown(start=0.25, end=0.75, floor=0.1).factor_at(step, 4) for step in range(4)]
    [1.0, 1.0, 0.55, 0.1]
    """

    start: float = 0.2
    end: float = 0.8
    floor: float = 0.01
    warmup: float = 0.0

    def __post_init__(self) -> None:
        self.check_share("start", "end", "warmup")
        if not self.start < self.end:
            raise self.fault("end", f"after start={self.start!r}")
        self.check_number("floor", high=1, above=True)
        self.check_number("warmup", high=self.start)

    def factor_at(self, step: float, n_steps: int) -> float:
        """The rise, the peak, the fall, the floor."""
        n_warmup = round(self.warmup * n_steps)
        if step < n_warmup:
            return min(1.0, (step + 1) / n_warmup)
        fallen = min(1.0, max(0.0, (step / n_steps - self.start) / (self.end - self.start)))
        return max(self.floor, 1 - (1 - self.floor) * fallen)
