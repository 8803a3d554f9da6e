"""What every part of a recipe shares: checks of its values, and its way to plain data and back."""

from dataclasses import fields
from typing import Any, ClassVar

from nas_asc.errors import RecipeError


class Part:
    """Base of the parts of a recipe. A part is a frozen dataclass of plain values, checked when it is made.

    Parts are found again by the name of their class, which therefore has to be another than those of this room.
    """

    known: ClassVar[dict[str, type["Part"]]] = {}

    def __init_subclass__(cls) -> None:
        """Remember the class by its name.

        Raises:
            RecipeError: A part of this room has that name.
        """
        named = Part.known.get(cls.__name__)
        if named is not None and _is_ours(named) and not _is_ours(cls):
            raise RecipeError(f"a recipe part of nas_asc is named {cls.__name__!r} already. Give yours another name.")
        Part.known[cls.__name__] = cls

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `part_from_dict` gives the part back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        plain = {name: value.to_dict() if isinstance(value, Part) else value for name, value in values.items()}
        return {"part": type(self).__name__, **plain}

    def check_number(
        self, name: str, *, low: float = 0.0, high: float | None = None, above: bool = False, optional: bool = False
    ) -> None:
        """Raise unless the field is a number in [low, high], or above `low`; None where it is optional."""
        value = getattr(self, name)
        if value is None and optional:
            return
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and (value > low if above else value >= low) and (high is None or value <= high):
            return
        bound = f"above {low:g}" if above else f"{low:g} or more"
        must = bound if high is None else f"{bound} and at most {high:g}"
        raise self.fault(name, must + (", or None" if optional else ""))

    def check_share(self, *names: str) -> None:
        """Raise unless each field is a share in [0, 1]."""
        for name in names:
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise self.fault(name, "a share in [0, 1]")

    def check_count(self, name: str, *, at_least: int = 1, optional: bool = False) -> None:
        """Raise unless the field is a whole number of at least so much; None where it is optional."""
        value = getattr(self, name)
        if value is None and optional:
            return
        if type(value) is not int or value < at_least:
            raise self.fault(name, f"a whole number of {at_least} or more" + (", or None" if optional else ""))

    def check_word(self, name: str, words: tuple[str, ...]) -> None:
        """Raise unless the field is one of the words."""
        if getattr(self, name) not in words:
            raise self.fault(name, "one of " + ", ".join(f'"{word}"' for word in words))

    def fault(self, name: str, must: str) -> RecipeError:
        """Error of one field, to be raised by the caller."""
        value = getattr(self, name)
        return RecipeError(f"`{name}` must be {must}, but got {name}={value!r}, in {type(self).__name__}.")


def _is_ours(part: type[Part]) -> bool:
    return part.__module__.startswith(__name__.rpartition(".")[0])


def part_from_dict(values: dict[str, Any]) -> Part:
    """Part of what `Part.to_dict` gave, also after a way through JSON.

    Raises:
        RecipeError: There is no such part, or it takes other values.
    """
    name = values.get("part", "")
    if name not in Part.known:
        raise RecipeError(f"no recipe part is named {name!r}. Known are {', '.join(sorted(Part.known))}.")
    restored = {key: _restore(value) for key, value in values.items() if key != "part"}
    try:
        return Part.known[name](**restored)
    except TypeError as error:  # of another version of a part of somebody's own, as a rule
        raise RecipeError(f"{name} of a stored recipe has other values than {name} now takes: {error}.") from None


def _restore(value: Any) -> Any:
    if isinstance(value, dict) and "part" in value:
        return part_from_dict(value)
    return tuple(map(_restore, value)) if isinstance(value, list | tuple) else value
