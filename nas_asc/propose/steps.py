"""Small changes of a candidate: one axis by one place."""

from collections.abc import Iterator

import numpy as np

from nas_asc.space import Axis, Candidate, Space

_PLACES = 8  # of the range of an axis that has more
_OTHERS = 4  # values tried of an axis without an order


def axis_steps(candidate: Candidate, index: int, space: Space, rng: np.random.Generator) -> Iterator[Candidate]:
    """Candidates that differ in one axis and meet the requirements.

    An ordered axis goes one place up and down, or a fraction of its range where it has many places; any other takes
    other values.

    Args:
        candidate: Where to begin.
        index: The index of the axis; of an inactive one there are no steps.
        space: The space of the candidate.
        rng: Chooses among the values of an axis that has no order and many of them.
    """
    if index in candidate.inactive:
        return
    axis = list(space.axes.values())[index]
    for code in _near_codes(candidate.code[index], axis, rng):
        changed = space.decode([*candidate.code[:index], code, *candidate.code[index + 1 :]])
        if changed != candidate and space.broken_requirement(changed) is None:
            yield changed


def all_steps(candidate: Candidate, space: Space, rng: np.random.Generator) -> Iterator[Candidate]:
    """Candidates that differ in any one axis and meet the requirements.

    Args:
        candidate: Where to begin.
        space: The space of the candidate.
        rng: Chooses among the values of an axis that has no order and many of them.
    """
    for index in range(len(space.axes)):
        yield from axis_steps(candidate, index, space, rng)


def all_values(candidate: Candidate, space: Space) -> Iterator[Candidate]:
    """Candidates that differ in any one axis of listed values, the nearest values first, and meet the requirements.

    Args:
        candidate: Where to begin.
        space: The space of the candidate.
    """
    for index, axis in enumerate(space.axes.values()):
        if axis.kind == "choice" and index not in candidate.inactive:
            code = candidate.code[index]
            for value in sorted(set(range(int(axis.n_values or 1))) - {code}, key=lambda value: abs(value - code)):
                changed = space.decode([*candidate.code[:index], value, *candidate.code[index + 1 :]])
                if changed != candidate and space.broken_requirement(changed) is None:
                    yield changed


def _near_codes(code: float, axis: Axis, rng: np.random.Generator) -> list[float]:
    if axis.kind == "choice":
        n_values = int(axis.n_values or 1)
        if axis.is_ordered:
            return [near for near in (code - 1, code + 1) if 0 <= near < n_values]
        others = [value for value in range(n_values) if value != code]
        return [*others] if len(others) <= _OTHERS else [*rng.choice(others, _OTHERS, replace=False).tolist()]
    low, high = axis.low, axis.high  # type: ignore[attr-defined]
    width = (high - low) / _PLACES
    if axis.kind == "real":
        return [near for near in (max(low, code - width), min(high, code + width)) if near != code]
    step = axis.step  # type: ignore[attr-defined]
    n_steps = max(1, round(width / step))
    last = low + (high - low) // step * step
    return [near for near in (max(low, code - n_steps * step), min(last, code + n_steps * step)) if near != code]
