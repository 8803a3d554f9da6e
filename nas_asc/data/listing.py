"""Listings: small tables in text, as programs and people write them.

Conventions:
    Tabs, semicolons or commas; quotes; blank lines; spaces around cells; row names as R writes them; UTF-8 with or
    without a mark, UTF-16, and Windows-1252, which is told. Line numbers are the file's own.
"""

import codecs
import csv
import difflib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from nas_asc.errors import DataError

_DELIMITERS = "\t;,|"
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # in no text
_BREAKS = dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")  # ends of lines to some programs alone


class Listing(dict[str, list[str]]):
    """Columns of a table by name, their cells without spaces around them.

    Args:
        path: The path of the file.
        columns: By name.
        header_line: Line of the header in the file.
        lines: Line of each row in the file.
        notes: What a user should know of how it was read.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, list[str]],
        *,
        header_line: int,
        lines: Sequence[int],
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(columns)
        self.path = path
        self.header_line = header_line
        self.lines = lines
        self.notes = tuple(notes)

    def fault(self, row: int | None, reason: str) -> DataError:
        """What is said of a row that cannot be used.

        Args:
            row: From 0; None is the header.
            reason: In words, with a full stop.
        """
        line = self.header_line if row is None else self.lines[row]
        return DataError(f"{self.path}, line {line}: {reason}")

    def validate_columns(self, names: Sequence[str]) -> None:
        """Check that columns are there.

        Args:
            names: The names of the columns.

        Raises:
            DataError: One is missing; names the header's line.
        """
        for name in names:
            if name not in self:
                raise self.fault(None, f"no column {name!r}. {hint_name(name, list(self))}")

    def cells(self, name: str) -> Iterator[tuple[int, str]]:
        """Rows and their cells of a column, missing ones as empty texts."""
        for row, text in enumerate(self[name]):
            yield row, "" if is_missing(text) else text


def read_listing(path: Path, *, required: Sequence[str] = ()) -> Listing:
    """The table of a file with a header.

    Args:
        path: The path of the file.
        required: Columns that must be there.

    Raises:
        DataError: It cannot be read, a row has too many or too few cells, or a required column is missing; names the
            line.
    """
    text, notes = _decode(path)
    start, header, delimiter = _find_header(text, path)
    rows, lines = _read_rows(path, text, header, delimiter, start)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header) if name}
    found = Listing(path, columns, header_line=start, lines=lines, notes=notes)
    found.validate_columns(required)
    twice = next((name for name in columns if header.count(name) > 1), None)
    if twice is not None:
        raise found.fault(None, f"two columns are called {twice!r}. Rename one.")
    for name in required:
        if "" in found[name]:
            raise found.fault(found[name].index(""), f"column {name!r} must not be empty.")
    return found


def has_columns(path: Path, names: Collection[str]) -> bool:
    """Whether a listing of these columns, and perhaps more, is there.

    Args:
        path: The path of the file, which may be missing.
        names: The names of the columns.
    """
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            text = _to_text(file.read(2**16), is_whole=False)[0]
        return set(names) <= set(_find_header(text, path)[1])
    except (OSError, DataError):
        return False


def is_missing(text: str) -> bool:
    """Whether a cell says that nothing is known.

    >>> is_missing("NA"), is_missing(" "), is_missing("0")
    (True, True, False)
    """
    return text.strip().lower() in _MISSING


def hint_name(name: str, names: Sequence[str]) -> str:
    """What is said of a name that is not there: the nearest one, or all.

    Args:
        name: The name that was asked for.
        names: That are there.
    """
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Its columns are {', '.join(names)}."


def _decode(path: Path) -> tuple[str, list[str]]:
    """Text of a file, and what is told of its encoding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    text, is_guessed = _to_text(content)
    text = text.translate(_BREAKS)
    if _CONTROL.search(text):
        raise DataError(f"{path} cannot be read as a table: it is no text.")
    return text, [f"{path.name} is not in UTF-8: it was read as Windows-1252"] if is_guessed else []


def _to_text(content: bytes, *, is_whole: bool = True) -> tuple[str, bool]:
    """Text, and whether its encoding was guessed."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace"), False
    if b"\0" in content[:200]:
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return content.decode(encoding, errors="replace"), False
    try:
        return content.decode("utf-8-sig", errors="strict" if is_whole else "ignore"), False
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), True


def _find_header(text: str, path: Path) -> tuple[int, list[str], str]:
    """Lines up to the header and with it, its cells, and what stands between them."""
    delimiter = None
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if (told := re.fullmatch(r"sep=(.)", line.strip(), re.IGNORECASE)) and delimiter is None:
            delimiter = told[1]  # as Excel says it
        elif line.strip().strip(f"{_DELIMITERS} "):
            delimiter = delimiter or _find_delimiter(line)
            try:
                (cells,) = csv.reader([line], delimiter=delimiter)
            except (csv.Error, ValueError) as error:
                raise DataError(f"{path}, line {number}: the header cannot be read: {error}.") from None
            return number, [cell.strip() for cell in cells], delimiter
    raise DataError(f"{path} is empty.")


def _find_delimiter(line: str) -> str:
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=lambda each: (bare.count(each), -_DELIMITERS.index(each))) if bare else ","


def _read_rows(
    path: Path, text: str, header: list[str], delimiter: str, start: int
) -> tuple[list[list[str]], list[int]]:
    """Rows with as many cells as the header, which gains an empty first name where rows begin with their names."""
    stream = io.StringIO(text, newline="")
    for _ in range(start):
        stream.readline()
    reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    rows, lines, line = [], [], start + 1
    try:
        for row in reader:
            cells = list(map(str.strip, row))
            if any(cells):
                rows.append(cells)
                lines.append(line)
            line = start + reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {line}: it cannot be read as a table: {error}.") from None
    if rows and all(len(row) == len(header) + 1 for row in rows) and all(row[0] for row in rows) and header[0]:
        header.insert(0, "")
    n_cells = len(header)
    fitted = (
        row if len(row) == n_cells else _fit_row(row, n_cells, path, line)
        for row, line in zip(rows, lines, strict=True)
    )
    return list(fitted), lines


def _fit_row(row: list[str], n_cells: int, path: Path, line: int) -> list[str]:
    """A row without the empty cells at its end that are too many, or with those that are missing."""
    if len(row) > n_cells and not any(row[n_cells:]):
        return row[:n_cells]
    if 1 < len(row) < n_cells:
        return [*row, *[""] * (n_cells - len(row))]
    raise DataError(f"{path}, line {line}: {len(row)} cells instead of {n_cells}.")
