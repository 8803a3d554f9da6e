"""Long recordings cut into clips, and copies of recordings put into one group.

Conventions:
    Clips of one recording are of one group. The first begins with the recording; a rest of half a clip or more becomes
    a clip that is padded with silence at its end, a shorter rest is dropped, and a recording that is shorter than a
    clip is padded.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import read_size
from nas_asc.data.data_set import DataSet
from nas_asc.data.tree import printable

_N_THREADS = 4
_LEAST_REST = 0.5  # of a clip
_ROUNDING_S = 1e-6
_N_SHOWN = 3
_N_BYTES = 2**12  # of the beginning and the end of a file


def clip_starts(length_s: float, clip_s: float, step_s: float) -> list[float]:
    """Where the clips of a recording begin, in seconds.

    Args:
        length_s: The length in seconds of the recording.
        clip_s: The seconds of a clip.
        step_s: From one clip to the next.

    >>> clip_starts(2.6, 1.0, 1.0), clip_starts(2.4, 1.0, 1.0), clip_starts(0.3, 1.0, 1.0), clip_starts(2.0, 1.0, 0.5)
    ([0.0, 1.0, 2.0], [0.0, 1.0], [0.0], [0.0, 0.5, 1.0])
    """
    n_whole = max(0, math.floor((length_s - clip_s) / step_s + _ROUNDING_S) + 1)
    starts = [step_s * index for index in range(max(n_whole, 1))]
    rest_s = length_s - (starts[-1] + clip_s)
    return [*starts, step_s * n_whole] if n_whole and rest_s >= _LEAST_REST * clip_s else starts


def cut_recordings(data_set: DataSet, *, step_s: float | None = None) -> DataSet:
    """The data set with a row for each clip of its recordings; itself where each recording is one clip.

    Args:
        data_set: With a row for each recording, and the length of a clip.
        step_s: From one clip to the next; None is end to end.
    """
    clip_s, step_s = data_set.clip_s, step_s or data_set.clip_s
    with ThreadPoolExecutor(_N_THREADS) as pool:
        sizes = list(pool.map(read_size, map(data_set.path, range(len(data_set)))))
    lengths = [clip_s if size is None else size[0] / size[1] for size in sizes]  # what cannot be read is found later
    starts = [clip_starts(length, clip_s, step_s) for length in lengths]
    if all(len(each) == 1 for each in starts):
        return data_set
    rows = np.repeat(np.arange(len(data_set)), [len(each) for each in starts])
    columns = ("paths", "labels", "groups", "devices", "cities", "parts", "folds")
    digest = hashlib.sha256(f"{data_set.digest} {clip_s} {step_s}".encode()).hexdigest()[:16]
    cut = replace(data_set, **{name: getattr(data_set, name)[rows] for name in columns})
    note = _cut_note(lengths, starts, clip_s, step_s)
    return replace(cut, starts=np.concatenate(starts), digest=digest, notes=(*data_set.notes, note))


def merge_copies(data_set: DataSet, *, leaves_groups: bool = False) -> DataSet:
    """The data set with recordings of equal bytes in one group, which is told, and those of two labels named.

    Args:
        data_set: Whose recordings are each a group of its own.
        leaves_groups: Only look for those of two labels, as where a study was split before copies were merged.
    """
    copies = _find_copies(data_set)
    data_set = replace(data_set, contradictions=tuple(_find_contradictions(data_set, copies)))
    if not copies or leaves_groups:
        return data_set
    is_split = data_set.has_folds or bool((data_set.parts != "").any())  # then they stay where its files put them
    groups: NDArray[np.str_] = data_set.groups.copy()
    for rows in copies if not is_split else ():
        groups[rows] = groups[rows[0]]
    n_more = sum(len(rows) - 1 for rows in copies)
    one, other = _show_paths(data_set, copies[0][:2])
    told = "they stay where the split puts them" if is_split else "copies count as one recording"
    note = f"{n_more} recordings are copies of others, such as {other} of {one}: {told}"
    return replace(data_set, groups=groups, notes=(*data_set.notes, note))


def describe_contradictions(contradictions: Sequence[tuple[str, str]]) -> str:
    """Equal recordings under two labels in one line: their number and some of them.

    Args:
        contradictions: The contradictions of a data set; one or more.
    """
    shown = "; ".join(map(" and ".join, contradictions[:_N_SHOWN]))
    more = f" and {len(contradictions) - _N_SHOWN} more" if len(contradictions) > _N_SHOWN else ""
    return f"recordings of equal bytes under two labels: {shown}{more}"


def _find_contradictions(data_set: DataSet, copies: list[list[int]]) -> Iterator[tuple[str, str]]:
    """Paths of the first copies and of the first with another label."""
    for rows in copies:
        other = next((row for row in rows if data_set.labels[row] != data_set.labels[rows[0]]), None)
        if other is not None:
            one, another = _show_paths(data_set, [rows[0], other])
            yield one, another


def _show_paths(data_set: DataSet, rows: Sequence[int]) -> list[str]:
    return [printable(str(data_set.paths[row])) for row in rows]


def _find_copies(data_set: DataSet) -> list[list[int]]:
    """Rows of recordings of equal bytes, two or more at a time; only those that begin and end alike are read whole."""
    found = [list(range(len(data_set)))]
    for look in (_read_size, _read_ends, _read_hash):
        found = [rows for alike in found for rows in _part(data_set, alike, look) if len(rows) > 1]
    return sorted(found)


def _part(data_set: DataSet, rows: list[int], look: Callable[[Path], object]) -> list[list[int]]:
    """Rows parted by what is seen of their files; those that cannot be read left out."""
    found: dict[object, list[int]] = defaultdict(list)
    for row in rows:
        with suppress(OSError):
            found[look(data_set.path(row))].append(row)
    return list(found.values())


def _read_size(path: Path) -> int:
    return path.stat().st_size


def _read_ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        first = file.read(_N_BYTES)
        file.seek(max(0, path.stat().st_size - _N_BYTES))
        return first, file.read(_N_BYTES)


def _read_hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _cut_note(lengths: list[float], starts: list[list[float]], clip_s: float, step_s: float) -> str:
    n_short = sum(length < clip_s - _ROUNDING_S for length in lengths)
    rests = [length - (each[-1] + clip_s) for length, each in zip(lengths, starts, strict=True)]
    n_dropped = sum(rest > _ROUNDING_S for rest in rests)
    apart = "end to end" if step_s == clip_s else f"{step_s:g} s from one to the next"
    found = f"{len(lengths):,} recordings are cut into {sum(map(len, starts)):,} clips of {clip_s:g} s, {apart}"
    padded = f"; {n_short} are shorter and padded" if n_short else ""
    return found + padded + (f"; {n_dropped} rests under half a clip are dropped" if n_dropped else "")
