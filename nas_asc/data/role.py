"""What the columns of a listing are, by the words that people call them and their values.

Conventions:
    A role is "path", "label", "fold", "split", "group" or "device".
"""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence

from nas_asc.data.listing import Listing, hint_name
from nas_asc.data.tree import AUDIO_SUFFIXES
from nas_asc.errors import DataError

_FOLD = re.compile(r"(?:fold[ _-]?)?(\d+)(?:[.,]0*)?", re.IGNORECASE)

COLUMN_WORDS: Mapping[str, Sequence[str]] = {
    "path": (
        *("path", "file", "filename", "filepath", "file_name", "file_path", "fname", "wav", "wav_file", "wav_path"),
        *("audio", "audio_file", "audio_path", "audio_filename", "slice_file_name"),
    ),
    "label": (
        "label",
        "class",
        "category",
        "scene_label",
        "scene",
        "class_name",
        "label_name",
        "class_label",
        "target",
    ),
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


def map_columns(listing: Listing, asked: Mapping[str, str], *, any_words: bool = True) -> dict[str, str]:
    """Names of a listing's columns by their roles.

    Args:
        listing: The table.
        asked: What a user says of some of them.
        any_words: Whether a column may be called by any of the words for its role, or by the role alone.

    Raises:
        DataError: A column is not there, or none is the path or the label.
    """
    plain = {re.sub(r"[\s-]+", "_", name.lower()): name for name in reversed(listing)}
    found = {}
    for role, words in COLUMN_WORDS.items():
        if role in asked:
            if asked[role] not in listing:
                hint = hint_name(asked[role], list(listing))
                raise DataError(f"`columns` names {asked[role]!r}, but {listing.path} has no such column. {hint}")
            found[role] = asked[role]
            continue
        allowed = words if any_words else words[:1]
        name = next((plain[word] for word in allowed if word in plain and plain[word] not in asked.values()), None)
        if name is not None:
            found[role] = name
    for role, without in (
        ("path", ""),
        ("label", " Without labels recordings can only be classified: nas-asc predict."),
    ):
        if role not in found and any(name.lower().endswith(tuple(AUDIO_SUFFIXES)) for name in listing):
            raise listing.fault(None, "the header is a row already. Put one above it, such as path,label.")
        if role not in found:
            raise listing.fault(
                None,
                f"no column is the {role}: its columns are {', '.join(listing)}."
                f" Say which one is with `columns`, such as {role}={_nearest(role, list(listing))}.{without}",
            )
    return found


def parse_folds(listing: Listing, name: str = "fold") -> list[int]:
    """Folds from a column, from 1; such as 1, 1.0 or fold1. Where they are counted from 0, one is added.

    Args:
        listing: The table.
        name: The name of the column.

    Raises:
        DataError: One is no such number; names the line.
    """
    folds = []
    for row, text in listing.cells(name):
        match = _FOLD.fullmatch(text)
        if match is None:
            raise listing.fault(row, f"column {name!r} must be a number from 1, but got {text!r}.")
        folds.append(int(match[1]))
    return [fold + 1 for fold in folds] if folds and min(folds) == 0 else folds


def parse_parts(listing: Listing, name: str = "split") -> list[str]:
    """Parts from a column: "train", "validation", "test", or "unused" where nothing is said.

    "dev" validates where something else trains, and trains where nothing does.

    Args:
        listing: The table.
        name: The name of the column.

    Raises:
        DataError: One is none of the known words; names the line.
    """
    words = {text.lower() for _, text in listing.cells(name)}
    known = to_parts(words - {"", "unused"})
    for row, text in listing.cells(name):
        if text and text.lower() != "unused" and text.lower() not in known:
            raise listing.fault(row, f"column {name!r} must be train, validation, test or unused, but got {text!r}.")
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


def _nearest(role: str, header: Sequence[str]) -> str:
    close = difflib.get_close_matches(role, header, n=1)
    return (close or header or ["NAME"])[0]
