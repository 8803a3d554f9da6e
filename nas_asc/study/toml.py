"""TOML text of plain data: what `tomllib` reads, written.

Conventions:
    Strings, whole numbers, floats, booleans, lists of these, and tables with string keys; `None` has no TOML.
"""

import math
import re
from collections.abc import Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def format_toml(table: Mapping[str, object]) -> str:
    """TOML document of a table; `tomllib.loads` gives the table back.

    Args:
        table: Strings, numbers, booleans, lists and further tables by name.

    Raises:
        TypeError: A value has no TOML form; names its key.

    >>> print(format_toml({"seed": 0, "space": {"name": "cp_mobile"}}), end="")
    seed = 0
    <BLANKLINE>
    [space]
    name = "cp_mobile"
    """
    return "\n".join(_table_lines(table, path=())).lstrip("\n") + "\n"


def _table_lines(table: Mapping[str, object], *, path: tuple[str, ...]) -> list[str]:
    lines = ["", f"[{'.'.join(map(_format_key, path))}]"] if path else []
    tables = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            tables.append((key, value))
        else:
            lines.append(f"{_format_key(key)} = {_format_value(value, key=key)}")
    for key, inner in tables:
        lines += _table_lines(inner, path=(*path, key))
    return lines


def _format_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _format_string(key)


def _format_value(value: object, *, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _format_string(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value).replace("infinity", "inf")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_format_value(item, key=key) for item in value)}]"
    raise TypeError(f"`{key}` must be a string, number, boolean, list or table, but got {value!r}.")


def _format_string(text: str) -> str:
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{ord(character):04x}" if ord(character) < 0x20 or ord(character) == 0x7F else character
