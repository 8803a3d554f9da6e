"""Values as the page prints them, escaped for HTML.

Conventions:
    Whatever comes from a space, a data set or an error passes `escape` before it is in the page or in a figure, since
    plotly reads tags in its labels too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["code_html", "definition_list", "escape", "format_bytes", "format_percent", "format_value", "html_table"]


def format_value(value: Any) -> str:
    """Value of an axis or setting, as one reads it; not escaped.

    >>> format_value((3, 1)), format_value(True), format_value(None), format_value(3e7), format_value("relu")
    ('3 × 1', 'yes', '–', '30,000,000', 'relu')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return format_value(int(value))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.6g}"
    if isinstance(value, tuple | list):
        return " × ".join(format_value(item) for item in value)
    return str(value)


def format_percent(share: float | None, digits: int = 1) -> str:
    """Share in [0, 1] as percent.

    >>> format_percent(0.7845), format_percent(None)
    ('78.5 %', '–')
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def format_bytes(n_bytes: float) -> str:
    """Bytes in kB of 1,000 bytes.

    >>> format_bytes(61_148), format_bytes(812)
    ('61.1 kB', '812 B')
    """
    return f"{n_bytes:.0f} B" if n_bytes < 1000 else f"{n_bytes / 1000:,.1f} kB"


def code_html(text: str) -> str:
    """A sentence as HTML, what stands in backticks as code.

    >>> code_html("Give `--trials 9` & wait.")
    'Give <code>--trials 9</code> &amp; wait.'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def definition_list(facts: Mapping[str, str]) -> str:
    """Names and values side by side, as HTML.

    Args:
        facts: Values by name, both plain text.
    """
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{"".join(rows)}</dl>'


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    """Plain table as HTML.

    Args:
        head: Names of the columns, plain text.
        rows: Cells, plain text.
        caption: What it shows, plain text; read out, not drawn.
    """
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="unseen">{escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )
