"""What is odd about the sound of recordings: silence, cancelling channels, saturation, an offset, empty upper bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
_SILENCE = "digital silence"
_N_FFT, _N_FRAMES = 2_048, 64
_N_BANDS = 60  # twelfths of an octave, the lowest of three bins
_OCTAVE_THIRD = 4  # bands
_DROP_DB = 25.0
_LEAST_POWER = 1e-12
_EMPTY_SHARE = 0.2  # of the mel bands


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
        return (_SILENCE,)
    mixed = float(np.sqrt(np.mean(waveform.mean(axis=0, dtype=np.float64) ** 2)))
    saturated = float(np.mean(np.abs(waveform) >= _SATURATED))
    found = {
        "channels that cancel when they are mixed": len(waveform) > 1 and mixed < _CANCELLED * level,
        "saturated samples": saturated > _SATURATED_SHARE,
        "a constant offset": abs(float(waveform.mean(dtype=np.float64))) > _OFFSET * level,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def find_ceiling(waveform: NDArray[np.float32], rate: int) -> float:
    """Frequency in Hz above which a recording holds nothing; half its rate where there is sound up to there.

    Nothing is what lies 25 dB below all of a third of an octave, from a third of an octave beyond it on: so abruptly
    end telephones, codecs and recordings that were made at a lower rate, and no sound of nature. Medians over time are
    compared and whole stretches of frequencies, so that neither a shrill moment nor a tone counts.

    Args:
        waveform: (n_channels, N) samples in [-1, 1].
        rate: In Hz.
    """
    levels, edges = _band_levels(waveform, rate)
    above = np.maximum.accumulate(levels[::-1])[::-1]  # the loudest band from each on
    below = np.lib.stride_tricks.sliding_window_view(levels, _OCTAVE_THIRD).min(axis=1)  # up to each from the fourth on
    ends = np.flatnonzero(below[:-_OCTAVE_THIRD] > above[2 * _OCTAVE_THIRD - 1 :] + _DROP_DB)
    return float(edges[ends[-1] + _OCTAVE_THIRD - 1]) if len(ends) else rate / 2


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard in clips.

    Args:
        oddities: Kinds of faults, the commonest first.
        ceilings: The ceilings of each clip that is not silent, the frequency in Hz above which it holds nothing.
    """

    oddities: tuple[Oddity, ...]
    ceilings: NDArray[np.float64]

    def describe_ceiling(self, sample_rate: int) -> str:
        """One line where the upper mel bands hear nothing in most clips; else empty.

        Args:
            sample_rate: The highest that a front end takes, in Hz.
        """
        shares = 1 - _to_mel(self.ceilings) / _to_mel(sample_rate / 2)
        is_dull = shares >= _EMPTY_SHARE
        if 2 * np.count_nonzero(is_dull) <= len(is_dull):
            return ""
        ceiling = float(np.median(self.ceilings[is_dull]))
        return (
            f"nothing above {ceiling / 1000:.1f} kHz: {np.count_nonzero(is_dull):,} of {len(is_dull):,} clips listened"
            f" to, so the upper {100 * np.median(shares[is_dull]):.0f} % of the mel bands up to"
            f" {sample_rate / 2000:.1f} kHz hear nothing; search spaces whose front ends stay below spend less"
        )


def listen(data_set: DataSet, rows: Sequence[int] | NDArray[np.int64]) -> Heard:
    """What is heard in clips; those that cannot be read are left out.

    Args:
        data_set: The recordings.
        rows: Which of them.
    """
    found: dict[str, list[str]] = {}
    ceilings = []
    for row in rows if data_set.synthesise is None else ():
        try:
            waveform, rate = _read_channels(data_set, int(row))
        except ClipError:
            continue
        names = find_oddities(waveform)
        for name in names:
            found.setdefault(name, []).append(printable(str(data_set.paths[row])))
        if _SILENCE not in names:
            ceilings.append(find_ceiling(waveform, rate))
    oddities = [Oddity(name, len(paths), paths[0]) for name, paths in found.items()]
    return Heard(tuple(sorted(oddities, key=lambda each: (-each.n, each.name))), np.array(ceilings))


def spread_rows(n: int, n_most: int = N_LOOKED_AT) -> NDArray[np.int64]:
    """At most so many of `n` rows, evenly spread.

    >>> spread_rows(3).tolist(), spread_rows(10, 2).tolist()
    ([0, 1, 2], [0, 9])
    """
    return np.unique(np.linspace(0, n - 1, min(n, n_most)).round().astype(np.int64))


def _read_channels(data_set: DataSet, row: int) -> tuple[NDArray[np.float32], int]:
    """The clip's own channels, two where it has two, else one; and its rate in Hz."""
    start_s = 0.0 if data_set.starts is None else float(data_set.starts[row])
    length_s = None if data_set.starts is None else data_set.clip_s
    try:
        return read_recording(data_set.path(row), n_channels=2, start_s=start_s, length_s=length_s)
    except ClipError:
        return read_recording(data_set.path(row), start_s=start_s, length_s=length_s)


def _band_levels(waveform: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level in dB of each twelfth of an octave up to half the rate, upward, and where each begins, in Hz."""
    waveform = np.pad(waveform, [(0, 0), (0, max(0, _N_FFT - waveform.shape[1]))])
    starts = np.unique(np.linspace(0, waveform.shape[1] - _N_FFT, _N_FRAMES).astype(int))
    frames = np.stack([waveform[:, start : start + _N_FFT] for start in starts]) * np.hanning(_N_FFT)
    power = np.median((np.abs(np.fft.rfft(frames)) ** 2).mean(axis=1), axis=0)
    edges = rate / 2 * 2.0 ** (-np.arange(_N_BANDS, -1, -1) / 12)
    bins = np.searchsorted(np.fft.rfftfreq(_N_FFT, 1 / rate), edges)
    levels = [10 * np.log10(np.median(power[low:high]) + _LEAST_POWER) for low, high in pairwise(bins)]
    return np.array(levels), edges[:-1]


def _to_mel(frequency: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log10(1 + np.asarray(frequency) / 700)  # but for a factor
