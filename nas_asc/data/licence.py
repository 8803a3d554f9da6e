"""The licence that a data set names: in a file at its root, or recording by recording in a listing."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from nas_asc.data.data_set import DataSet

_STEMS = ("license", "licence", "copying")
_COLUMNS = ("licence", "license")
_LONGEST = 100  # characters of a file's first line
_MOST_BYTES = 50_000_000  # of a listing that is read


def find_licences(data_set: DataSet) -> tuple[str, ...]:
    """What a data set says of its licence, a line each, with the file that says it; empty where it says nothing.

    A file named LICENSE gives its first line; a CSV with a column `licence` or `license` gives how many of the
    recordings have which.

    Args:
        data_set: The recordings.
    """
    if data_set.root is None:
        return ()
    folders = [data_set.root, data_set.root / "meta"]
    files = sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file())
    said = (line for path in files for line in (*_file_line(path), *_listing_line(path, data_set)))
    return tuple(said)


def _file_line(path: Path) -> Iterator[str]:
    if path.stem.lower() not in _STEMS or path.suffix.lower() not in ("", ".txt", ".md"):
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        lines = (line.strip(" #=*\t\n") for line in stream)
        first = next((line for line in lines if line), "")
    if first:
        yield f"{first[:_LONGEST]} (first line of {path.name})"


def _listing_line(path: Path, data_set: DataSet) -> Iterator[str]:
    if path.suffix.lower() != ".csv" or path.stat().st_size > _MOST_BYTES:
        return
    names = {PurePosixPath(str(name)).name for name in data_set.paths}
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = [name for name in reader.fieldnames or () if name.strip().lower() in _COLUMNS]
        if not columns:
            return
        rows = [
            row for row in reader if any(PurePosixPath(str(value)).name in names for value in row.values() if value)
        ]
    counts = Counter((row[columns[0]] or "none named").strip() for row in rows)
    if counts:
        kinds = ", ".join(f"{licence} ({n:,} recordings)" for licence, n in counts.most_common())
        yield f"{kinds} ({path.name})"
