"""From codes, or from named values, to candidates: which axes are active, and what they are worth.

Conventions:
    A row has one value an axis in declared order, None where the axis is inactive.
    Axes are resolved after those that their condition or fraction asks for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nas_asc.errors import SpaceError
from nas_asc.space.axis import Axis, Code
from nas_asc.space.candidate import Candidate
from nas_asc.space.function import Function
from nas_asc.space.place import Place, fault, nearest


class _Step(NamedTuple):
    """What resolving one axis needs, looked up once; `condition` is equal where the condition is."""

    position: int
    axis: Axis
    when: Function | None
    condition: int
    base: int | None
    table: tuple[Any, ...] | None


class Resolver:
    """What makes candidates of the axes of one space.

    Args:
        axes: In declared order.
        space_name: For errors.

    Raises:
        SpaceError: Conditions or fractions ask for each other in a circle.
    """

    def __init__(self, axes: Iterable[Axis], *, space_name: str) -> None:
        self.axes = tuple(axes)
        self.names = tuple(axis.name for axis in self.axes)
        self.space_name = space_name
        self._position = {name: index for index, name in enumerate(self.names)}
        self._steps = [self._step(axis) for axis in sort_axes(self.axes)]
        self._n_conditions = len(self._conditions())
        self._fractions: dict[tuple[int, Code, Any], tuple[Code, Any]] = {}

    def _conditions(self) -> list[tuple[object, tuple[str, ...]]]:
        """Distinct conditions: the same function asking for the same axes is one."""
        return list(dict.fromkeys((axis.when.call, axis.when.asks) for axis in self.axes if axis.when))

    def _step(self, axis: Axis) -> "_Step":
        when = axis.when
        return _Step(
            position=self._position[axis.name],
            axis=axis,
            when=when,
            condition=self._conditions().index((when.call, when.asks)) if when else 0,
            base=None if axis.of is None else self._position[axis.of],
            table=axis.table,
        )

    def resolve(self, codes: Sequence[Code]) -> Candidate:
        """Candidate of one code an axis, each in range; inactive ones go to `first_code`."""
        code = list(codes)
        row: list[Any] = [None] * len(code)
        inactive: tuple[int, ...] = ()
        met: list[bool | None] = [None] * self._n_conditions  # axes with one condition ask it once
        for index, axis, when, condition, base, table in self._steps:
            is_active = True if when is None else met[condition]
            if is_active is None and when is not None:
                is_active = met[condition] = when.is_true(row)
            if not is_active or (base is not None and row[base] is None):
                code[index] = axis.first_code
                inactive += (index,)
            elif base is not None:
                code[index], row[index] = self._fraction(index, code[index], row[base])
            else:
                row[index] = code[index] if table is None else table[code[index]]  # type: ignore[index]
        return Candidate(self.names, tuple(code), row=tuple(row), inactive=inactive)

    def _fraction(self, index: int, code: Code, base: Any) -> tuple[Code, Any]:
        key = (index, code, base)
        known = self._fractions.get(key)
        if known is None:
            axis = self.axes[index]
            value = axis.value_of(code, base)
            known = self._fractions[key] = (axis.code_of(value, base), value)
        return known

    def decode(self, numbers: Sequence[Any]) -> Candidate:
        """Candidate of what a sampler gives: one number an axis.

        Raises:
            SpaceError: The length is wrong, or a number is out of range.
        """
        if len(numbers) != len(self.axes):
            raise fault(
                f"a code of space {self.space_name!r} has {len(self.axes)} numbers, but got {len(numbers)}",
                "Give one an axis.",
            )
        return self.resolve([axis.to_code(number) for axis, number in zip(self.axes, numbers, strict=True)])

    def candidate(
        self, values: Mapping[str, Any], *, what: str, place: Place | None = None, with_guesses: bool = False
    ) -> Candidate:
        """Candidate of named values.

        Args:
            values: One for every active axis; None may be given for inactive ones.
            what: What is described, for errors: "system 'S1'".
            place: Where it is described, for errors.
            with_guesses: Whether axes that are not named take their starting guess.

        Raises:
            SpaceError: A name or a value is unknown, an active axis has no value, or an inactive one has.
        """
        values = self._switched(values)
        for name in values:
            if name not in self._position:
                remedy = nearest(name, self.names, what="axes")
                raise fault(f"no axis named {name!r} in space {self.space_name!r}, given in {what}", remedy, place)
        codes: list[Code] = [axis.first_code for axis in self.axes]
        row: list[Any] = [None] * len(codes)
        for index, axis, when, _, base, _ in self._steps:
            base_value = None if base is None else row[base]
            if (when is not None and not when.is_true(row)) or (base is not None and base_value is None):
                if values.get(axis.name) is not None:
                    reason = f"axis {axis.name!r} is not active in {what}, but got {axis.name}={values[axis.name]!r}"
                    raise fault(reason, "Leave it out, or meet its condition.", place)
                continue
            if axis.name in values:
                codes[index] = _code_of(axis, values[axis.name], base=base_value, what=what, place=place)
            elif with_guesses and axis.guess is not None:
                codes[index] = axis.guess
            else:
                reason = f"{what} has no value for axis {axis.name!r}"
                raise fault(reason, f"Add {axis.name}=..., one of {axis.values_text}.", place)
            row[index] = axis.value_of(codes[index], base_value)
        return self.resolve(codes)

    def _switched(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with the switches of optional axes that were given by their value or None."""
        switches = {
            f"has_{name}": value is not None
            for name, value in values.items()
            if f"has_{name}" in self._position and f"has_{name}" not in values
        }
        return {**values, **switches}


def sort_axes(axes: Sequence[Axis]) -> list[Axis]:
    """Axes such that each comes after those it asks for.

    Raises:
        SpaceError: Some ask for each other in a circle; names them.
    """
    by_name = {axis.name: axis for axis in axes}
    done: dict[str, Axis] = {}

    def visit(axis: Axis, path: tuple[str, ...]) -> None:
        if axis.name in path:
            circle = " -> ".join([*path[path.index(axis.name) :], axis.name])
            raise fault(f"axes ask for each other in a circle: {circle}", "Drop one of the conditions.", axis.place)
        if axis.name in done:
            return
        for name in asked_by(axis):
            visit(by_name[name], (*path, axis.name))
        done[axis.name] = axis

    for axis in axes:
        visit(axis, ())
    return list(done.values())


def asked_by(axis: Axis) -> tuple[str, ...]:
    """Names of the axes that an axis needs before it."""
    condition = axis.when.asks if axis.when else ()
    return condition if axis.of is None else (*condition, axis.of)


def _code_of(axis: Axis, value: Any, *, base: Any, what: str, place: Place | None) -> Code:
    try:
        return axis.code_of(value, base)
    except SpaceError as error:
        raise fault(f"{error}, in {what}", f"Give {axis.name!r} one of its values.", place) from None
