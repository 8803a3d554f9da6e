"""An export of Edge Impulse: training/ and testing/, labels in info.labels or in the names of the files.

Source:
    Edge Impulse, documentation of its exporter: a JSON with a path, a category and a label a file.
"""

import json
import os
from pathlib import Path
from typing import Any

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.folder import short_name
from nas_asc.data.tree import AUDIO_SUFFIXES
from nas_asc.errors import DataError

_LABELS = "info.labels"
_PARTS = {"training": "train", "testing": "test", "split": ""}


def is_edge_impulse(folder: Path) -> bool:
    """Whether the labels are there, or every recording in training/ and testing/ begins with its label and a dot."""
    return (folder / _LABELS).is_file() or bool(_named_rows(folder))


def load_edge_impulse(root: Path, *, clip_s: float | None = None) -> DataSet:
    """The recordings that info.labels names, or those in training/ and testing/; each file is a group of its own.

    Args:
        root: Folder with info.labels.
        clip_s: Length to cut and pad every clip to; None takes the common length.

    Raises:
        DataError: The labels cannot be read, or files are missing.
    """
    listing = root / _LABELS
    rows, notes = _named_rows(root), ["labels are what stands before the first dot of a name"]
    if listing.is_file():
        found = _read_rows(listing)
        rows = [row for row in found if row[2]]
        unlabelled = f"{len(found) - len(rows)} recordings without one label are left out"
        notes = [unlabelled] if len(found) > len(rows) else []
    paths = [path for path, _, _ in rows]
    return build_data_set(
        name=short_name(root.resolve().name),
        kind="edge-impulse",
        root=root,
        paths=paths,
        names=[label for _, _, label in rows],
        groups=paths,
        parts=[part for _, part, _ in rows],
        group_word="file",
        clip_s=clip_s,
        mixes_rates=True,
        notes=(*notes, "every file counts as a recording of its own"),
    )


def _read_rows(listing: Path) -> list[tuple[str, str, str]]:
    """Path, part and label of each recording; the label is empty where it has none, or several."""
    try:
        files = json.loads(listing.read_text(encoding="utf-8-sig"))["files"]
        return [_read_row(file) for file in files if Path(file["path"]).suffix.lower() in AUDIO_SUFFIXES]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{listing} cannot be read: {error!r}. Export the data set from Edge Impulse again.") from None


def _read_row(file: dict[str, Any]) -> tuple[str, str, str]:
    label = file.get("label", "")
    text = label.get("label", "") if isinstance(label, dict) else label
    return file["path"], _PARTS.get(file.get("category", "split"), ""), str(text)


def _named_rows(root: Path) -> list[tuple[str, str, str]]:
    """The same of an export without info.labels, by names such as training/cat.1.wav; empty where it is none."""
    rows = []
    for folder in ("training", "testing"):
        names = sorted(os.listdir(root / folder)) if (root / folder).is_dir() else []
        recordings = [name for name in names if os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES]
        if not recordings or not all(name.count(".") > 1 for name in recordings):
            return []
        rows += [(f"{folder}/{name}", _PARTS[folder], name.split(".")[0]) for name in recordings]
    return rows if len({label for _, _, label in rows}) > 1 else []
