"""Axes: the named dimensions of a space, each with one number a candidate as its code.

Conventions:
    The code of a choice is the index of its value; of an integer or a real axis it is the value itself.
    An inactive axis has the code `first_code`, so that equal candidates have equal codes.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nas_asc.errors import SpaceError
from nas_asc.space.function import Function
from nas_asc.space.place import Place

Code = int | float


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One dimension of a space.

    Args:
        name: As functions ask for it.
        place: Where its form stands.
        when: Condition of being active; None is always.
        guess: Code of the starting guess; None has none.
        of: Axis that its values are shares of.
    """

    kind: ClassVar[str]

    name: str = ""
    place: Place
    when: Function | None = None
    guess: Code | None = None
    of: str | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether near codes mean near values."""
        return True

    @property
    def table(self) -> tuple[Any, ...] | None:
        """Values by code; None where the code is the value, or where another axis is needed."""
        return None

    @property
    def form(self) -> str:
        """Name of the form it was declared with, for tables."""
        return self.kind

    @property
    def n_values(self) -> int | None:
        """Number of values; None for a real axis."""
        raise NotImplementedError

    @property
    def first_code(self) -> Code:
        """Code of an inactive axis."""
        raise NotImplementedError

    @property
    def values_text(self) -> str:
        """Its values in short, for tables and digests."""
        raise NotImplementedError

    @property
    def guess_text(self) -> str:
        """Its starting guess, for tables; empty where there is none."""
        return "" if self.guess is None else str(self.guess)

    def draw_codes(self, rng: np.random.Generator, n: int) -> list[Code]:
        """Independent codes, uniform over the values (over their logarithms where `log`)."""
        raise NotImplementedError

    def draw_neighbour(self, code: Code, rng: np.random.Generator) -> Code:
        """Another code: a near one half of the time where values are ordered, else any."""
        raise NotImplementedError

    def value_of(self, code: Code, base: Any = None) -> Any:
        """Value that a code stands for; `base` is the value of the axis `of`."""
        return code

    def code_of(self, value: Any, base: Any = None) -> Code:
        """Code of a value.

        Raises:
            SpaceError: The axis does not have it; says only the reason.
        """
        raise NotImplementedError

    def to_code(self, number: Any) -> Code:
        """Code as a plain Python number.

        Raises:
            SpaceError: It is out of range; says only the reason.
        """
        raise NotImplementedError

    def misses(self, value: Any) -> SpaceError:
        """Reason why a value cannot be had."""
        return SpaceError(f"axis {self.name!r} has no value {value!r}: it has {self.values_text}")


@dataclass(frozen=True, kw_only=True)
class ChoiceAxis(Axis):
    """An axis over listed values.

    Args:
        values: Distinct plain values: None, bool, int, float, str, or tuples of them.
        prior: Probability of each value in random draws; None is uniform.
        title: Name of the form.
    """

    kind = "choice"

    values: tuple[Any, ...]
    prior: tuple[float, ...] | None = None
    title: str = "choice"

    @property
    def form(self) -> str:
        """Name of the form it was declared with, for tables."""
        return self.title

    @property
    def n_values(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def table(self) -> tuple[Any, ...] | None:
        """Values by code."""
        return self.values

    @property
    def is_ordered(self) -> bool:
        """Whether the values are rising numbers, so that near codes mean near values."""
        return all(is_number(value) for value in self.values) and list(self.values) == sorted(self.values)

    @property
    def first_code(self) -> Code:
        """Code of an inactive axis."""
        return 0

    @property
    def values_text(self) -> str:
        """Its values in short, for tables and digests."""
        return ", ".join(str(value) for value in self.values)

    @property
    def guess_text(self) -> str:
        """Its starting guess, for tables; of a fraction the share."""
        return "" if self.guess is None else str(self.values[int(self.guess)])

    def draw_codes(self, rng: np.random.Generator, n: int) -> list[Code]:
        """Independent codes, as the prior says."""
        if self.prior is not None:
            return rng.choice(len(self.values), n, p=self.prior).tolist()
        return rng.integers(0, len(self.values), n).tolist()

    def draw_neighbour(self, code: Code, rng: np.random.Generator) -> Code:
        """Another code: a near one half of the time where values are ordered, else any."""
        n = len(self.values)
        if self.is_ordered and rng.random() < 0.5:
            return min(max(int(code) + (1 if rng.random() < 0.5 else -1), 0), n - 1)
        return (int(code) + int(rng.integers(1, n))) % n if n > 1 else code

    def value_of(self, code: Code, base: Any = None) -> Any:
        """Value that a code stands for."""
        return self.values[int(code)]

    def code_of(self, value: Any, base: Any = None) -> Code:
        """Code of a value; a list, as JSON has it, is the tuple."""
        wanted = freeze_value(value)
        for index, mine in enumerate(self.values):
            if mine == wanted and isinstance(mine, bool) == isinstance(wanted, bool):
                return index
        raise self.misses(value)

    def to_code(self, number: Any) -> Code:
        """Code as a plain Python number."""
        if not is_number(number) or number != int(number) or not 0 <= number < len(self.values):
            raise SpaceError(f"code of axis {self.name!r} must be 0..{len(self.values) - 1}, but got {number!r}")
        return int(number)


@dataclass(frozen=True, kw_only=True)
class FractionAxis(ChoiceAxis):
    """An axis over shares of another axis: its values are share * base, rounded to a multiple, at least one multiple.

    Args:
        multiple_of: What values are rounded to.
    """

    multiple_of: int = 1

    @property
    def table(self) -> None:
        """None: values depend on the other axis."""
        return

    @property
    def form(self) -> str:
        """Name of the form it was declared with, for tables."""
        return f"fraction of {self.of}"

    def value_of(self, code: Code, base: Any = None) -> Any:
        """Value that a code stands for where the other axis has the value `base`."""
        multiple = self.multiple_of
        return multiple * max(1, math.floor(self.values[int(code)] * base / multiple + 0.5))

    def code_of(self, value: Any, base: Any = None) -> Code:
        """First code that stands for a value where the other axis has the value `base`."""
        for code in range(len(self.values)):
            if is_number(value) and self.value_of(code, base) == value:
                return code
        values = ", ".join(str(self.value_of(code, base)) for code in range(len(self.values)))
        raise SpaceError(f"axis {self.name!r} has no value {value!r}: at {self.of}={base!r} it has {values}")


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


def is_number(value: Any) -> bool:
    """Whether a value is a finite int or float, also of numpy, and no bool."""
    return (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def freeze_value(value: Any) -> Any:
    """Value with lists as tuples, as JSON gives tuples back."""
    return tuple(freeze_value(item) for item in value) if isinstance(value, list | tuple) else value
