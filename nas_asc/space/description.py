"""A space as rows for people."""

from collections.abc import Mapping
from typing import NamedTuple

from nas_asc.space.axis import Axis


class AxisRow(NamedTuple):
    """One axis in words.

    Args:
        axis: Its name.
        form: What it was declared with.
        values: In short.
        condition: When it is active; empty for always.
        guess: Value that a search starts with; empty for none.
    """

    axis: str
    form: str
    values: str
    condition: str
    guess: str

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return self._asdict()


def describe_axis(axis: Axis, condition: str) -> AxisRow:
    """Row of one axis, whose condition is given as text."""
    return AxisRow(axis.name, axis.form, axis.values_text, condition, axis.guess_text)


def describe_change(old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
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
