"""Recordings on a compute device, and log-mels made of them there, without the disk.

Conventions:
    Waveforms are (n, C, N) at the recordings' own rate. They are int16 where every sample is a whole number of 2^-15,
    as 16-bit recordings of as many channels are, else float32: nothing is lost. 139,620 clips of 1 s at 44.1 kHz take
    12.3 GB. The same transforms as on the CPU make log-mels of them, in pieces of half a GiB.
"""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from nas_asc.data import DataSet, report_damage
from nas_asc.features.compute import decode_clips, iterate_parts
from nas_asc.features.log_mel import log_mel_batch, resample
from nas_asc.features.table import FeatureTable, Progress
from nas_asc.frontend import LogMel

_SCALE = 2**15
_PIECE_BYTES = 2**29
_FLOATS = 3  # a point of a transform takes, with the frames it is of and the power it gives


@dataclass(frozen=True, eq=False)
class Recordings:
    """Waveforms of some rows of a data set on a device.

    Args:
        data_set: The data set.
        waveforms: (n, C, N) of the good rows, int16 or float32.
        sample_rate: Of all of them, in Hz.
        rows: (n,) the good rows, in the order asked.
        faults: The other rows, each with its cause.
    """

    data_set: DataSet
    waveforms: Tensor
    sample_rate: int
    rows: NDArray[np.int64]
    faults: tuple[tuple[int, str], ...]

    def make_features(self, log_mel: LogMel, *, piece_bytes: int = _PIECE_BYTES) -> FeatureTable:
        """Features of the rows, on the device that has the recordings.

        Args:
            log_mel: The front end.
            piece_bytes: About what the transforms of the clips computed together take.

        Raises:
            FrontEndError: A mel band would be empty, or a clip is shorter than half the transform.
            DataError: More recordings cannot be used than may be left out.
        """
        table, finite = self.transform(log_mel, piece_bytes=piece_bytes)
        good = finite.cpu().numpy()
        too_loud = [(int(row), "too loud for a log-mel") for row in self.rows[~good]]
        n_asked = len(self.rows) + len(self.faults)
        damage = report_damage(self.data_set, [*self.faults, *too_loud], n_asked)
        return FeatureTable(table if good.all() else table[finite], self.rows[good], damage)

    def transform(self, log_mel: LogMel, *, piece_bytes: int = _PIECE_BYTES) -> tuple[Tensor, Tensor]:
        """Log-mels (n, C, F, T) float16 of all recordings, and which of them (n,) are finite; waits for nothing.

        Args:
            log_mel: The front end.
            piece_bytes: About what the transforms of the clips computed together take.

        Raises:
            FrontEndError: A mel band would be empty, or a clip is shorter than half the transform.
        """
        n_clips, device, clip_s = len(self.waveforms), self.waveforms.device, self.data_set.clip_s
        shape, n_samples = log_mel.shape(clip_s), log_mel.n_samples(clip_s)
        table = torch.empty(n_clips, *shape, dtype=torch.float16, device=device)
        finite = torch.empty(n_clips, dtype=torch.bool, device=device)
        n_together = max(1, piece_bytes // (4 * _FLOATS * log_mel.n_fft * shape[0] * shape[2]))
        for start in range(0, n_clips, n_together):
            piece = slice(start, start + n_together)
            waveforms = resample(_to_float(self.waveforms[piece]), self.sample_rate, log_mel.sample_rate)
            # a length that the ratio of the rates does not divide comes back a sample longer or shorter
            waveforms = pad(waveforms, (0, n_samples - waveforms.shape[-1]))
            table[piece] = log_mel_batch(waveforms, log_mel)
            finite[piece] = torch.isfinite(table[piece]).flatten(1).all(dim=1)
        return table, finite


def count_recording_bytes(data_set: DataSet, n_clips: int, *, n_channels: int) -> int:
    """Bytes that recordings take on a device, where they have 16 bits.

    Args:
        data_set: The recordings.
        n_clips: How many.
        n_channels: Of the front ends that are made of them.
    """
    return 2 * n_clips * n_channels * data_set.n_samples


def load_recordings(
    data_set: DataSet,
    rows: NDArray[np.int64],
    *,
    n_channels: int,
    torch_device: torch.device,
    has_room: Callable[[int], bool],
    n_workers: int | None = None,
    on_progress: Progress | None = None,
) -> Recordings | None:
    """Recordings of some rows on a device, each decoded and copied there once; None where they have no room.

    None too where they are of several rates, or none can be used.

    Args:
        data_set: The recordings.
        rows: Which clips, in the order wanted.
        n_channels: Of the front ends that will be made of them.
        torch_device: Where to.
        has_room: Whether so many bytes more fit there.
        n_workers: Threads that decode; None is one a core.
        on_progress: Called with clips done and clips in all.
    """
    table, rate = None, 0
    good: list[int] = []
    faults: list[tuple[int, str]] = []

    def decode(some: NDArray[np.int64]) -> _Decoded:
        clips, its_good, its_faults = decode_clips(data_set, some, n_channels=n_channels)
        rates = {rate for _, rate in clips}
        is_whole = len(rates) == 1
        waveforms = _to_16_bits(torch.from_numpy(np.stack([each for each, _ in clips]))) if is_whole else None
        return _Decoded(waveforms, rates, its_good, its_faults)

    with closing(iterate_parts(decode, data_set, rows, n_workers=n_workers)) as parts:
        for part in parts:
            faults += part.faults
            if part.waveforms is not None:
                rate = rate or max(part.rates)
                table = _widen(table, part.waveforms, n_clips=len(rows), torch_device=torch_device, has_room=has_room)
            if part.rates - {rate} or (table is None and part.rates):
                return None
            if part.waveforms is not None and table is not None:
                there = slice(len(good), len(good) + len(part.good))
                table[there] = part.waveforms if part.waveforms.dtype == table.dtype else _to_float(part.waveforms)
            good += part.good
            if on_progress is not None:
                on_progress(len(good) + len(faults), len(rows))
    return None if table is None else Recordings(data_set, table[: len(good)], rate, np.array(good), tuple(faults))


@dataclass(frozen=True, eq=False)
class _Decoded:
    """Some recordings: of the good ones waveforms, where they have one rate, their rates and rows; faults of others."""

    waveforms: Tensor | None
    rates: set[int]
    good: list[int]
    faults: list[tuple[int, str]]


def _widen(
    table: Tensor | None,
    waveforms: Tensor,
    *,
    n_clips: int,
    torch_device: torch.device,
    has_room: Callable[[int], bool],
) -> Tensor | None:
    """A table that loses nothing of waveforms like these, with what it had; None where it has no room."""
    if table is not None and table.dtype in (waveforms.dtype, torch.float32):
        return table
    shape = n_clips, *waveforms.shape[1:]
    if not has_room(math.prod(shape) * waveforms.element_size()):
        return None
    if table is None:
        return torch.empty(shape, dtype=waveforms.dtype, device=torch_device)
    return _to_float(table)


def _to_16_bits(waveforms: Tensor) -> Tensor:
    """Samples in [-1, 1] as int16 where nothing is lost, else as they are."""
    whole = (waveforms * _SCALE).round_().clamp_(-_SCALE, _SCALE - 1).to(torch.int16)
    return whole if torch.equal(_to_float(whole), waveforms) else waveforms


def _to_float(waveforms: Tensor) -> Tensor:
    return waveforms.float().div_(_SCALE) if waveforms.dtype == torch.int16 else waveforms
