"""Features of a data set's rows, computed in batches on all cores and kept as a memory map.

Conventions:
    A table on disk is one folder: features.npy and rows.npy, written beside and renamed when whole. Two processes
    that compute the same table each write their own; the first to finish stays. A killed process leaves a folder
    that no other reads, and that is removed after a day.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.data import ClipError, DamageReport, DataSet, report_damage
from nas_asc.errors import DataError
from nas_asc.features.decoded import load_waveform
from nas_asc.features.log_mel import log_mel_batch, resample, validate_front_end
from nas_asc.frontend import LogMel

VERSION = 1
_BATCH = 16
_PARTIAL = ".partial-"
_STALE_S = 24 * 3600
_FAULT = str.maketrans({"\n": " ", "\t": " "})

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of some rows of a data set.

    Args:
        array: (n, C, F, T) float16, a memory map.
        rows: (n,) rows of the data set, as asked but without damaged ones.
        damage: What was found damaged when the recordings were decoded.
    """

    array: NDArray[np.floating[Any]]
    rows: NDArray[np.int64]
    damage: DamageReport


def bytes_per_clip(log_mel: LogMel, clip_s: float) -> int:
    """Bytes that one clip takes on disk.

    >>> bytes_per_clip(LogMel(), 1.0)
    33280
    """
    return 2 * int(np.prod(log_mel.shape(clip_s)))


def default_cache_dir() -> Path:
    """Folder of kept features: $NAS_ASC_CACHE, or nas-asc below $XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("NAS_ASC_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".cache") / "nas-asc"


def compute_features(
    data_set: DataSet,
    log_mel: LogMel,
    rows: NDArray[np.int64],
    *,
    cache_dir: Path | None = None,
    on_progress: Progress | None = None,
) -> FeatureTable:
    """Features of these rows, from the disk where they were computed before.

    Args:
        data_set: The recordings.
        log_mel: The front end.
        rows: Which clips, in the order wanted.
        cache_dir: Where features are kept; None is `default_cache_dir()`.
        on_progress: Called with clips done and clips in all while computing.

    Raises:
        FrontEndError: A mel band would be empty.
        DataError: One in a hundred recordings or more cannot be used, or the cache cannot be written.
    """
    validate_front_end(log_mel)
    folder = (cache_dir or default_cache_dir()) / "features"
    path = folder / _key(data_set, log_mel, rows)
    if not path.is_dir():
        _remove_stale(folder)
        try:
            _write_table(path, data_set, log_mel, rows, on_progress)
        except OSError as error:
            raise DataError(f"features cannot be kept in {folder}: {error}. Give another `--cache`.") from None
    return _read_table(path, data_set, len(rows))


def _key(data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64]) -> str:
    state = hashlib.sha256(f"{VERSION} {data_set.digest} {data_set.clip_s} {data_set.crops} {log_mel}".encode())
    state.update(np.ascontiguousarray(rows, np.int64).tobytes())
    return f"{data_set.name}-{state.hexdigest()[:20]}"


def _read_table(path: Path, data_set: DataSet, n_asked: int) -> FeatureTable:
    rows = np.load(path / "rows.npy")
    lines = (path / "damage.tsv").read_text(encoding="utf-8").splitlines()
    faults = [(int(row), fault) for row, fault in (line.split("\t") for line in lines)]
    array = np.load(path / "features.npy", mmap_mode="r")[: len(rows)]
    return FeatureTable(array, rows, report_damage(data_set, faults, n_asked))


def _write_table(
    path: Path, data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64], on_progress: Progress | None
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=path.parent))
    try:
        shape = (len(rows), *log_mel.shape(data_set.clip_s))
        array = np.lib.format.open_memmap(beside / "features.npy", mode="w+", dtype=np.float16, shape=shape)
        kept, faults = _fill(array, data_set, log_mel, rows, on_progress)
        array.flush()
        del array
        report_damage(data_set, faults, len(rows))
        np.save(beside / "rows.npy", kept)
        lines = [f"{row}\t{fault.translate(_FAULT)}\n" for row, fault in faults]
        (beside / "damage.tsv").write_text("".join(lines), encoding="utf-8")
        try:
            beside.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _fill(
    array: NDArray[np.float16],
    data_set: DataSet,
    log_mel: LogMel,
    rows: NDArray[np.int64],
    on_progress: Progress | None,
) -> tuple[NDArray[np.int64], list[tuple[int, str]]]:
    """Write the features of the good rows to the front of the array; which these are, and what the others lack."""
    kept: list[int] = []
    faults: list[tuple[int, str]] = []
    batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    n_done = 0
    for batch, (features, good, bad) in zip(batches, _compute(data_set, log_mel, batches), strict=True):
        array[len(kept) : len(kept) + len(good)] = features
        kept += good
        faults += bad
        n_done += len(batch)
        if on_progress is not None:
            on_progress(n_done, len(rows))
    return np.array(kept, np.int64), faults


Batch = tuple[NDArray[np.float16], list[int], list[tuple[int, str]]]


def _compute(data_set: DataSet, log_mel: LogMel, batches: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
    """Features of each batch in order; decoding and transforms leave the interpreter, so threads use all cores."""
    n_workers = os.cpu_count() or 1
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(n_workers)
    try:
        pending = []
        for batch in batches:
            pending.append(pool.submit(_compute_batch, data_set, log_mel, batch))
            if len(pending) > 2 * n_workers:
                yield pending.pop(0).result()
        while pending:
            yield pending.pop(0).result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(n_threads)


def _compute_batch(data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64]) -> Batch:
    waveforms, good, bad = [], [], []
    for row in rows.tolist():
        try:
            waveforms.append(load_waveform(data_set, row))
            good.append(row)
        except ClipError as error:
            bad.append((row, str(error).removeprefix(f"{data_set.path(row)}: ")))
    shape = log_mel.shape(data_set.clip_s)
    if not good:
        return np.zeros((0, *shape), np.float16), good, bad
    batch = resample(torch.from_numpy(np.stack(waveforms)), data_set.sample_rate, log_mel.sample_rate)
    n_samples = log_mel.n_samples(data_set.clip_s)
    batch = torch.nn.functional.pad(batch[:, :n_samples], (0, max(0, n_samples - batch.shape[1])))
    return log_mel_batch(batch, log_mel).half().numpy(), good, bad


def _remove_stale(folder: Path) -> None:
    for path in folder.glob(f"{_PARTIAL}*"):
        try:
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue
