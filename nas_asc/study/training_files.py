"""The files of one network trained by itself, outside any study: one folder a seed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_asc.errors import StudyError
from nas_asc.study.file import clean_partial, write_folder
from nas_asc.study.trial_files import WEIGHTS, Weights, format_csv, format_json, pack_weights

_CARD = "card.json"


def seed_dir(folder: Path, seed: int) -> Path:
    """Folder of one seed's files."""
    return folder / f"seed-{seed}"


def write_training_files(
    folder: Path, seed: int, *, architecture: str, card: Mapping[str, Any], curve: Sequence[Any], weights: Weights
) -> Path:
    """Folder with the files of one training, put in place whole.

    Args:
        folder: Of all seeds; made where it is missing.
        seed: Of the training.
        architecture: Canonical text of the trained network.
        card: All that is known of it, as plain data.
        curve: Rows of its learning curve, dataclasses of one kind.
        weights: Of the trained network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean_partial(folder)
    contents = {
        "architecture.txt": (architecture.rstrip("\n") + "\n").encode(),
        _CARD: format_json(card),
        "curve.csv": format_csv(curve),
        WEIGHTS: pack_weights(weights),
    }
    write_folder(seed_dir(folder, seed), contents, root=folder)
    return seed_dir(folder, seed)


def load_training_card(folder: Path, seed: int) -> dict[str, Any] | None:
    """Card of one seed's training; None where there is none.

    Raises:
        StudyError: It cannot be read; names the file.
    """
    path = seed_dir(folder, seed) / _CARD
    if not path.is_file():
        return None
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}. Remove its folder, or give another --out.") from None
    return card
