"""Recordings listed in a CSV of any dialect, whose columns are called what people call them."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.folder import short_name
from nas_asc.data.listing import Listing, read_listing
from nas_asc.data.role import map_columns, parse_folds, parse_parts
from nas_asc.data.tree import printable, walk_tree
from nas_asc.errors import DataError


def load_csv(
    listing: Path, *, clip_s: float | None = None, columns: Mapping[str, str] | None = None, any_words: bool = True
) -> DataSet:
    """Recordings listed in a CSV: path, label, and optionally fold, split, group, device.

    Args:
        listing: The file; paths in it start from its folder.
        clip_s: Length to cut and pad every clip to; None takes the common length.
        columns: What the user says of columns: their names by "path", "label", "fold", "split", "group", "device".
        any_words: Whether columns may be called what people call them, or these six alone.

    Raises:
        DataError: A column or value does not fit; names the line.
    """
    table = read_listing(listing)
    names = map_columns(table, columns or {}, any_words=any_words)
    for role in ("path", "label"):
        _refuse_blank(table, names[role], role)
    paths = [posixpath.normpath(path.replace("\\", "/")) for path in table[names["path"]]]
    _validate_first(table, paths)
    labels = _plain_labels(table[names["label"]])
    has_groups = "group" in names
    return build_data_set(
        name=short_name(listing.stem),
        kind="csv",
        root=listing.parent,
        paths=paths,
        names=labels,
        groups=_groups(table, names["group"], paths) if has_groups else paths,
        devices=[text for _, text in table.cells(names["device"])] if "device" in names else None,
        parts=parse_parts(table, names["split"]) if "split" in names else None,
        folds=parse_folds(table, names["fold"]) if "fold" in names else None,
        group_word="group" if has_groups else "file",
        clip_s=clip_s,
        mixes_rates=True,
        notes=tuple(_notes(table, names, labels)),
    )


def _validate_first(table: Listing, paths: Sequence[str]) -> None:
    """Check that there are rows, and the recording of the first: where it is not, mostly none is where it should be."""
    if not paths:
        raise DataError(f"{table.path} has a header, but lists no recordings.")
    if os.path.lexists(table.path.parent / paths[0]):
        return
    wanted = _backwards(paths[0])
    alike = [path for path in walk_tree(table.path.parent).paths if _backwards(path)[0] == wanted[0]]
    found = max(alike, key=lambda path: _n_alike(_backwards(path), wanted), default=None)
    hint = f" There is {printable(found)}." if found else " Unpack all archives of the data set, or mend the listing."
    shown = printable(paths[0])
    raise table.fault(
        0, f"there is no recording {shown!r}. Paths start from the listing's folder, or are absolute.{hint}"
    )


def _backwards(path: str) -> list[str]:
    """Its name without an ending, then its folders upward, in lower case."""
    return posixpath.splitext(path)[0].lower().split("/")[::-1]


def _n_alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words are the same from the first on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _refuse_blank(table: Listing, name: str, role: str) -> None:
    for row, text in table.cells(name):
        if not text and (role != "label" or not table[name][row]):
            raise table.fault(row, f"column {name!r} must not be empty.")


def _plain_labels(labels: Sequence[str]) -> list[str]:
    """Labels; where all are whole numbers written as 1.0, as whole numbers."""
    whole = [label.removesuffix(".0") for label in labels]
    return whole if all(label.isdigit() for label in whole) else list(labels)


def _groups(table: Listing, name: str, paths: Sequence[str]) -> list[str]:
    """Groups; a recording whose group is missing is one of its own."""
    return [text or path for (_, text), path in zip(table.cells(name), paths, strict=True)]


def _notes(table: Listing, names: Mapping[str, str], labels: Sequence[str]) -> list[str]:
    other = [f"{role} = {name}" for role, name in names.items() if role != name]
    alike = defaultdict(set)
    for label in labels:
        alike["".join(label.split()).lower()].add(label)
    same = [" and ".join(map(repr, sorted(found))) for found in alike.values() if len(found) > 1]
    n_missing = {role: sum(not text for _, text in table.cells(name)) for role, name in names.items()}
    return [
        *table.notes,
        *([f"columns: {', '.join(other)}"] if other else []),
        *(f"classes {found} differ by case or spaces alone" for found in same),
        *([f"{n_missing['group']} recordings have no group and count as one each"] if n_missing.get("group") else []),
        *([f"{n_missing['split']} recordings have no split and are not used"] if n_missing.get("split") else []),
        *([] if "group" in names else ["it has no group column, so every file counts as a recording of its own"]),
    ]
