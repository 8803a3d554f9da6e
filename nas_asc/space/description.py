"""A space as rows for people."""

from typing import NamedTuple

from nas_asc.space.space import Space


class AxisRow(NamedTuple):
    """One axis in words.

    Args:
        name: The axis.
        form: What it was declared with.
        values: In short.
        condition: When it is active; empty for always.
        guess: Value that a search starts with; empty for none.
    """

    name: str
    form: str
    values: str
    condition: str
    guess: str


def describe_axes(space: Space) -> tuple[AxisRow, ...]:
    """One row an axis, in declared order."""
    return tuple(
        AxisRow(name, axis.form, axis.values_text, space.condition_text(axis), axis.guess_text)
        for name, axis in space.axes.items()
    )


def describe_change(old: dict[str, str], new: dict[str, str]) -> str | None:
    """How two fingerprints of a space differ, as a clause for an error; None when they do not.

    >>> describe_change({"axis width": "choice: 8"}, {"axis width": "choice: 16"})
    "its axis 'width' has changed"
    """
    for part in (*new, *old):
        if old.get(part) != new.get(part):
            what = "is new" if part not in old else "is gone" if part not in new else "has changed"
            kind, _, name = part.partition(" ")
            return f"its {kind} {name.strip(chr(39))!r} {what}" if name else f"its {kind} {what}"
    return None
