"""A candidate: one value for every active axis, and the flat code that samplers see."""

from collections.abc import Mapping
from typing import Any

from nas_asc.space.axis import Code


class Candidate:
    """A point of a space; equal ones hash the same and have the same code.

    Args:
        names: Axes in declared order; shared by all candidates of a space.
        code: One number an axis: the index of a choice, or the number itself; `first_code` where inactive.
        row: One value an axis; None where inactive.
        inactive: Positions of inactive axes.
    """

    __slots__ = ("code", "inactive", "names", "row")

    def __init__(
        self, names: tuple[str, ...], code: tuple[Code, ...], *, row: tuple[Any, ...], inactive: tuple[int, ...]
    ) -> None:
        self.names = names
        self.code = code
        self.row = row
        self.inactive = inactive

    @property
    def values(self) -> Mapping[str, Any]:
        """Value of every active axis, in declared order."""
        pairs = enumerate(zip(self.names, self.row, strict=True))
        return {name: value for index, (name, value) in pairs if index not in self.inactive}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and self.code == other.code and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"Candidate({', '.join(f'{name}={value!r}' for name, value in self.values.items())})"
