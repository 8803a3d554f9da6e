"""Listings: small tables in text, with tabs or commas, and any line ending."""

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path

from nas_asc.errors import DataError

Columns = dict[str, list[str]]


def read_listing(path: Path, *, required: Sequence[str] = ()) -> Columns:
    """Columns of a table with a header, by name.

    Args:
        path: Tab or comma separated; the header tells which.
        required: Columns that must be there.

    Raises:
        DataError: It cannot be read, a row has too few cells, or a required column is missing; names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            header_line = stream.readline()
            delimiter = "\t" if "\t" in header_line else ","
            header = [cell.strip() for cell in header_line.rstrip("\r\n").split(delimiter)]
            rows = [row for row in csv.reader(stream, delimiter=delimiter) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    _validate_header(header, required, path)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} cells instead of {len(header)}.")
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return {name: list(column) for name, column in zip(header, columns, strict=True)}


def _validate_header(header: Sequence[str], required: Sequence[str], path: Path) -> None:
    for name in required:
        if name not in header:
            close = difflib.get_close_matches(name, header, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Its columns are {', '.join(header)}."
            raise DataError(f"{path}, line 1: no column {name!r}. {hint}")
