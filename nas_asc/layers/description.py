"""The class of layer classes: it makes them frozen dataclasses of which equal ones are one object.

Conventions:
    A description is plain data: every field is a number, a text, a truth value, None, or a tuple of these.
"""

import difflib
import math
import threading
from dataclasses import FrozenInstanceError, dataclass, fields
from functools import lru_cache, partial
from inspect import signature
from typing import Any, cast, dataclass_transform
from weakref import WeakValueDictionary

from nas_asc.errors import LayerError
from nas_asc.layers.primitive import Primitive

_PLAIN = (int, float, str, bool, type(None))
_N_SPELLINGS = 2**17  # remembered a class; then all are forgotten, since keeping an order would cost more

_known: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()
_lock = threading.Lock()


@dataclass_transform(frozen_default=True, eq_default=False)
class DescriptionType(type):
    """Makes its classes frozen dataclasses; equal descriptions are the same object.

    That makes `==` and `hash` as fast as comparing addresses, which the static counts live on: they are remembered
    per layer, and a search describes the same few thousand layers millions of times.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "DescriptionType":
        """The class as a frozen dataclass."""
        cls: Any = super().__new__(mcs, name, bases, namespace)
        cls = dataclass(frozen=True, eq=False, repr=False)(cls)
        del cls.__setattr__, cls.__delattr__  # so that @dataclass(frozen=True), as is usual, may stand on top
        if not any(isinstance(base, mcs) for base in bases):
            cls.__setattr__ = _refuse
        cls._spelled = lru_cache(maxsize=None, typed=True)(partial(mcs._describe, cls))
        cls._missing = [key for key in dir(cls) if getattr(getattr(cls, key), "__isabstractmethod__", False)]
        return cast(DescriptionType, cls)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The one object of this description, made on first use."""
        try:
            return cls._spelled(*args, **kwargs)  # type: ignore[attr-defined]
        except TypeError:  # a list or another value without a hash: the slow way names it
            return cls._describe(*args, **kwargs)

    def _describe(cls, *args: Any, **kwargs: Any) -> Any:
        if cls._spelled.cache_info().currsize >= _N_SPELLINGS:  # type: ignore[attr-defined]
            cls._spelled.cache_clear()  # type: ignore[attr-defined]
        if cls._missing:  # type: ignore[attr-defined]
            raise LayerError(f"{cls.__name__} must define `{cls._missing[0]}`, as every layer does.")  # type: ignore[attr-defined]
        try:
            made = super().__call__(*args, **kwargs)
        except TypeError:
            _validate_arguments(cls, args, kwargs)  # the arguments are the reason, unless `__post_init__` is
            raise
        values = tuple(getattr(made, field.name) for field in fields(made))
        for field, value in zip(fields(made), values, strict=True):
            if not _is_plain(value):
                raise LayerError(
                    f"`{field.name}` must be a number, a text, None or a tuple of these,"
                    f" but got {field.name}={value!r} of type {type(value).__name__}, in {cls.__name__}."
                )
        with _lock:
            return _known.setdefault((cls, tuple(map(type, values)), values), made)


def _refuse(description: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(_is_plain(item) for item in value)
    if isinstance(type(value), DescriptionType) or isinstance(value, Primitive):
        return True
    return type(value) in _PLAIN and not (isinstance(value, float) and not math.isfinite(value))


def _validate_arguments(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    names = [field.name for field in fields(cls)]
    for name in kwargs:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It has {', '.join(f'`{known}`' for known in names)}."
            raise LayerError(f"{cls.__name__} has no parameter `{name}`. {hint}")
    try:
        signature(cls.__init__).bind(None, *args, **kwargs)
    except TypeError as error:
        raise LayerError(
            f"{cls.__name__} cannot be described so: {error}. Its parameters: {', '.join(names)}."
        ) from None
