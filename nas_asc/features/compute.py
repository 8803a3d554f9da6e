"""Log-mels of many clips: decoded, resampled and transformed in batches on all cores.

Conventions:
    Decoding, resampling and transforms leave the interpreter, so threads use all cores, and none outlives the call.
    A batch holds about a million samples and goes to one thread, in which torch itself uses one.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.cores import count_processors
from nas_asc.data import ClipError, DataSet
from nas_asc.features.decoded import Clip, load_clip
from nas_asc.features.log_mel import log_mel_batch, resample
from nas_asc.frontend import LogMel

_BATCH_SAMPLES = 2**20
_MOST_CLIPS = 64
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Batch:
    """Features of the good clips among some rows.

    Args:
        features: (n, C, F, T) float16 of the good ones.
        rows: The good rows, in the order asked.
        faults: The other rows, each with its cause.
    """

    features: NDArray[np.float16]
    rows: list[int]
    faults: list[tuple[int, str]]


def iterate_batches(
    data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64], *, n_workers: int | None = None
) -> Generator[Batch, None, None]:
    """Features of the rows, batch after batch in their order; only a few batches are in memory.

    Close it (`contextlib.closing`) when it is left early: that stops its threads.

    Args:
        data_set: The recordings.
        log_mel: The front end.
        rows: Which clips, in the order wanted.
        n_workers: Threads; None is one a processor that this process may use.
    """
    return iterate_parts(lambda some: compute_batch(data_set, log_mel, some), data_set, rows, n_workers=n_workers)


def iterate_parts(
    compute: Callable[[NDArray[np.int64]], T],
    data_set: DataSet,
    rows: NDArray[np.int64],
    *,
    n_workers: int | None = None,
) -> Generator[T, None, None]:
    """What is computed of the rows, a batch of them in each thread, in their order; see `iterate_batches`.

    Args:
        compute: What to do with some rows.
        data_set: The recordings.
        rows: Which clips, in the order wanted.
        n_workers: Threads; None is one a processor that this process may use.
    """
    n_workers = n_workers or count_processors()
    n_clips = max(1, min(_MOST_CLIPS, _BATCH_SAMPLES // data_set.n_samples))
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(n_workers, initializer=torch.set_num_threads, initargs=(1,))
    pending: deque[Future[T]] = deque()
    try:
        for start in range(0, len(rows), n_clips):
            pending.append(pool.submit(compute, rows[start : start + n_clips]))
            if len(pending) > 2 * n_workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(n_threads)


def compute_batch(data_set: DataSet, log_mel: LogMel, rows: NDArray[np.int64]) -> Batch:
    """Features of these rows, those that cannot be used set apart."""
    clips, good, faults = decode_clips(data_set, rows, n_channels=log_mel.n_channels)
    if not good:
        return Batch(np.zeros((0, *log_mel.shape(data_set.clip_s)), np.float16), [], faults)
    features = _transform(clips, log_mel, log_mel.n_samples(data_set.clip_s))
    finite = np.isfinite(features).reshape(len(good), -1).all(axis=1)
    faults += [(good[place], "too loud for a log-mel") for place in np.flatnonzero(~finite)]
    return Batch(features[finite], [good[place] for place in np.flatnonzero(finite)], faults)


def decode_clips(
    data_set: DataSet, rows: NDArray[np.int64], *, n_channels: int
) -> tuple[list[Clip], list[int], list[tuple[int, str]]]:
    """The good clips among some rows, their rows, and the other rows, each with its cause."""
    clips, good, faults = [], [], []
    for row in rows.tolist():
        try:
            clips.append(load_clip(data_set, row, n_channels=n_channels))
            good.append(row)
        except ClipError as error:
            faults.append((row, str(error).removeprefix(f"{data_set.path(row)}: ")))
    return clips, good, faults


def _transform(clips: Sequence[Clip], log_mel: LogMel, n_samples: int) -> NDArray[np.float16]:
    batch = torch.zeros(len(clips), log_mel.n_channels, n_samples)
    for rate in {rate for _, rate in clips}:
        rows = [row for row, (_, its) in enumerate(clips) if its == rate]
        waveforms = torch.from_numpy(np.stack([clips[row][0] for row in rows]))
        # a length that the ratio of the rates does not divide comes back a sample longer or shorter
        some = resample(waveforms, rate, log_mel.sample_rate)[..., :n_samples]
        batch[rows, :, : some.shape[-1]] = some
    features: NDArray[np.float16] = log_mel_batch(batch, log_mel).half().numpy()
    return features
