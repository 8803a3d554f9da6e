"""C source under construction: constants, each written once, and how numbers and words are spelled."""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np

_WIDTH = 116


class CSource:
    """Constants of one C file, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._known: dict[tuple[str, str], str] = {}

    def constant(self, kind: str, values: str, *, name: str, size: str = "") -> str:
        """Name of a constant; an equal one serves again.

        Args:
            kind: C type of it, or of its elements.
            values: Its initialiser.
            name: What to call it.
            size: "[n]" for an array.
        """
        key = (kind + size, values)
        if key not in self._known:
            self._known[key] = name
            self._texts.append(f"static const {kind} {name}{size} = {values};")
        return self._known[key]

    def array(self, kind: str, values: Iterable[object], *, name: str) -> str:
        """Name of an array of numbers, or of initialisers that are written already."""
        items = [str(value) for value in values]
        return self.constant(kind, format_list(items), name=name, size=f"[{len(items)}]")

    def comment(self, text: str) -> None:
        """A line for people, before what comes next."""
        self._texts.append(f"\n/* {text.replace('*/', '* /')} */")

    def __str__(self) -> str:
        return "\n".join(self._texts) + "\n"


def format_list(items: Sequence[str]) -> str:
    """An initialiser, broken into lines where it is long.

    >>> format_list(["1", "2"])
    '{1, 2}'
    """
    text = ", ".join(items)
    if len(text) < _WIDTH - 40:
        return f"{{{text}}}"
    lines = textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return "{\n" + "\n".join(lines) + "\n}"


def format_float(value: float) -> str:
    """A float32 as C spells it, to its last digit.

    >>> format_float(0.1)
    '0.1f'
    >>> format_float(3.0)
    '3.0f'
    """
    text = str(np.float32(value))
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def format_string(text: str) -> str:
    r"""A text as a C string in UTF-8, whatever is in it.

    >>> print(format_string('a"é'))
    "a\"\303\251"
    """
    return '"' + "".join(map(_format_byte, text.encode())) + '"'


def _format_byte(byte: int) -> str:
    if byte in b'"\\?':  # the last against trigraphs
        return f"\\{chr(byte)}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
