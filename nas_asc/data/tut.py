"""TUT Acoustic Scenes 2016 and 2017: the development sets of DCASE, with meta.txt and four folds.

Conventions:
    meta.txt has no header: file, scene and, where known, the recording that it was cut from. A clip's fold is the one
    whose evaluation list names it.

Source:
    Mesaros, Heittola, Virtanen, "TUT database for acoustic scene classification and sound event detection", 2016.
"""

import csv
import re
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.folder import short_name
from nas_asc.errors import DataError

_SETUP = "evaluation_setup"
_LIST = re.compile(r"fold(\d+)_(evaluate|test)\.(?:txt|csv)")


def find_tut_root(folder: Path) -> Path | None:
    """Folder with meta.txt and evaluation_setup/: the folder itself or one right below; None if there is none."""
    below = sorted(child for child in folder.iterdir() if child.is_dir()) if folder.is_dir() else []
    found = (each for each in (folder, *below) if (each / "meta.txt").is_file() and (each / _SETUP).is_dir())
    return next(found, None)


def load_tut(root: Path, *, clip_s: float | None = None) -> DataSet:
    """A development set whose folds are its own.

    Args:
        root: What `find_tut_root` found.
        clip_s: Length to cut and pad every clip to; None takes the common length.

    Raises:
        DataError: A line does not fit, a clip is in no fold, or files are missing.
    """
    rows = _read_rows(root / "meta.txt")
    for line, row in enumerate(rows, start=1):
        if len(row) < 2:
            raise DataError(f"{root / 'meta.txt'}, line {line}: {len(row)} cells instead of 2 or 3.")
    folds = _read_folds(root)
    missing = next((row[0] for row in rows if row[0] not in folds), None)
    if missing is not None:
        raise DataError(f"no list in {root / _SETUP} says in which fold {missing!r} is evaluated.")
    return build_data_set(
        name=short_name(root.resolve().name),
        kind="tut",
        root=root,
        paths=[row[0] for row in rows],
        names=[row[1] for row in rows],
        groups=[row[2] if len(row) > 2 else row[0] for row in rows],
        folds=[folds[row[0]] for row in rows],
        group_word="recording",
        clip_s=clip_s,
        mixes_rates=True,
    )


def _read_folds(root: Path) -> dict[str, int]:
    folds: dict[str, int] = {}
    for path in sorted((root / _SETUP).iterdir(), reverse=True):  # tests, then evaluations, which have the labels
        if match := _LIST.fullmatch(path.name):
            folds |= {row[0]: int(match[1]) for row in _read_rows(path)}
    return folds


def _read_rows(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return [[cell.strip() for cell in row] for row in csv.reader(stream, delimiter="\t") if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
