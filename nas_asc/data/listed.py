"""Recordings that a listing names, in its order, with or without labels."""

import posixpath
from collections import Counter
from pathlib import Path

from nas_asc.data.columns import stat_files
from nas_asc.data.listing import read_listing
from nas_asc.errors import DataError

_COLUMN = "filename"


def find_listed(listing: Path, *, folder: Path | None = None) -> dict[str, Path]:
    """Recordings by the names that a listing has for them, in its order; all of them are there.

    Args:
        listing: A table with a column "filename", such as a challenge's fold1_test.csv.
        folder: Where the names start, or the folder audio/ that they name; None is that of the listing, or the one
            above it.

    Raises:
        DataError: The listing cannot be read or names a recording twice, or recordings are missing.
    """
    names = read_listing(listing, required=(_COLUMN,))[_COLUMN]
    if not names:
        raise DataError(f"{listing} lists no recordings.")
    if len(set(names)) < len(names):
        twice = next(name for name, n_times in Counter(names).items() if n_times > 1)
        raise DataError(f"{listing} lists {twice!r} more than once. List each recording once.")
    paths = [posixpath.normpath(name.replace("\\", "/")) for name in names]
    start = listing.absolute().parent if folder is None else folder
    root = next((root for root in (start, start.parent) if (root / paths[0]).exists()), start)
    stat_files(root, paths)
    return {name: root / path for name, path in zip(names, paths, strict=True)}
