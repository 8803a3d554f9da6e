"""Axes over listed values, and over shares of another axis; their codes are indices."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_asc.errors import SpaceError
from nas_asc.space.axis import Axis, Code, freeze_value, is_number


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
