"""Checks of layer arguments: each gives the value back in its canonical form, or says what is wrong.

Conventions:
    `layer` is the description whose argument is checked; errors name its class, the parameter and the value.
"""

from typing import Any, cast

from nas_asc.errors import LayerError
from nas_asc.layers.shape import Size, same_padding, to_pair, to_size

ACTIVATIONS = ("relu", "prelu", "gelu", "silu", "hardswish")
NORMS = ("batch", "layer", "residual", "frequency_instance")


def fail(layer: object, name: str, *, must: str, value: object, remedy: str = "") -> LayerError:
    """Error of one argument, to be raised by the caller."""
    text = f"`{name}` must be {must}, but got {name}={value!r}, in {type(layer).__name__}."
    return LayerError(f"{text} {remedy}".rstrip())


def _is_whole(value: object, at_least: int) -> bool:
    return type(value) is int and value >= at_least


def check_count(layer: object, name: str, *, at_least: int = 1) -> None:
    """Raise unless the field is a whole number of at least `at_least`."""
    value = getattr(layer, name)
    if not _is_whole(value, at_least):
        remedy = "Use int(...) or round(...)." if isinstance(value, float) or hasattr(value, "dtype") else ""
        raise fail(layer, name, must=f"a whole number of {at_least} or more", value=value, remedy=remedy)


def shorten_size(value: object, at_least: int = 1) -> Size | None:
    """The size in its shortest form, or None when the value is no size."""
    if _is_whole(value, at_least):
        return cast(int, value)
    if isinstance(value, tuple) and len(value) == 2 and all(_is_whole(side, at_least) for side in value):
        return to_size(value)
    return None


def check_size(layer: object, name: str, *, at_least: int = 1) -> None:
    """Raise unless the field is a size; write it in its shortest form."""
    value = getattr(layer, name)
    size = shorten_size(value, at_least)
    if size is None:
        must = f"a whole number of {at_least} or more, or a (frequency, time) pair of them"
        raise fail(layer, name, must=must, value=value)
    set_field(layer, name, size)


def check_odd(layer: object, name: str, *, why: str = "") -> None:
    """Raise unless the field is a size with odd sides; write it in its shortest form."""
    check_size(layer, name)
    value: Any = getattr(layer, name)
    if any(side % 2 == 0 for side in to_pair(value)):
        raise fail(layer, name, must=f"odd{why}", value=value, remedy="Use 3, 5 or 7.")


def check_padding(layer: object, kernel_size: Size, name: str = "padding") -> None:
    """Raise unless the field is a size from 0 or "same"; write it as numbers."""
    if getattr(layer, name) == "same":
        check_odd(layer, "kernel_size", why=' for padding="same"')
        set_field(layer, name, to_size(same_padding(kernel_size)))
    elif isinstance(getattr(layer, name), str):
        raise fail(layer, name, must='"same" or a number of zeros a side', value=getattr(layer, name))
    check_size(layer, name, at_least=0)


def check_pool_padding(layer: object, kernel_size: Size) -> None:
    """Raise unless the padding is at most half the window, as pooling demands."""
    check_size(layer, "padding", at_least=0)
    padding: Any = getattr(layer, "padding")  # noqa: B009
    if any(zeros > side // 2 for zeros, side in zip(to_pair(padding), to_pair(kernel_size), strict=True)):
        raise fail(layer, "padding", must=f"at most half of kernel_size={kernel_size}", value=padding)


def check_flag(layer: object, name: str) -> None:
    """Raise unless the field is True or False."""
    if not isinstance(getattr(layer, name), bool):
        raise fail(layer, name, must="True or False", value=getattr(layer, name))


def check_word(layer: object, name: str, words: tuple[str, ...]) -> None:
    """Raise unless the field is one of `words` or None."""
    value = getattr(layer, name)
    if value is not None and value not in words:
        known = ", ".join(f'"{word}"' for word in words)
        raise fail(layer, name, must=f"one of {known}, or None", value=value)


def check_number(layer: object, name: str, *, low: float, high: float, open_low: bool = False) -> None:
    """Raise unless the field is a number in [low, high] (or (low, high]); write it as a float."""
    value = getattr(layer, name)
    inside = type(value) in (int, float) and low <= value <= high and not (open_low and value == low)
    if not inside:
        bounds = f"above {low:g} and at most {high:g}" if open_low else f"from {low:g} to {high:g}"
        raise fail(layer, name, must=f"a number {bounds}", value=value)
    set_field(layer, name, float(value))


def set_field(layer: object, name: str, value: object) -> None:
    """Write a field of a description that is still being made."""
    object.__setattr__(layer, name, value)
