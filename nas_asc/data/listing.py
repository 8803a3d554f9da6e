"""Listings: small tables in text, with tabs or commas, and any line ending."""

import csv
import difflib
from collections.abc import Collection, Sequence
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
            header, delimiter = _split_header(stream.readline())
            rows = [row for row in csv.reader(stream, delimiter=delimiter) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    _validate_header(header, required, path)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} cells instead of {len(header)}.")
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return {name: list(column) for name, column in zip(header, columns, strict=True)}


def has_columns(path: Path, names: Collection[str]) -> bool:
    """Whether a listing of these columns, and perhaps more, is there.

    Args:
        path: Of the file, which may be missing.
        names: Of the columns.
    """
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        return set(names) <= set(_split_header(stream.readline())[0])


def parse_folds(texts: Sequence[str], listing: Path) -> list[int]:
    """Folds from the cells of a listing's column.

    Args:
        texts: One a row.
        listing: For the error.

    Raises:
        DataError: One is no number from 1; names the line.
    """
    for number, text in enumerate(texts, start=2):
        if not text.strip().isdigit() or int(text) < 1:
            raise DataError(f"{listing}, line {number}: `fold` must be a number from 1, but got {text!r}.")
    return [int(text) for text in texts]


def _split_header(line: str) -> tuple[list[str], str]:
    """Names of columns, and what stands between them."""
    delimiter = "\t" if "\t" in line else ","
    return [cell.strip() for cell in line.rstrip("\r\n").split(delimiter)], delimiter


def _validate_header(header: Sequence[str], required: Sequence[str], path: Path) -> None:
    for name in required:
        if name not in header:
            close = difflib.get_close_matches(name, header, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Its columns are {', '.join(header)}."
            raise DataError(f"{path}, line 1: no column {name!r}. {hint}")
