"""Axes over whole and real numbers; their codes are the numbers themselves."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_asc.space.axis import Axis, Code, is_number


@dataclass(frozen=True, kw_only=True)
class IntegerAxis(Axis):
    """Whole numbers from `low` to `high`, both included, in steps of `step`; drawn by logarithm where `log`."""

    kind = "integer"

    low: int
    high: int
    step: int = 1
    log: bool = False

    @property
    def form(self) -> str:
        """Name of the form it was declared with, for tables."""
        return "integer, log" if self.log else "integer"

    @property
    def n_values(self) -> int:
        """Number of values."""
        return (self.high - self.low) // self.step + 1

    @property
    def first_code(self) -> Code:
        """Code of an inactive axis."""
        return self.low

    @property
    def values_text(self) -> str:
        """Its values in short, for tables and digests."""
        return f"{self.low}..{self.high}" + (f" in steps of {self.step}" if self.step > 1 else "")

    def draw_codes(self, rng: np.random.Generator, n: int) -> list[Code]:
        """Independent codes, uniform over the values (over their logarithms where `log`)."""
        if self.log:
            edges = math.log(self.low - 0.5), math.log(self.high + 0.5)
            drawn = np.rint(np.exp(rng.uniform(*edges, n))).astype(np.int64)
            return np.clip(drawn, self.low, self.high).tolist()
        return (self.low + self.step * rng.integers(0, self.n_values, n)).tolist()

    def draw_neighbour(self, code: Code, rng: np.random.Generator) -> Code:
        """Another code: a near one half of the time, else any."""
        if rng.random() < 0.5:
            return self.draw_codes(rng, 1)[0]
        near = int(code) + self.step * (1 if rng.random() < 0.5 else -1)
        return min(max(near, self.low), self.high)

    def code_of(self, value: Any, base: Any = None) -> Code:
        """Code of a value: the value."""
        if not is_number(value) or value != int(value) or not self.low <= value <= self.high:
            raise self.misses(value)
        if (int(value) - self.low) % self.step:
            raise self.misses(value)
        return int(value)

    def to_code(self, number: Any) -> Code:
        """Code as a plain Python number."""
        return self.code_of(number)


@dataclass(frozen=True, kw_only=True)
class RealAxis(Axis):
    """Real numbers from `low` to `high`; drawn by logarithm where `log`."""

    kind = "real"

    low: float
    high: float
    log: bool = False

    @property
    def form(self) -> str:
        """Name of the form it was declared with, for tables."""
        return "real, log" if self.log else "real"

    @property
    def n_values(self) -> None:
        """None: uncountable."""
        return None

    @property
    def first_code(self) -> Code:
        """Code of an inactive axis."""
        return self.low

    @property
    def values_text(self) -> str:
        """Its values in short, for tables and digests."""
        return f"{self.low:g}..{self.high:g}"

    def draw_codes(self, rng: np.random.Generator, n: int) -> list[Code]:
        """Independent codes, uniform (in the logarithm where `log`)."""
        if not self.log:
            return rng.uniform(self.low, self.high, n).tolist()
        return np.clip(np.exp(rng.uniform(math.log(self.low), math.log(self.high), n)), self.low, self.high).tolist()

    def draw_neighbour(self, code: Code, rng: np.random.Generator) -> Code:
        """Another code: within a tenth of the range half of the time, else any."""
        if rng.random() < 0.5:
            return self.draw_codes(rng, 1)[0]
        move = rng.normal(0, 0.1)
        near = code * (self.high / self.low) ** move if self.log else code + move * (self.high - self.low)
        return min(max(near, self.low), self.high)

    def code_of(self, value: Any, base: Any = None) -> Code:
        """Code of a value: the value."""
        if not is_number(value) or not self.low <= value <= self.high:
            raise self.misses(value)
        return float(value)

    def to_code(self, number: Any) -> Code:
        """Code as a plain Python number."""
        return self.code_of(number)
