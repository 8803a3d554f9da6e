"""Printing: tables and facts on stdout, progress on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH_WHEN_PIPED = 160


def build_console(*, stderr: bool = False) -> Console:
    """Console of one stream; a pipe gets a fixed width so that tables do not fold."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_WIDTH_WHEN_PIPED)


def say(*lines: str) -> None:
    """Print lines on stdout at once; a terminal gets them folded between words."""
    for line in lines:
        if sys.stdout.isatty():
            build_console().print(line, markup=False)
        else:
            print(line)
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Write plain data as JSON on stdout, NaN refused."""
    json.dump(value, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def build_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Table:
    """Table of plain cells; columns whose every cell looks like a number stand to the right.

    Args:
        columns: Headings.
        rows: Cells, as many a row as headings.
        title: Line above the table.
    """
    texts = [[_cell(value) for value in row] for row in rows]
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(texts) and all(_is_number(row[index]) for row in texts)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in texts:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text in ("", "-") or text.replace(",", "").replace(".", "", 1).replace("%", "").strip().lstrip("-").isdigit()
