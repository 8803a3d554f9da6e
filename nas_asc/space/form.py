"""The forms an axis is declared with, as space files write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nas_asc.errors import SpaceError
from nas_asc.space.axis import Axis, is_number
from nas_asc.space.choice_axis import ChoiceAxis, FractionAxis
from nas_asc.space.number_axis import IntegerAxis, RealAxis
from nas_asc.space.place import caller_place, fault

_NOT_GIVEN: Any = object()
Condition = Callable[..., bool]


@dataclass(frozen=True)
class Form:
    """An axis before it has its name.

    Args:
        axis: The axis, nameless.
        when: The user's condition of being active.
        is_optional: Whether it may be None; the space makes a switch of that.
        guess_is_none: Whether the starting guess is None.
    """

    axis: Axis
    when: Condition | None = None
    is_optional: bool = False
    guess_is_none: bool = False


def choice(
    *values: Any,
    prior: Sequence[float] | None = None,
    when: Condition | None = None,
    guess: Any = _NOT_GIVEN,
) -> Form:
    """Axis over listed values; rising numbers count as ordered.

    Args:
        values: Distinct plain values: None, bool, int, float, str, or tuples of them.
        prior: Relative weight of each value in random draws; None is uniform.
        when: Condition of being active, asking for other axes by name.
        guess: Value to start a search with.

    Raises:
        SpaceError: There is no value, one comes twice or is not plain, or the prior does not fit the values.

    >>> choice(8, 16, 32).axis.values_text
    '8, 16, 32'
    """
    return _choice_form("choice", values, when, guess, prior=None if prior is None else _weights(prior, len(values)))


def powers_of_two(low: int, high: int, *, when: Condition | None = None, guess: Any = _NOT_GIVEN) -> Form:
    """Axis over the powers of two from `low` to `high`, both included.

    Args:
        low: A power of two.
        high: A power of two, not below `low`.
        when: Condition of being active, asking for other axes by name.
        guess: Value to start a search with.

    Raises:
        SpaceError: A bound is no power of two, or the bounds are reversed.

    >>> powers_of_two(8, 64).axis.values_text
    '8, 16, 32, 64'
    """
    for name, bound in (("low", low), ("high", high)):
        if type(bound) is not int or bound < 1 or bound & (bound - 1):
            raise _form_fault(f"`{name}` must be a power of two, but got {name}={bound!r}", "Use 1, 2, 4, 8, ...")
    _check_order("powers_of_two", low, high)
    values = tuple(2**k for k in range(low.bit_length() - 1, high.bit_length()))
    return _choice_form("powers of two", values, when, guess)


def fraction(
    *shares: float, of: str, multiple_of: int = 1, when: Condition | None = None, guess: Any = _NOT_GIVEN
) -> Form:
    """Axis over shares of another axis: share * other, rounded to `multiple_of`, at least `multiple_of`.

    Args:
        shares: Distinct numbers above zero.
        of: Name of the other axis, whose values are numbers.
        multiple_of: What values are rounded to.
        when: Condition of being active, asking for other axes by name.
        guess: Share to start a search with.

    Raises:
        SpaceError: There is no share, one comes twice or is not above zero, or `multiple_of` is no count.

    >>> fraction(1/4, 1/2, of="width", multiple_of=8).axis.value_of(0, base=128)
    32
    """
    if any(not is_number(share) or share <= 0 for share in shares):
        raise _form_fault(f"shares of `fraction` must be above 0, but got {shares}", "Write 1/4, 1/2, 1.")
    if type(multiple_of) is not int or multiple_of < 1:
        raise _form_fault(f"`multiple_of` must be 1 or more, but got {multiple_of!r}", "Use 1, 4 or 8.")
    if not isinstance(of, str):
        raise _form_fault(f"`of` must be the name of an axis, but got {of!r}", 'Write of="width".')
    form = _choice_form("fraction", shares, when, guess)
    axis = FractionAxis(place=form.axis.place, values=shares, of=of, multiple_of=multiple_of, guess=form.axis.guess)
    return replace(form, axis=axis)


def integer(
    low: int, high: int, *, step: int = 1, log: bool = False, when: Condition | None = None, guess: Any = _NOT_GIVEN
) -> Form:
    """Axis over the whole numbers from `low` to `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value; `step` must lead to it.
        step: Distance of values.
        log: Whether values are drawn by their logarithm; only with step 1 and `low` of 1 or more.
        when: Condition of being active, asking for other axes by name.
        guess: Value to start a search with.

    Raises:
        SpaceError: Bounds are reversed, the step does not lead from one to the other, or `log` is not possible.

    >>> integer(16, 64, step=16).axis.n_values
    4
    """
    for name, value in (("low", low), ("high", high), ("step", step)):
        if type(value) is not int:
            raise _form_fault(f"`{name}` must be a whole number, but got {name}={value!r}", "Use real(...) for others.")
    _check_order("integer", low, high)
    if step < 1:
        raise _form_fault(f"`step` must be 1 or more, but got step={step}", "Leave it out for every number.")
    if (high - low) % step:
        nearest = high - (high - low) % step
        raise _form_fault(f"`step` must lead from {low} to {high}, but got step={step}", f"Use high={nearest}.")
    _check_log(low, log)
    if log and step != 1:
        raise _form_fault(f"`log` goes with step=1 only, but got step={step}", "Use powers_of_two(...) or choice(...).")
    return _guessed(Form(IntegerAxis(place=caller_place(), low=low, high=high, step=step, log=log), when), guess)


def real(low: float, high: float, *, log: bool = False, when: Condition | None = None, guess: Any = _NOT_GIVEN) -> Form:
    """Axis over the real numbers from `low` to `high`.

    Args:
        low: Smallest value.
        high: Largest value, above `low`.
        log: Whether values are drawn by their logarithm; only with `low` above 0.
        when: Condition of being active, asking for other axes by name.
        guess: Value to start a search with.

    Raises:
        SpaceError: Bounds are reversed, equal or not finite, or `log` is not possible.

    >>> real(1e-4, 1e-2, log=True).axis.values_text
    '0.0001..0.01'
    """
    for name, value in (("low", low), ("high", high)):
        if not is_number(value):
            raise _form_fault(f"`{name}` must be a finite number, but got {name}={value!r}", "Write it as 0.01.")
    _check_order("real", low, high)
    if low == high:
        raise _form_fault(f"`low` must be below `high`, but got real({low}, {high})", f"Use choice({low}).")
    _check_log(low, log)
    return _guessed(Form(RealAxis(place=caller_place(), low=float(low), high=float(high), log=log), when), guess)


def optional(form: Form, *, guess: Any = _NOT_GIVEN) -> Form:
    """Axis of another form that may also be None, which it is in half of all draws.

    The space gets a further axis, `has_` and the name, that switches it; functions may ask for either.

    Args:
        form: The form of the values that are not None.
        guess: None starts a search without a value; else give the inner form its guess.

    Raises:
        SpaceError: `form` is no form, or is optional already.
    """
    if not isinstance(form, Form):
        raise _form_fault(f"`optional` takes a form, but got {form!r}", "Write optional(real(0.1, 1.0)).")
    if form.is_optional:
        raise _form_fault("`optional` takes a form that is not optional yet", "Leave one of them out.")
    if guess is not _NOT_GIVEN and guess is not None:
        raise _form_fault(f"`guess` of optional must be None, but got {guess!r}", "Give the inner form its guess.")
    return replace(form, is_optional=True, guess_is_none=guess is None)


def _choice_form(
    title: str,
    values: tuple[Any, ...],
    when: Condition | None,
    guess: Any,
    *,
    prior: tuple[float, ...] | None = None,
) -> Form:
    if not values:
        raise _form_fault(f"`{title}` must have one value or more, but got none", "Write choice(16, 32, 64).")
    for value in values:
        if not _is_plain(value):
            remedy = f"Write {title}(*values)." if isinstance(value, list | set | dict) else "Use numbers or texts."
            raise _form_fault(f"values of `{title}` must be plain, but got {value!r}", remedy)
    for index, value in enumerate(values):
        if value in values[:index]:
            raise _form_fault(f"`{title}` has the value {value!r} twice", "Leave one of them out.")
    return _guessed(Form(ChoiceAxis(place=caller_place(), values=values, prior=prior, title=title), when), guess)


def _weights(prior: Sequence[float], n: int) -> tuple[float, ...]:
    if not isinstance(prior, list | tuple) or len(prior) != n or any(not is_number(w) or w <= 0 for w in prior):
        raise _form_fault(f"`prior` must be {n} numbers above 0, one a value, but got {prior!r}", "Leave it out.")
    return tuple(weight / sum(prior) for weight in prior)


def _guessed(form: Form, guess: Any) -> Form:
    if form.when is not None and not callable(form.when):
        raise _form_fault(f"`when` must be a function, but got {form.when!r}", "Write when=lambda other: other > 1.")
    if guess is _NOT_GIVEN:
        return form
    try:
        code = form.axis.code_of(guess)
    except SpaceError:
        raise _form_fault(
            f"`guess` must be a value of the axis, but got guess={guess!r}", f"It has {form.axis.values_text}."
        ) from None
    return replace(form, axis=replace(form.axis, guess=code))


def _check_order(form: str, low: float, high: float) -> None:
    if low > high:
        raise _form_fault(
            f"`low` must not exceed `high`, but got {form}({low}, {high})", f"Write {form}({high}, {low})."
        )


def _check_log(low: float, log: bool) -> None:
    if not isinstance(log, bool):
        raise _form_fault(f"`log` must be True or False, but got log={log!r}", "Write log=True.")
    if log and low <= 0:
        raise _form_fault(f"`low` must be above 0 where log=True, but got low={low}", "Raise it, or leave log out.")


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | str) or (type(value) in (int, float) and is_number(value))


def _form_fault(reason: str, remedy: str) -> SpaceError:
    return fault(reason, remedy, caller_place())
