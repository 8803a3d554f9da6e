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
