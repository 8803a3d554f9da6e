"""A user's function that asks for axes by the names of its arguments, inspected once when it is declared."""

import builtins
import difflib
import inspect
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import CodeType, TracebackType
from typing import Any

from nas_asc.errors import NasAscError, SpaceError, nearest
from nas_asc.space.place import Place, caller_place, fault

Row = Sequence[Any]
TASK_NAMES = ("n_classes", "in_shape", "clip_s", "target")


@dataclass(frozen=True)
class Function:
    """A function of the space file, bound to the positions of what it asks for.

    Args:
        role: What it is in the space, for errors: "requirement 'groups_divide_width'".
        call: The user's function; it is called with positions only.
        asks: Argument names, in order.
        pick: The arguments out of a row of all values.
        place: Where it is defined.
    """

    role: str
    call: Callable[..., Any]
    asks: tuple[str, ...]
    pick: Callable[[Row], tuple[Any, ...]]
    place: Place

    def __call__(self, row: Row) -> Any:
        """Result for a row of all values.

        Raises:
            SpaceError: The function raised; names the user's line.
        """
        try:
            return self.call(*self.pick(row))
        except Exception as error:
            raise self.fault(error, row) from error

    def is_true(self, row: Row) -> bool:
        """Result that must be True or False.

        Raises:
            SpaceError: It is something else, or the function raised.
        """
        met = self(row)
        if met is True or met is False:
            return met
        raise fault(f"{self.role} must return True or False, but got {met!r}", "Compare, or use bool(...).", self.place)

    def are_true(self, columns: Sequence[Sequence[Any]]) -> list[bool]:
        """Results for columns of values, one an axis; each must be True or False.

        Raises:
            SpaceError: One is something else, or the function raised.
        """
        try:
            met = list(map(self.call, *self.pick(columns))) if self.asks else []
        except Exception:
            met = []
        if met and set(map(type, met)) == {bool}:
            return met
        return [self.is_true(row) for row in zip(*columns, strict=True)]  # the slow way names what is wrong

    def fault(self, error: Exception, row: Row) -> SpaceError:
        """What `error`, raised inside the user's function on a row, is to the user."""
        if isinstance(error, SpaceError):
            return error
        place = innermost_place(error.__traceback__, self.place.file) or self.place
        inactive = [name for name, value in zip(self.asks, self.pick(row), strict=True) if value is None]
        hint = f"An inactive axis arrives as None, here {inactive[0]!r}: test for it." if inactive else None
        return place_error(error, place, self.role, remedy=hint)


def place_error(error: BaseException, place: Place, role: str, *, remedy: str | None = None) -> SpaceError:
    """One line for an exception of the user's code: our own messages keep their words and gain the place."""
    if isinstance(error, NasAscError):
        message = add_place(str(error), place)
        has_remedy = ". " in message
        return SpaceError(message if has_remedy else f"{message} Change the value, or rule it out by @space.require.")
    remedy = remedy or _nearest_name(error) or "Correct the code of that line."
    return fault(f"{role} raised {type(error).__name__}: {error}", remedy, place)


def _nearest_name(error: BaseException) -> str | None:
    """Remedy for a name that Python does not know: the nearest one of where it was used."""
    trace = error.__traceback__
    if not isinstance(error, NameError) or error.name is None or trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    close = difflib.get_close_matches(error.name, [*frame.f_locals, *frame.f_globals, *dir(builtins)], n=1)
    return f"Did you mean {close[0]!r}?" if close else None


def add_place(message: str, place: Place) -> str:
    """Message with the place behind its first sentence.

    >>> add_place("`stride` must be 1 or more, but got stride=0.", Place("deep.py", 3))
    '`stride` must be 1 or more, but got stride=0 (deep.py, line 3).'
    """
    reason, stop, remedy = message.partition(". ")
    return f"{reason.removesuffix('.')} ({place}).{' ' + remedy if stop else ''}"


def innermost_place(trace: TracebackType | None, file: str) -> Place | None:
    """Last line of `file` that a traceback passed through."""
    place = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            place = Place(file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def bind_function(call: Callable[..., Any], role: str, *, positions: Mapping[str, int], space_name: str) -> Function:
    """Function whose every argument is a known name.

    Args:
        call: A user's function or lambda.
        role: What it is in the space, for errors.
        positions: Known names and where their values stand in a row.
        space_name: For errors.

    Raises:
        SpaceError: An argument is no axis, has a default, or is *args or **kwargs; or `call` is no function.
    """
    code = getattr(call, "__code__", None)
    if not isinstance(code, CodeType):
        raise fault(f"{role} must be a function, but got {call!r}", "Write a def or a lambda.", caller_place())
    place = definition_place(code)
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise fault(f"{role} must ask for axes by name, but got '{parameter}'", "Name each axis.", place)
        if parameter.default is not parameter.empty:
            raise fault(
                f"argument '{parameter}' of {role} has a default, but its value comes from the axis",
                f"Write {parameter.name!r} alone; a fixed value belongs into the body.",
                place,
            )
        if parameter.name in TASK_NAMES and parameter.name not in positions:
            reason = f"{role} cannot ask for {parameter.name!r}: it is asked before the data are known"
            raise fault(reason, "Ask for axes only.", place)
        if parameter.name not in positions:
            remedy = nearest(parameter.name, positions, what="axes")
            raise fault(f"no axis named {parameter.name!r} in space {space_name!r}", remedy, place)
    asks = tuple(inspect.signature(call).parameters)
    return Function(role, call, asks, _picker([positions[name] for name in asks]), place)


def definition_place(code: CodeType) -> Place:
    """Where a function's `def` or `lambda` stands; Python itself counts from the first decorator."""
    line = code.co_firstlineno
    while linecache.getline(code.co_filename, line).lstrip().startswith("@"):
        line += 1
    return Place(code.co_filename, line)


def _picker(indexes: list[int]) -> Callable[[Row], tuple[Any, ...]]:
    if len(indexes) > 1:
        return itemgetter(*indexes)
    if not indexes:
        return lambda row: ()
    (index,) = indexes
    return lambda row: (row[index],)
