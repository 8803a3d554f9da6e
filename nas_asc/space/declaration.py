"""From named forms to axes: switches of optional ones, conditions bound to what they ask for, all names checked."""

from collections.abc import Mapping
from dataclasses import replace

from nas_asc.errors import nearest
from nas_asc.space.axis import Axis, is_number
from nas_asc.space.choice_axis import ChoiceAxis
from nas_asc.space.form import Form
from nas_asc.space.function import TASK_NAMES, Function, bind_function
from nas_asc.space.place import Place, fault

_RESERVED = (*TASK_NAMES, "published", "convention", "task", "recipe", "source", "note")


def declare_axes(forms: Mapping[str, Form], *, space_name: str, place: Place) -> dict[str, Axis]:
    """Axes by name, in declared order, each optional one after its switch.

    Args:
        forms: What the user wrote, by name.
        space_name: For errors.
        place: The place of the space, for errors.

    Raises:
        SpaceError: A form is none, a name is reserved, or a condition or fraction asks for an unknown axis.
    """
    if not forms:
        raise fault(f"space {space_name!r} has no axes", "Write Space(width=choice(16, 32)).", place)
    for name, form in forms.items():
        if not isinstance(form, Form):
            reason = f"axis {name!r} must be a form such as choice(16, 32), but got {form!r}"
            raise fault(reason, f"Write {name}=choice({form!r}).", place)
        if name in _RESERVED:
            raise fault(f"{name!r} is reserved and cannot name an axis", "Choose another name.", form.axis.place)
    named = _with_switches(forms)
    positions = {name: index for index, name in enumerate(named)}
    axes = {name: _name_axis(name, form, positions, space_name=space_name) for name, form in named.items()}
    for axis in axes.values():
        _validate_base(axis, axes, space_name=space_name)
    return axes


def _with_switches(forms: Mapping[str, Form]) -> dict[str, Form]:
    named: dict[str, Form] = {}
    for name, form in forms.items():
        if form.is_optional:
            switch, place = f"has_{name}", form.axis.place
            if switch in forms:
                raise fault(f"optional axis {name!r} brings its own axis {switch!r}", "Rename yours.", place)
            guess = 0 if form.guess_is_none else None if form.axis.guess is None else 1
            named[switch] = Form(ChoiceAxis(place=place, values=(False, True), guess=guess), form.when)
            form = replace(form, when=_is_on)
        named[name] = form
    return named


def _is_on(switch: bool | None) -> bool:
    return switch is True


def _name_axis(name: str, form: Form, positions: Mapping[str, int], *, space_name: str) -> Axis:
    role = f"condition of axis {name!r}"
    if form.when is None:
        return replace(form.axis, name=name)
    if not form.is_optional:
        when = bind_function(form.when, role, positions=positions, space_name=space_name)
        return replace(form.axis, name=name, when=when)
    index = positions[f"has_{name}"]
    when = Function(role, form.when, (f"has_{name}",), lambda row: (row[index],), form.axis.place)
    return replace(form.axis, name=name, when=when)


def _validate_base(axis: Axis, axes: Mapping[str, Axis], *, space_name: str) -> None:
    if axis.of is None:
        return
    if axis.of not in axes:
        remedy = nearest(axis.of, axes, what="axes")
        raise fault(f"no axis named {axis.of!r} in space {space_name!r}", remedy, axis.place)
    base = axes[axis.of]
    if isinstance(base, ChoiceAxis) and not all(is_number(value) for value in base.values):
        reason = f"axis {axis.name!r} is a fraction of {axis.of!r}, whose values are not all numbers"
        raise fault(reason, f"They are {base.values_text}.", axis.place)
