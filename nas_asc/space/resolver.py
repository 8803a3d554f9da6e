"""From codes, or from named values, to candidates: which axes are active, and what they are worth.

Conventions:
    A row has one value an axis in declared order, None where the axis is inactive.
    Axes are resolved after those that their condition or fraction asks for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nas_asc.errors import SpaceError, nearest
from nas_asc.space.axis import Axis, Code
from nas_asc.space.candidate import Candidate
from nas_asc.space.function import Function
from nas_asc.space.place import Place, fault


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
        return self.resolve_columns([[code] for code in codes])[0]

    def resolve_columns(self, columns: Sequence[list[Code]]) -> list[Candidate]:
        """Candidates of one column of codes an axis; a column at a time, since searches draw them by the million."""
        codes = list(columns)
        values: list[list[Any]] = [[None] * len(codes[0])] * len(codes)
        met: dict[int, list[bool]] = {}
        conditional: dict[int, list[bool]] = {}
        for step in self._steps:
            active = _active(step, values, met)
            code = codes[step.position]
            if active is not None:
                conditional[step.position] = active
                first = step.axis.first_code
                code = [number if on else first for number, on in zip(code, active, strict=True)]
            code, value = self._evaluate(step, code, values)
            if active is not None:
                value = [each if on else None for each, on in zip(value, active, strict=True)]
            codes[step.position], values[step.position] = code, value
        inactive = _inactive(conditional, len(codes[0]))
        rows = zip(zip(*codes, strict=True), zip(*values, strict=True), inactive, strict=True)
        return [Candidate(self.names, code, row=row, inactive=sleeping) for code, row, sleeping in rows]

    def _evaluate(self, step: "_Step", code: list[Code], values: list[list[Any]]) -> tuple[list[Code], list[Any]]:
        """Canonical codes of one axis and their values."""
        if step.base is not None:
            pairs = zip(code, values[step.base], strict=True)
            known = [self._fraction(step.position, number, base) for number, base in pairs]
            return [number for number, _ in known], [value for _, value in known]
        table = step.table
        return code, code if table is None else [table[number] for number in code]  # type: ignore[index]

    def _fraction(self, position: int, code: Code, base: Any) -> tuple[Code, Any]:
        """First code that gives the same value as this one, and the value; None where the base has none."""
        key = (position, code, base)
        known = self._fractions.get(key)
        if known is None:
            axis = self.axes[position]
            value = None if base is None else axis.value_of(code, base)
            first = axis.first_code if base is None else axis.code_of(value, base)
            known = self._fractions[key] = (first, value)
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


def _active(step: _Step, values: list[list[Any]], met: dict[int, list[bool]]) -> list[bool] | None:
    """Where an axis is active; None is everywhere. `met` keeps conditions, which axes share."""
    active = None
    if step.when is not None:
        if step.condition not in met:
            met[step.condition] = step.when.are_true(values)
        active = met[step.condition]
    if step.base is not None and None in values[step.base]:
        has_base = [base is not None for base in values[step.base]]
        active = has_base if active is None else [on and there for on, there in zip(active, has_base, strict=True)]
    return active


def _inactive(conditional: Mapping[int, list[bool]], n: int) -> list[tuple[int, ...]]:
    """Positions of inactive axes, a candidate; a space has few different patterns."""
    if not conditional:
        return [()] * n
    positions = tuple(conditional)
    patterns = list(zip(*conditional.values(), strict=True))
    known = {
        pattern: tuple(position for position, on in zip(positions, pattern, strict=True) if not on)
        for pattern in set(patterns)
    }
    return [known[pattern] for pattern in patterns]


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
