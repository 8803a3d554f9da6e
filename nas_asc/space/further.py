"""Axes of the front end that a space has for some targets only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nas_asc.errors import nearest
from nas_asc.frontend import TARGETS, LogMel
from nas_asc.space.form import Form
from nas_asc.space.place import Place, fault

_FIELDS = tuple(field.name for field in fields(LogMel))


@dataclass(frozen=True)
class FurtherAxes:
    """Further axes, each a field of `LogMel`.

    Args:
        targets: Those that they are for.
        forms: What the user wrote, by name.
        place: Where they are declared.

    Raises:
        SpaceError: A target or a field is unknown, or a form has no guess.
    """

    targets: tuple[str, ...]
    forms: Mapping[str, Form]
    place: Place

    def __post_init__(self) -> None:
        if not self.targets or not self.forms:
            remedy = 'Write features_on("c", center=choice(True, False, guess=True)).'
            raise fault("`features_on` needs targets and axes", remedy, self.place)
        for target in self.targets:
            if target not in TARGETS[1:]:
                raise fault(f"no target named {target!r}", nearest(target, TARGETS[1:], what="targets"), self.place)
        for name, form in self.forms.items():
            if name not in _FIELDS:
                raise fault(f"LogMel has no field {name!r}", nearest(name, _FIELDS, what="fields"), self.place)
            if isinstance(form, Form) and form.axis.guess is None:
                reason = f"further axis {name!r} has no guess, which systems and guesses take"
                raise fault(reason, "Give one: guess=...", self.place)
