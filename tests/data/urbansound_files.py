"""A data set in the layout of UrbanSound8K: tones of one pitch a class in files of many rates, lengths and formats."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from tests.data.recordings import write_rows

CLASSES = (
    "air_conditioner",
    "car_horn",
    "children_playing",
    "dog_bark",
    "drilling",
    "engine_idling",
    "gun_shot",
    "jackhammer",
    "siren",
    "street_music",
)
HEADER = ("slice_file_name", "fsID", "start", "end", "salience", "fold", "classID", "class")
N_FOLDS = 10
IN_TWO_FOLDS = "77751"
MOST_RATE = 44_100
_RATES = (MOST_RATE, 8_000, MOST_RATE, 22_050, MOST_RATE, 96_000, MOST_RATE)
_SUBTYPES = ("PCM_16", "PCM_24", "FLOAT")
_SECONDS = (0.05, 0.3, 0.12)
PEAK = 0.25

Row = tuple[str, str, float, float, int, int, int, str]


def urbansound_rows() -> list[Row]:
    """One upload of each class in each fold, and one of two classes that lies in folds 2 and 7."""
    rows = []
    for number in range(len(CLASSES) * N_FOLDS):
        fold, label = 1 + number // len(CLASSES), number % len(CLASSES)
        rows.append(_row(str(1_000 + number), fold, label, take=0, seconds=_SECONDS[number % len(_SECONDS)]))
    rows += [_row(IN_TWO_FOLDS, 2, 4, take=0, seconds=0.1)]
    return rows + [_row(IN_TWO_FOLDS, 7, 7, take=take, seconds=0.1) for take in range(2)]


def _row(upload: str, fold: int, label: int, *, take: int, seconds: float) -> Row:
    return (f"{upload}-{label}-0-{take}.wav", upload, 1.5, 1.5 + seconds, 1, fold, label, CLASSES[label])


def write_urbansound(root: Path, *, listing: str = "metadata", audio: str = "audio") -> Path:
    """The data set below `root`.

    Args:
        root: Its folder.
        listing: Folder of the listing in it.
        audio: Folder of the folds in it.
    """
    rows = urbansound_rows()
    write_rows(root / listing / "UrbanSound8K.csv", [HEADER, *rows], separator=",", ending="\n")
    for row, (rate, n_channels, subtype) in zip(rows, _formats(), strict=False):
        path = root / audio / f"fold{row[5]}" / row[0]
        write_tone(path, 400 + 300 * row[6], round(row[3] - row[2], 6), rate, n_channels=n_channels, subtype=subtype)
    return root


def _formats() -> Iterator[tuple[int, int, str]]:
    number = 0
    while True:
        yield _RATES[number % len(_RATES)], 1 + number % 2, _SUBTYPES[number % len(_SUBTYPES)]
        number += 1


def write_tone(
    path: Path, hz: float, seconds: float, rate: int, *, n_channels: int = 1, subtype: str = "PCM_16"
) -> Path:
    """A tone of peak 0.25 in every channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.repeat(tone(hz, seconds, rate)[:, None], n_channels, axis=1), rate, subtype)
    return path


def tone(hz: float, seconds: float, rate: int) -> np.ndarray:
    """Samples (N,) of a tone of peak 0.25."""
    return PEAK * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
