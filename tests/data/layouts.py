"""Every layout of recordings on disk, each as a small data set: who adds one adds a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tests.data.esc_files import write_esc
from tests.data.people_files import write_edge_impulse, write_speech_commands, write_tree, write_tut
from tests.data.recordings import write_rows
from tests.data.tau_files import small_takes, write_tau
from tests.data.urbansound_files import write_urbansound


@dataclass(frozen=True)
class Layout:
    """How a data set is written, and what is then known of it.

    Args:
        kind: What the loader calls it.
        word: What the help of `--data` and the first table of the guide's page call it.
        write: Writes it into a folder that is not there yet, and gives what the loader is given.
        lists: Whether a listing names its recordings, so that one can be missing.
    """

    kind: str
    word: str
    write: Callable[[Path], Path]
    lists: bool = True


def _write_folder(root: Path) -> Path:
    for name in ("cat", "dog"):
        for number in range(10):
            path = root / name / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.full(800, number / 20), 8_000)
    return root


def _write_csv(root: Path) -> Path:
    rows = [(f"{name}/{number}.wav", name, f"g{number // 2}{name}") for name in ("cat", "dog") for number in range(10)]
    return write_rows(_write_folder(root) / "list.csv", [("path", "label", "group"), *rows], separator=",")


LAYOUTS = (
    Layout("tau2020-mobile", "2020", lambda root: write_tau(root, small_takes(), n_pieces=None)),
    Layout("tau2020-3class", "2020", lambda root: write_tau(root, small_takes(), n_pieces=None, coarse=True)),
    Layout("tau2022-mobile", "2022", lambda root: write_tau(root, small_takes())),
    Layout("esc50", "ESC-50", write_esc),
    Layout("urbansound8k", "UrbanSound8K", write_urbansound),
    Layout("speech-commands", "Speech Commands", write_speech_commands, lists=False),
    Layout("edge-impulse", "Edge Impulse", write_edge_impulse),
    Layout("tut", "TUT", write_tut),
    Layout("folder of splits", "a folder", lambda root: write_tree(root, ("train", "test")), lists=False),
    Layout("folder of folds", "a folder", lambda root: write_tree(root, ("fold1", "fold2", "fold3")), lists=False),
    Layout("folder", "a folder", _write_folder, lists=False),
    Layout("csv", "a CSV", _write_csv),
)
