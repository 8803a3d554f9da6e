"""Counts, sizes and durations between text and numbers.

Conventions:
    k = 1,000, M = 1,000,000, G = 1,000,000,000; Ki = 1,024, Mi = 1,048,576. Upper and lower case are the same.
    Sizes may end in B: 128kB = 128,000 bytes, 128KiB = 131,072 bytes. Durations are seconds, with ms, s, m, h or d.
"""

import re
from decimal import Decimal
from itertools import pairwise

from nas_asc.errors import UnitError

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_NUMBER = re.compile(r"\s*(\d[\d_,]*(?:\.\d+)?)\s*([a-zA-Z]*)\s*")
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d|)")
_SECONDS = {"": Decimal(1), "ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_SECONDS["d"] = 24 * _SECONDS["h"]


def _parse(text: str, factors: dict[str, int], *, what: str, example: str) -> int:
    match = _NUMBER.fullmatch(text)
    factor = factors.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise UnitError(f"`{what}` must be {example}, but got {text!r}.")
    value = Decimal(match[1].replace("_", "").replace(",", "")) * factor
    if value != value.to_integral_value():
        raise UnitError(f"`{what}` must be a whole number after its unit, but got {text!r}, which is {value}.")
    return int(value)


def parse_count(text: str, *, what: str = "count") -> int:
    """Whole number written as 128k, 1.5M, 128Ki or 128,000.

    Args:
        text: The number with an optional unit.
        what: The parameter's name, for the error.

    Raises:
        UnitError: The text is no such count.

    >>> parse_count("128k"), parse_count("1.5M"), parse_count("128Ki")
    (128000, 1500000, 131072)
    """
    return _parse(text, _FACTORS, what=what, example="a count such as 128k or 1.5M")


def parse_bytes(text: str, *, what: str = "size") -> int:
    """Bytes written as 128kB, 128KiB, 128k or 131072.

    Args:
        text: The number with an optional unit and an optional B.
        what: The parameter's name, for the error.

    Raises:
        UnitError: The text is no such size.

    >>> parse_bytes("128kB"), parse_bytes("128KiB")
    (128000, 131072)
    """
    factors = _FACTORS | {unit + "b": factor for unit, factor in _FACTORS.items()}
    return _parse(text, factors, what=what, example="a size such as 128kB or 128KiB")


def parse_duration_s(text: str, *, what: str = "timeout") -> float:
    """Seconds written as 500ms, 0.5s, 90, 20m, 1h30m or 2d.

    Args:
        text: Numbers, each with its unit; one alone may have none.
        what: The parameter's name, for the error.

    Raises:
        UnitError: The text is no such duration.

    >>> parse_duration_s("500ms"), parse_duration_s("90"), parse_duration_s("1h30m"), parse_duration_s("2d")
    (0.5, 90.0, 5400.0, 172800.0)
    """
    plain = text.strip().lower().replace(" ", "")
    parts = _PART.findall(plain)
    units = [unit for _, unit in parts]
    sizes = [_SECONDS[unit] for unit in units]
    is_falling = all(one > other for one, other in pairwise(sizes))
    if "".join(map("".join, parts)) != plain or not parts or not is_falling or ("" in units and len(units) > 1):
        raise UnitError(f"`{what}` must be a duration such as 500ms, 90s, 20m or 1h30m, but got {text!r}.")
    return float(sum(Decimal(number) * size for (number, _), size in zip(parts, sizes, strict=True)))


def format_count(value: int) -> str:
    """Count in full with thousands separators.

    >>> format_count(29419156)
    '29,419,156'
    """
    return f"{value:,}"


def format_short(value: float) -> str:
    """Count in three significant digits with k, M or G, for axes and narrow columns.

    >>> format_short(61148), format_short(29419156), format_short(512)
    ('61.1k', '29.4M', '512')
    """
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"


def format_duration(seconds: float) -> str:
    """Duration as a person says it.

    >>> format_duration(9.4), format_duration(200), format_duration(7260)
    ('9 s', '3 min 20 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_percent(share: float) -> str:
    """Share as percent with one decimal.

    >>> format_percent(0.125)
    '12.5 %'
    """
    return f"{100 * share:.1f} %"
