"""Impulse responses of recording devices, read from a folder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import ClipError, read_recording
from nas_asc.errors import DataError


def load_responses(folder: str | Path) -> tuple[tuple[NDArray[np.float32], int], ...]:
    """Samples (N,) and sample rate in Hz of every WAV file below a folder, by path; channels are averaged.

    Args:
        folder: The folder of the files, also in folders below.

    Raises:
        DataError: There is no such folder, it holds no WAV file, or one is unreadable or silent.
    """
    root = Path(folder).expanduser()
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() == ".wav")
    if not paths:
        what = "holds none" if root.is_dir() else "is no folder"
        raise DataError(f"`folder` must hold impulse responses as WAV files, but {str(folder)!r} {what}.")
    return tuple(map(_read_response, paths))


def _read_response(path: Path) -> tuple[NDArray[np.float32], int]:
    response, rate = read_recording(path)
    if not response.any():
        raise ClipError(f"{path}: silent, which no impulse response is")
    return response[0], rate
