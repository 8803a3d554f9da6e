"""A model file as a C header, for firmware that has no file system."""

import re

_BYTES_PER_LINE = 16


def format_c_header(content: bytes, *, name: str, comment: str) -> str:
    """C99 text that holds the content as an array, aligned to 16 bytes, and its length.

    Args:
        content: Of the file.
        name: Of the array; what C does not allow becomes an underscore.
        comment: One line for its head.

    >>> print(format_c_header(b"ab", name="my-net", comment="two bytes"))
    // two bytes
    #ifndef MY_NET_H
    #define MY_NET_H
    #include <stdalign.h>
    <BLANKLINE>
    static const unsigned int my_net_len = 2;
    static alignas(16) const unsigned char my_net[] = {
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
            f"static const unsigned int {word}_len = {len(content)};",
            f"static alignas(16) const unsigned char {word}[] = {{",
            *lines,
            "};",
            "",
            "#endif",
            "",
        ]
    )
