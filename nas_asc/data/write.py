"""Writing the synthetic scenes as recordings, in the exact layout of TAU 2022 Mobile."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from nas_asc.data.data_set import DataSet
from nas_asc.data.tau import SUBSETS
from nas_asc.errors import DataError


def write_synthetic(data_set: DataSet, folder: Path, *, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Write every clip as 24-bit WAV, and the listings, as TAU 2022 has them; the folder appears when it is whole.

    The training splits of the 2024 challenge are there too: shares of the training clips of each class.

    Args:
        data_set: The embedded scenes.
        folder: Where to; must be missing or empty.
        on_progress: Called with clips written and clips in all.

    Raises:
        DataError: The folder has something in it, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already and not empty. Give a new folder.")
    beside = folder.with_name(f".partial-{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        (beside / "audio").mkdir(parents=True)
        (beside / "evaluation_setup").mkdir()
        _write_listings(data_set, beside)
        for row in range(len(data_set)):
            if on_progress is not None:
                on_progress(row, len(data_set))
            soundfile.write(beside / str(data_set.paths[row]), data_set.waveform(row), data_set.sample_rate, "PCM_24")
        if on_progress is not None:
            on_progress(len(data_set), len(data_set))
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except (OSError, soundfile.SoundFileError) as error:
        raise DataError(f"{folder} cannot be written: {error}.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_listings(data_set: DataSet, folder: Path) -> None:
    names = [data_set.classes[label] for label in data_set.labels]
    full = zip(data_set.paths, names, data_set.groups, data_set.devices, strict=True)
    _write(folder / "meta.csv", ("filename", "scene_label", "identifier", "source_label"), [tuple(row) for row in full])
    setup = folder / "evaluation_setup"
    pairs = list(zip(data_set.paths, names, strict=True))
    train, test = (np.flatnonzero(data_set.parts == part) for part in ("train", "test"))
    _write(setup / "fold1_train.csv", ("filename", "scene_label"), [pairs[row] for row in train])
    _write(setup / "fold1_evaluate.csv", ("filename", "scene_label"), [pairs[row] for row in test])
    _write(setup / "fold1_test.csv", ("filename",), [pairs[row][:1] for row in test])
    drawn = np.random.default_rng(0).permutation(train)
    of_class = [drawn[data_set.labels[drawn] == label] for label in range(len(data_set.classes))]
    for percent in SUBSETS:  # each one holds the smaller ones
        rows = np.sort(np.concatenate([each[: len(each) * percent // 100] for each in of_class]))
        _write(setup / f"split{percent}.csv", ("filename",), [pairs[row][:1] for row in rows])


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = ["\t".join(map(str, row)) for row in (header, *rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
