"""Features of a data set's rows, computed once a front end and kept as a memory map.

Conventions:
    A table on disk is one folder: features.npy (float16), rows.npy, and damage.tsv with what could not be used. It is
    written clip after clip, so that a set of any size fits: memory holds a few batches.
"""

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.data import DamageReport, DataSet, report_damage
from nas_asc.errors import DataError, FrontEndError
from nas_asc.features.compute import iterate_batches
from nas_asc.features.log_mel import validate_front_end
from nas_asc.features.storage import (
    hold_beside,
    make_room,
    mark_used,
    most_table_bytes,
    publish,
    remove_stale,
    table_folder,
)
from nas_asc.frontend import LogMel
from nas_asc.units import format_short

VERSION = 2
_ARRAY = "features.npy"
_FAULT = str.maketrans({"\n": " ", "\t": " ", "\r": " "})

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of some rows of a data set.

    Args:
        array: (n, C, F, T) float16: a memory map, or a tensor where a compute device made them.
        rows: (n,) rows of the data set, as asked but without damaged ones.
        damage: What was found damaged when the recordings were decoded.
    """

    array: NDArray[np.floating[Any]] | Tensor
    rows: NDArray[np.int64]
    damage: DamageReport


def bytes_per_clip(log_mel: LogMel, clip_s: float) -> int:
    """Bytes that one clip takes on disk.

    All 139,620 training clips of TAU 2022 take 4.6 GB with the default front end.

    >>> bytes_per_clip(LogMel(), 1.0)
    33280
    """
    return 2 * int(np.prod(log_mel.shape(clip_s)))


def compute_features(
    data_set: DataSet,
    log_mel: LogMel,
    rows: NDArray[np.int64],
    *,
    cache_dir: Path | None = None,
    cache_bytes: int | None = None,
    n_workers: int | None = None,
    on_progress: Progress | None = None,
) -> FeatureTable:
    """Features of these rows, from the disk where they were computed before.

    Where another process is computing the same features, this one waits for them.

    Args:
        data_set: The recordings.
        log_mel: The front end.
        rows: Which clips, in the order wanted.
        cache_dir: Where features are kept; None is `default_cache_dir()`.
        cache_bytes: Most bytes of all that is kept there: the least used features are removed to make room for new
            ones. None is `default_cache_bytes`, or more where one table alone takes more.
        n_workers: Threads that compute; None is one a core.
        on_progress: Called with clips done and clips in all while they are computed, here or by another process.

    Raises:
        FrontEndError: A mel band would be empty, a clip is shorter than half the transform, or these features alone
            take more than may be kept.
        DataError: More recordings cannot be used than may be left out, or the cache cannot be written.
    """
    validate_front_end(log_mel, clip_s=data_set.clip_s)
    path = table_folder(cache_dir) / _key(data_set, log_mel, rows)
    table = _read_table(path, data_set, len(rows))
    if table is not None:
        return table
    n_bytes = len(rows) * bytes_per_clip(log_mel, data_set.clip_s)
    most = most_table_bytes(cache_dir, cache_bytes)
    if n_bytes > most:
        what = f"the disk of {path.parent}" if cache_bytes is None or most < cache_bytes else "`cache_bytes`"
        raise FrontEndError(
            f"{what} must hold the features of one front end, but these take {format_short(n_bytes)}B and it has"
            f" {format_short(most)}B. Give more, or fewer bands or longer hops."
        )
    tell = on_progress or _tell_nobody

    def watch(beside: Path) -> None:
        tell(min(_n_written(beside, log_mel.shape(data_set.clip_s)), len(rows) - 1), len(rows))

    try:
        remove_stale(path.parent)
        with hold_beside(path, on_wait=watch) as beside:
            table = _read_table(path, data_set, len(rows))
            if table is None:
                make_room(n_bytes, cache_dir=cache_dir, cache_bytes=cache_bytes)
                _write_table(beside, data_set, log_mel, rows, n_workers, tell)
                publish(beside, path)
                table = _read_table(path, data_set, len(rows))
            else:
                tell(len(rows), len(rows))
    except OSError as error:
        raise DataError(f"features cannot be kept in {path.parent}: {error}. Give another `cache`.") from None
    if table is None:
        raise DataError(f"features in {path} were changed while they were read. Try again, or give another `cache`.")
    return table


def features_file(data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64], cache_dir: Path | None = None) -> Path:
    """Where these features are on disk: while they are, `compute_features` has nothing to compute.

    Args:
        data_set: The recordings.
        log_mel: The front end.
        rows: Which clips, in the order wanted.
        cache_dir: Where features are kept; None is `default_cache_dir()`.
    """
    return table_folder(cache_dir) / _key(data_set, log_mel, rows) / _ARRAY


def _key(data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64]) -> str:
    state = hashlib.sha256(f"{VERSION} {data_set.version} {data_set.clip_s} {data_set.crops} {log_mel}".encode())
    state.update(np.ascontiguousarray(rows, np.int64).tobytes())
    return f"{data_set.name}-{state.hexdigest()[:20]}"


def _read_table(path: Path, data_set: DataSet, n_asked: int) -> FeatureTable | None:
    """The table, or None where there is none that can be read whole."""
    try:
        rows = np.load(path / "rows.npy")
        lines = (path / "damage.tsv").read_text(encoding="utf-8").splitlines()
        faults = [(int(row), fault) for row, fault in (line.split("\t") for line in lines)]
        array = np.load(path / _ARRAY, mmap_mode="r" if len(rows) else None)
    except (OSError, ValueError, EOFError):
        return None
    if len(array) != len(rows) or len(rows) + len(faults) != n_asked:
        return None
    mark_used(path)
    return FeatureTable(array, rows, report_damage(data_set, faults, n_asked))


def _write_table(
    beside: Path,
    data_set: DataSet,
    log_mel: LogMel,
    rows: NDArray[np.int64],
    n_workers: int | None,
    on_progress: Progress,
) -> None:
    on_progress(0, len(rows))
    kept: list[int] = []
    faults: list[tuple[int, str]] = []
    shape = log_mel.shape(data_set.clip_s)
    with (
        (beside / _ARRAY).open("wb") as file,
        closing(iterate_batches(data_set, log_mel, rows, n_workers=n_workers)) as batches,
    ):
        _write_header(file, (len(rows), *shape))
        for batch in batches:
            file.write(np.ascontiguousarray(batch.features).data)
            kept += batch.rows
            faults += batch.faults
            on_progress(len(kept) + len(faults), len(rows))
        file.seek(0)
        _write_header(file, (len(kept), *shape))
        file.flush()
        os.fsync(file.fileno())
    report_damage(data_set, faults, len(rows))
    np.save(beside / "rows.npy", np.array(kept, np.int64))
    _write_faults(beside / "damage.tsv", faults)


def _n_written(beside: Path, shape: tuple[int, ...]) -> int:
    """Clips that another process has written so far, about."""
    try:
        return (beside / _ARRAY).stat().st_size // (2 * math.prod(shape))
    except FileNotFoundError:
        return 0


def _tell_nobody(n_done: int, n_clips: int) -> None:
    """Progress that nobody asked for."""


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the head of an npy file; its length is the same for any number of clips."""
    descr = np.lib.format.dtype_to_descr(np.dtype(np.float16))
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})


def _write_faults(path: Path, faults: Sequence[tuple[int, str]]) -> None:
    path.write_text("".join(f"{row}\t{fault.translate(_FAULT)}\n" for row, fault in faults), encoding="utf-8")
