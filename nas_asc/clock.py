"""Reading the time, in one place: how long something took, and how much time is left for it.

Conventions:
    Seconds. Only differences of readings mean anything. Who must not depend on the machine brings a clock of its own.
"""

import math
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """A reading in seconds, never less than the one before."""


class WallClock:
    """The machine's own clock, which no change of the date moves."""

    def now(self) -> float:
        """A reading in seconds."""
        return time.monotonic()


class ThreadClock:
    """The time that the processor has spent on the thread that reads it; what other processes do is none of it."""

    def now(self) -> float:
        """A reading in seconds."""
        return time.thread_time()


WALL_CLOCK = WallClock()
THREAD_CLOCK = ThreadClock()


@dataclass(frozen=True)
class TimeLimit:
    """The moment at which something must be over, by a clock.

    Args:
        end: Reading of the clock; None is no limit.
        clock: Tells the time.
    """

    end: float | None = None
    clock: Clock = WALL_CLOCK

    @classmethod
    def after(cls, seconds: float | None, *, clock: Clock = WALL_CLOCK) -> "TimeLimit":
        """Limit that many seconds from now; None is no limit."""
        return cls(None if seconds is None else clock.now() + seconds, clock)

    @property
    def left_s(self) -> float:
        """Seconds left, infinite without a limit; negative when they are over."""
        return math.inf if self.end is None else self.end - self.clock.now()

    @property
    def is_over(self) -> bool:
        """Whether the moment has come."""
        return self.left_s <= 0

    def keep(self, seconds: float) -> "TimeLimit":
        """The limit of what must be over that many seconds earlier, because something else follows.

        >>> TimeLimit(10.0).keep(2.0).end
        8.0
        """
        return self if self.end is None else TimeLimit(self.end - seconds, self.clock)


NO_LIMIT = TimeLimit()
