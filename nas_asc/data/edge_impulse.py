"""An export of Edge Impulse: training/ and testing/, labels in info.labels.

Source:
    Edge Impulse, documentation of its exporter: a JSON with a path, a category and a label a file.
"""

import json
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
    """Whether the labels are there."""
    return (folder / _LABELS).is_file()


def load_edge_impulse(root: Path, *, clip_s: float | None = None) -> DataSet:
    """The recordings that info.labels names; each file is a group of its own.

    Args:
        root: Folder with info.labels.
        clip_s: Length to cut and pad every clip to; None takes the common length.

    Raises:
        DataError: The labels cannot be read, or files are missing.
    """
    listing = root / _LABELS
    try:
        files = json.loads(listing.read_text(encoding="utf-8-sig"))["files"]
        rows = [_read_row(file) for file in files if Path(file["path"]).suffix.lower() in AUDIO_SUFFIXES]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{listing} cannot be read: {error!r}. Export the data set from Edge Impulse again.") from None
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
        notes=("every file counts as a recording of its own",),
    )


def _read_row(file: dict[str, Any]) -> tuple[str, str, str]:
    label = file["label"]
    text = label["label"] if isinstance(label, dict) else label
    return file["path"], _PARTS.get(file.get("category", "split"), ""), str(text)
