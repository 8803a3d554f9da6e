"""What is odd about the sound of recordings: silence, channels that cancel, saturated samples, an offset."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import ClipError, read_recording
from nas_asc.data.data_set import DataSet
from nas_asc.data.tree import printable

N_LOOKED_AT = 2_000
_SATURATED = 0.999  # of full scale
_SATURATED_SHARE = 1e-3  # of the samples
_CANCELLED = 0.05  # of the channels' own level that is left when they are averaged
_OFFSET = 0.2  # of the level
_SILENT = 1e-7  # of full scale


@dataclass(frozen=True)
class Oddity:
    """One kind of fault that was heard.

    Args:
        name: In words.
        n: Clips that have it.
        example: Path of one.
    """

    name: str
    n: int
    example: str


def find_oddities(waveform: NDArray[np.float32]) -> tuple[str, ...]:
    """What is odd about the samples of one recording; a silent one is nothing else.

    Args:
        waveform: (n_channels, N) samples in [-1, 1].
    """
    level = float(np.sqrt(np.mean(waveform**2, dtype=np.float64)))
    if level < _SILENT:
        return ("digital silence",)
    mixed = float(np.sqrt(np.mean(waveform.mean(axis=0, dtype=np.float64) ** 2)))
    saturated = float(np.mean(np.abs(waveform) >= _SATURATED))
    found = {
        "channels that cancel when they are mixed": len(waveform) > 1 and mixed < _CANCELLED * level,
        "saturated samples": saturated > _SATURATED_SHARE,
        "a constant offset": abs(float(waveform.mean(dtype=np.float64))) > _OFFSET * level,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def count_oddities(data_set: DataSet, rows: Sequence[int] | NDArray[np.int64]) -> tuple[Oddity, ...]:
    """Kinds of faults that are heard in clips, the commonest first; clips that cannot be read are left out.

    Args:
        data_set: The recordings.
        rows: Which of them.
    """
    found: dict[str, list[str]] = {}
    for row in rows if data_set.synthesise is None else ():
        start_s = 0.0 if data_set.starts is None else float(data_set.starts[row])
        try:
            waveform = _read_channels(data_set, int(row), start_s)
        except ClipError:
            continue
        for name in find_oddities(waveform):
            found.setdefault(name, []).append(printable(str(data_set.paths[row])))
    oddities = [Oddity(name, len(paths), paths[0]) for name, paths in found.items()]
    return tuple(sorted(oddities, key=lambda each: (-each.n, each.name)))


def spread_rows(n: int, n_most: int = N_LOOKED_AT) -> NDArray[np.int64]:
    """At most so many of `n` rows, evenly spread.

    >>> spread_rows(3).tolist(), spread_rows(10, 2).tolist()
    ([0, 1, 2], [0, 9])
    """
    return np.unique(np.linspace(0, n - 1, min(n, n_most)).round().astype(np.int64))


def _read_channels(data_set: DataSet, row: int, start_s: float) -> NDArray[np.float32]:
    """The clip's own channels: two where it has two, else one."""
    length_s = None if data_set.starts is None else data_set.clip_s
    try:
        return read_recording(data_set.path(row), n_channels=2, start_s=start_s, length_s=length_s)[0]
    except ClipError:
        return read_recording(data_set.path(row), start_s=start_s, length_s=length_s)[0]
