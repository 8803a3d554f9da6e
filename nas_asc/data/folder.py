"""A folder with one sub-folder a class, and a CSV of paths and labels."""

import posixpath
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.listing import Columns, parse_folds, read_listing
from nas_asc.errors import DataError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".au", ".w64", ".opus"})
_PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "evaluate": "test",
    "": "unused",
    "unused": "unused",
}


def load_folder(root: Path, *, clip_s: float | None = None) -> DataSet:
    """Every recording below a folder, labelled by the sub-folder it lies in; each file is a group of its own.

    Args:
        root: The folder; recordings may lie deeper below a class's folder.
        clip_s: Length to cut and pad every clip to; None takes the common length.

    Raises:
        DataError: There are fewer than two classes, or no common rate.
    """
    paths = _audio_below(root, "*/**/*")
    if not paths:
        raise DataError(
            f"`--data` {root} is no known data set: it has no meta.csv (TAU), no esc50.csv (ESC), no UrbanSound8K.csv"
            " and no sub-folder a class with recordings. Give such a folder, or a CSV with the columns path and label."
        )
    return build_data_set(
        name=_short(root.resolve().name),
        kind="folder",
        root=root,
        paths=paths,
        names=[path.split("/")[0] for path in paths],
        groups=paths,
        group_word="file",
        clip_s=clip_s,
        notes=(
            "every file counts as a recording of its own; if several were cut from one recording, list them in a CSV"
            " with a group column, so that validation is honest",
        ),
    )


def find_recordings(folder: Path) -> list[Path]:
    """Every recording in a folder or below it, by the ending of its name, in alphabetical order; hidden ones left out.

    Args:
        folder: Where to look.
    """
    return [folder / path for path in sorted({*_audio_below(folder, "*"), *_audio_below(folder, "*/**/*")})]


def _audio_below(root: Path, pattern: str) -> list[str]:
    files = {path.relative_to(root) for path in root.glob(pattern) if path.suffix.lower() in AUDIO_SUFFIXES}
    return sorted(path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts))


def load_csv(listing: Path, *, clip_s: float | None = None) -> DataSet:
    """Recordings listed in a CSV: path, label, and optionally fold, split, group, device.

    Args:
        listing: The file; paths in it start from its folder.
        clip_s: Length to cut and pad every clip to; None takes the common length.

    Raises:
        DataError: A column or value does not fit; names the line.
    """
    columns = read_listing(listing, required=("path", "label"))
    paths = [posixpath.normpath(path.strip().replace("\\", "/")) for path in columns["path"]]
    groups = columns.get("group")
    for name in {"path", "label", "group"} & set(columns):
        _refuse_blank(columns, name, listing)
    return build_data_set(
        name=_short(listing.stem),
        kind="csv",
        root=listing.parent,
        paths=paths,
        names=[label.strip() for label in columns["label"]],
        groups=groups or paths,
        devices=columns.get("device"),
        parts=_parts(columns, listing),
        folds=parse_folds(columns["fold"], listing) if "fold" in columns else None,
        group_word="group" if groups else "file",
        clip_s=clip_s,
        notes=() if groups else ("it has no group column, so every file counts as a recording of its own",),
    )


def _refuse_blank(columns: Columns, name: str, listing: Path) -> None:
    for number, text in enumerate(columns[name], start=2):
        if not text.strip():
            raise DataError(f"{listing}, line {number}: `{name}` must not be empty.")


def _parts(columns: Columns, listing: Path) -> list[str] | None:
    if "split" not in columns:
        return None
    for number, text in enumerate(columns["split"], start=2):
        if text.strip().lower() not in _PARTS:
            raise DataError(
                f"{listing}, line {number}: `split` must be train, validation, test or unused, but got {text!r}."
            )
    return [_PARTS[text.strip().lower()] for text in columns["split"]]


def _short(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name).strip("-.") or "data"
