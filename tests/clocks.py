"""Clocks that tests bring, so that no test depends on the speed of the machine."""


class StepClock:
    """Every reading is a fixed step after the one before.

    Args:
        step_s: Seconds from one reading to the next.
    """

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.seconds = 0.0

    def now(self) -> float:
        """A reading, after which the clock is a step further."""
        self.seconds += self.step_s
        return self.seconds


class ManualClock:
    """Stands still until a test sets it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """What the test has set."""
        return self.seconds
