"""Clocks for tests, with which a time depends on no machine."""

from dataclasses import dataclass


@dataclass
class StepClock:
    """A clock that is further by the same step at each reading.

    Args:
        step_s: Seconds from one reading to the next.
    """

    step_s: float
    n_readings: int = 0

    def now(self) -> float:
        """A reading in seconds; the first one is 0."""
        self.n_readings += 1
        return (self.n_readings - 1) * self.step_s


@dataclass
class ManualClock:
    """A clock that stands still until it is set.

    Args:
        seconds: What it reads.
    """

    seconds: float = 0.0

    def now(self) -> float:
        """A reading in seconds."""
        return self.seconds
