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
_FOLD = re.compile(r"(?:fold[ _-]?)?(\d+)(?:\.0*)?", re.IGNORECASE)

COLUMN_WORDS: Mapping[str, Sequence[str]] = {
    "path": ("path", "file", "filename", "filepath", "file_name", "file_path", "wav", "audio", "slice_file_name"),
    "label": ("label", "class", "category", "scene_label", "class_name", "label_name"),
    "fold": ("fold",),
    "split": ("split", "subset", "partition"),
    "group": ("group", "speaker", "location", "source", "session", "identifier", "speaker_id"),
    "device": ("device", "source_label"),
}
PART_WORDS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluate": "test",
    "evaluation": "test",
}


class Listing(dict[str, list[str]]):
    """Columns of a table by name, their cells without spaces around them.

    Args:
        path: Of the file.
        columns: By name.
        lines: Line of each row in the file.
        notes: What a user should know of how it was read.
    """

    def __init__(
        self, path: Path, columns: Mapping[str, list[str]], *, lines: Sequence[int], notes: Sequence[str] = ()
    ) -> None:
        super().__init__(columns)
        self.path = path
        self.lines = lines
        self.notes = tuple(notes)

    def fault(self, row: int, reason: str) -> DataError:
        """What is said of a row that cannot be used.

        Args:
            row: From 0.
            reason: In words, with a full stop.
        """
        return DataError(f"{self.path}, line {self.lines[row]}: {reason}")

    def cells(self, name: str) -> Iterator[tuple[int, str]]:
        """Rows and their cells of a column, missing ones as empty texts."""
        for row, text in enumerate(self[name]):
            yield row, "" if is_missing(text) else text


def read_listing(path: Path, *, required: Sequence[str] = ()) -> Listing:
    """The table of a file with a header.

    Args:
        path: Of the file.
        required: Columns that must be there.

    Raises:
        DataError: It cannot be read, a row has too many or too few cells, or a required column is missing; names the
            line.
    """
    text, notes = _decode(path)
    start, header, delimiter = _find_header(text, path)
    rows, lines = _read_rows(path, text, header, delimiter, start)
    _validate_header(header, required, path)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header) if name}
    found = Listing(path, columns, lines=lines, notes=notes)
    for name in required:
        if "" in found[name]:
            raise found.fault(found[name].index(""), f"`{name}` must not be empty.")
    return found


def has_columns(path: Path, names: Collection[str]) -> bool:
    """Whether a listing of these columns, and perhaps more, is there.

    Args:
        path: Of the file, which may be missing.
        names: Of the columns.
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


def map_columns(listing: Listing, asked: Mapping[str, str]) -> dict[str, str]:
    """Names of a listing's columns by what they are: "path", "label", "fold", "split", "group", "device".

    Args:
        listing: The table.
        asked: What a user says of some of them.

    Raises:
        DataError: A column is not there, or none is the path or the label.
    """
    plain = {re.sub(r"[\s-]+", "_", name.lower()): name for name in reversed(listing)}
    found = {}
    for role, words in COLUMN_WORDS.items():
        if role in asked:
            if asked[role] not in listing:
                hint = _hint(asked[role], list(listing))
                raise DataError(f"`--columns` names {asked[role]!r}, but {listing.path} has no such column. {hint}")
            found[role] = asked[role]
            continue
        name = next((plain[word] for word in words if word in plain and plain[word] not in asked.values()), None)
        if name is not None:
            found[role] = name
    for role in ("path", "label"):
        if role not in found:
            raise DataError(
                f"{listing.path}, line 1: no column is the {role}: its columns are {', '.join(listing)}."
                f" Say which one is, such as --columns {role}={_nearest(role, list(listing))}."
            )
    return found


def parse_folds(listing: Listing, name: str = "fold") -> list[int]:
    """Folds from a column, from 1; such as 1, 1.0 or fold1. Where they are counted from 0, one is added.

    Args:
        listing: The table.
        name: Of the column.

    Raises:
        DataError: One is no such number; names the line.
    """
    folds = []
    for row, text in listing.cells(name):
        match = _FOLD.fullmatch(text)
        if match is None:
            raise listing.fault(row, f"`{name}` must be a number from 1, but got {text!r}.")
        folds.append(int(match[1]))
    return [fold + 1 for fold in folds] if folds and min(folds) == 0 else folds


def parse_parts(listing: Listing, name: str = "split") -> list[str]:
    """Parts from a column: "train", "validation", "test", or "unused" where nothing is said.

    "dev" validates where something else trains, and trains where nothing does.

    Args:
        listing: The table.
        name: Of the column.

    Raises:
        DataError: One is none of the known words; names the line.
    """
    words = {text.lower() for _, text in listing.cells(name)}
    known = to_parts(words - {"", "unused"})
    for row, text in listing.cells(name):
        if text and text.lower() != "unused" and text.lower() not in known:
            raise listing.fault(row, f"`{name}` must be train, validation, test or unused, but got {text!r}.")
    return [known.get(text.lower(), "unused") for _, text in listing.cells(name)]


def to_parts(words: Collection[str]) -> dict[str, str]:
    """Parts by those of some words, in lower case, that mean one.

    >>> to_parts({"train", "dev", "x"})["dev"], to_parts({"dev", "eval"})["dev"]
    ('validation', 'train')
    """
    known = {word: PART_WORDS[word] for word in words if word in PART_WORDS}
    if "dev" in known and "train" not in known.values():
        known["dev"] = "train"
    return known


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


def _validate_header(header: Sequence[str], required: Sequence[str], path: Path) -> None:
    for name in required:
        if name not in header:
            raise DataError(f"{path}, line 1: no column {name!r}. {_hint(name, header)}")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}, line 1: two columns are called {twice!r}. Rename one.")


def _nearest(role: str, header: Sequence[str]) -> str:
    close = difflib.get_close_matches(role, header, n=1)
    return (close or header or ["NAME"])[0]


def _hint(name: str, header: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, header, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Its columns are {', '.join(filter(None, header))}."
