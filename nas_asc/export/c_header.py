"""A model file as a C header, for firmware that has no file system."""

import re
from collections.abc import Sequence

from nas_asc.export.c.text import format_list, format_string

_BYTES_PER_LINE = 16


def format_c_header(content: bytes, *, name: str, comment: str, classes: Sequence[str]) -> str:
    """C11 and C++11 text that holds the content as an array, aligned to 16 bytes, its length, and names of classes.

    Args:
        content: The content of the file.
        name: The name of the array; what C does not allow becomes an underscore.
        comment: One line for its head.
        classes: Names in the order of the outputs.

    >>> print(format_c_header(b"ab", name="my-net", comment="two bytes", classes=("bus", "tram")))
    // two bytes
    #ifndef MY_NET_H
    #define MY_NET_H
    #include <stdalign.h>
    <BLANKLINE>
    static const char *const my_net_classes[] = {"bus", "tram"};
    static const unsigned int my_net_len = 2;
    alignas(16) static const unsigned char my_net[] = {
        0x61, 0x62,
    };
    <BLANKLINE>
    #endif
    <BLANKLINE>
    """
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    word = word if word[:1].isalpha() else f"net_{word}"
    rows = [content[start : start + _BYTES_PER_LINE] for start in range(0, len(content), _BYTES_PER_LINE)]
    lines = [f"    {', '.join(f'0x{byte:02x}' for byte in row)}," for row in rows]
    return "\n".join(
        [
            f"// {' '.join(comment.split())}",
            f"#ifndef {word.upper()}_H",
            f"#define {word.upper()}_H",
            "#include <stdalign.h>",
            "",
            f"static const char *const {word}_classes[] = {format_list(list(map(format_string, classes)))};",
            f"static const unsigned int {word}_len = {len(content)};",
            f"alignas(16) static const unsigned char {word}[] = {{",
            *lines,
            "};",
            "",
            "#endif",
            "",
        ]
    )
