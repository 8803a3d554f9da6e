"""Small recordings and data sets for the tests of the room `data`."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from nas_asc.data import DataSet


def write_wav(path: Path, *, seconds: float = 0.01, sample_rate: int = 8_000, value: float | None = None) -> Path:
    """A constant as a float WAV, by the file's name where none is given: NaN stays NaN."""
    value = 0.2 + zlib.crc32("/".join(path.parts[-3:]).encode()) / 2**34 if value is None else value
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * sample_rate), value, np.float32), sample_rate, "FLOAT")
    return path


def link_wavs(root: Path, paths: Sequence[str]) -> None:
    """One recording under many names."""
    for folder in {os.path.dirname(path) for path in paths}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        if number % 30_000 == 0:  # file systems limit the names of one file
            source = write_wav(root / f"source{number}.wav")
        os.link(source, root / path)


def write_rows(path: Path, rows: Sequence[Sequence[object]], *, separator: str = "\t", ending: str = "\r\n") -> Path:
    """A table as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(separator.join(map(str, row)) + ending for row in rows).encode())
    return path


def make_data_set(
    labels: Sequence[int],
    groups: Sequence[int],
    *,
    devices: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
    folds: Sequence[int] | None = None,
) -> DataSet:
    """Columns without recordings."""
    n_clips = len(labels)
    return DataSet(
        name="made",
        kind="csv",
        root=Path("nowhere"),
        classes=tuple(f"class {label}" for label in range(max(labels) + 1)),
        sample_rate=8_000,
        clip_s=1.0,
        paths=np.array([f"{row}.wav" for row in range(n_clips)]),
        labels=np.asarray(labels, np.int64),
        groups=np.array([f"g{group}" for group in groups]),
        devices=np.array(devices or [""] * n_clips),
        cities=np.array([""] * n_clips),
        parts=np.array(parts or [""] * n_clips),
        folds=np.asarray(folds if folds is not None else [0] * n_clips, np.int64),
        digest="made",
    )
