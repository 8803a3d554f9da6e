"""Groups of options that a command takes as one object.

Conventions:
    A group is a dataclass whose fields are options with their defaults, or groups; or a class that makes its options
    itself, with `parameters()` and `gather(values)`. A command that `spread_groups` decorates has, in the place of a
    group, its options; it is called with the group as one object.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import update_wrapper
from types import FunctionType
from typing import Annotated, Any

_KIND = inspect.Parameter.KEYWORD_ONLY


def option_parameter(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    """An option as a parameter of a command.

    Args:
        name: The name of the parameter.
        default: Its value where it is not given.
        annotation: Type and option.
    """
    return inspect.Parameter(name, _KIND, default=default, annotation=annotation)


def spread_groups(body: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters that are groups are spread into their options.

    Args:
        body: The command; parameters whose type is a dataclass are groups.
    """
    return _Command(body)


class _Command:
    """A command that typer reads the options of, and calls with one value each."""

    def __init__(self, body: Callable[..., None]) -> None:
        update_wrapper(self, body)
        self._body = body
        self._declared = inspect.signature(body).parameters.values()

    @property
    def __signature__(self) -> inspect.Signature:
        found = (each for parameter in self._declared for each in _spread(parameter))
        return inspect.Signature([each.replace(kind=_KIND) for each in found])

    def __call__(self, **values: Any) -> None:
        self._body(**{each.name: _gather(each.name, each.annotation, values) for each in self._declared})


def _spread(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """The parameter, or those of the fields where it is a group."""
    if _makes_its_own(parameter.annotation):
        yield from parameter.annotation.parameters()
    elif _is_group(parameter.annotation):
        for each in fields(parameter.annotation):
            yield from _spread(option_parameter(each.name, each.default, each.type))
    else:
        yield parameter.replace(annotation=_settle(parameter.annotation))


def _gather(name: str, annotation: Any, values: Mapping[str, Any]) -> Any:
    """The parameter's value out of all options' values; of a group, the object."""
    if _makes_its_own(annotation):
        return annotation.gather(values)
    if _is_group(annotation):
        return annotation(**{each.name: _gather(each.name, each.type, values) for each in fields(annotation)})
    return values[name]


def _makes_its_own(annotation: Any) -> bool:
    return isinstance(annotation, type) and hasattr(annotation, "gather")


def _is_group(annotation: Any) -> bool:
    return is_dataclass(annotation)


def _settle(annotation: Any) -> Any:
    """The annotation; where a function makes its option, with what that makes now."""
    make = getattr(annotation, "__metadata__", (None,))[0]
    return Annotated[annotation.__origin__, make()] if isinstance(make, FunctionType) else annotation
