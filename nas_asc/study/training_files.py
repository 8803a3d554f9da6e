"""The files of one network trained by itself, outside any study: one folder a seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_asc.study.file import clean_partial, write_folder
from nas_asc.study.trial_files import Weights, pack_training, read_card


def seed_dir(folder: Path, seed: int) -> Path:
    """Folder of one seed's files."""
    return folder / f"seed-{seed}"


def write_training_files(
    folder: Path, seed: int, card: Mapping[str, Any], *, architecture: str, curve: Sequence[Any], weights: Weights
) -> Path:
    """Folder with the files of one training, put in place whole.

    Args:
        folder: The folder of all seeds; made where it is missing.
        seed: The seed of the training.
        card: All that is known of it, as plain data.
        architecture: Canonical text of the trained network.
        curve: Rows of its learning curve, dataclasses of one kind.
        weights: The weights of the trained network.
    """
    clean_partial(folder)
    contents = pack_training(card, architecture=architecture, curve=curve, weights=weights)
    write_folder(seed_dir(folder, seed), contents, root=folder)
    return seed_dir(folder, seed)


def load_training_card(folder: Path, seed: int) -> dict[str, Any] | None:
    """Card of one seed's training; None where there is none.

    Raises:
        StudyError: It cannot be read; names the file.
    """
    return read_card(seed_dir(folder, seed))
