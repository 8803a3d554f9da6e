"""Recordings that cannot be used: named in one report, left out when they are few.

Conventions:
    Few is at most 5 % of the data set's recordings (its unused ones aside), however many of them are looked at, or one
    where that is more; and never all of a class. `allow_damaged` says another share.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import Header, read_header
from nas_asc.data.data_set import DataSet
from nas_asc.data.tree import printable
from nas_asc.errors import DataError

DEFAULT_SHARE = 0.05
_N_SHOWN = 10
_N_THREADS = 4


@dataclass(frozen=True, eq=False)
class DamageReport:
    """What was found in the recordings of some rows.

    Args:
        n_checked: Recordings looked at.
        rows: (n,) rows of the damaged ones.
        faults: Path and cause of each.
        n_cut: Good recordings that are cut at their end to the nominal length.
        n_padded: Good recordings that are padded with silence at their end.
        largest_change: Largest share of the nominal length that is cut or padded.
        rates: By sample rate in Hz, how many good recordings have it.
    """

    n_checked: int
    rows: NDArray[np.int64]
    faults: tuple[str, ...]
    n_cut: int = 0
    n_padded: int = 0
    largest_change: float = 0.0
    rates: Mapping[int, int] = field(default_factory=dict)

    def describe(self) -> str:
        """One line that names the damaged recordings and counts the cut and padded ones; empty when there are none."""
        parts = []
        if self.faults:
            faults = list(dict.fromkeys(self.faults))  # clips of one recording fail alike
            shown = "; ".join(faults[:_N_SHOWN])
            more = f"; and {len(faults) - _N_SHOWN} more" if len(faults) > _N_SHOWN else ""
            parts.append(f"{len(self.faults)} of {self.n_checked} recordings cannot be used: {shown}{more}")
        if self.n_cut or self.n_padded:
            parts.append(
                f"{self.n_cut} recordings are cut and {self.n_padded} padded with silence at their end to the common"
                f" length, by up to {100 * self.largest_change:.2g} % of it"
            )
        if len(self.rates) > 1:
            listed = ", ".join(f"{n} at {rate:,} Hz" for rate, n in sorted(self.rates.items()))
            parts.append(f"sample rates differ: {listed}; each recording is resampled to the front end's")
        return ". ".join(parts)


def check_audio(data_set: DataSet, rows: Sequence[int] | NDArray[np.int64]) -> DamageReport:
    """What the headers of these rows' recordings say: unreadable, empty, wrong rate, too short or too long.

    Values that are not finite are only found when a recording is decoded; features report them.

    Args:
        data_set: The recordings.
        rows: Which of them.

    Raises:
        DataError: More of the data set's recordings cannot be used than may be left out; lists them.
    """
    if data_set.synthesise is not None:
        return DamageReport(len(rows), np.zeros(0, np.int64), ())

    def look(row: int) -> Header:
        return read_header(
            data_set.path(row),
            sample_rate=None if data_set.mixes_rates else data_set.sample_rate,
            clip_s=data_set.clip_s,
            any_length=data_set.crops,
        )

    with ThreadPoolExecutor(_N_THREADS) as pool:
        headers = list(pool.map(look, rows))
    faults = [(int(row), header.fault) for row, header in zip(rows, headers, strict=True) if header.fault]
    report = report_damage(data_set, faults, len(rows))
    is_whole = data_set.starts is None  # clips that were cut from recordings are told of elsewhere
    surplus = np.array([header.surplus for header in headers if not header.fault and is_whole])
    return DamageReport(
        n_checked=report.n_checked,
        rows=report.rows,
        faults=report.faults,
        n_cut=int(np.count_nonzero(surplus > 0)),
        n_padded=int(np.count_nonzero(surplus < 0)),
        largest_change=float(np.abs(surplus).max(initial=0)),
        rates=Counter(header.rate for header in headers if not header.fault),
    )


def report_damage(data_set: DataSet, faults: Sequence[tuple[int, str]], n_checked: int) -> DamageReport:
    """Report of damaged rows, refused when they are too many.

    Args:
        data_set: The recordings.
        faults: Row and cause of each.
        n_checked: Recordings looked at.

    Raises:
        DataError: More of the data set's recordings cannot be used than may be left out; lists them.
    """
    rows = np.array([row for row, _ in faults], np.int64)
    report = DamageReport(
        n_checked, rows, tuple(f"{printable(str(data_set.paths[row]))}: {fault}" for row, fault in faults)
    )
    n_clips = int(np.count_nonzero(data_set.parts != "unused"))
    share = DEFAULT_SHARE if data_set.allow_damaged is None else data_set.allow_damaged
    if len(faults) > max(share * n_clips, 1 if share else 0):
        raise DataError(
            f"{report.describe()}. That is {100 * len(faults) / n_clips:.1f} % of the data set, and only"
            f" {100 * share:g} % may be left out. Mend or remove them, or give `allow_damaged`; where only lengths"
            " differ, give `clip_s`, such as 2 seconds."
        )
    _refuse_lost_class(data_set, rows)
    return report


def _refuse_lost_class(data_set: DataSet, rows: NDArray[np.int64]) -> None:
    left = np.setdiff1d(np.flatnonzero(data_set.parts != "unused"), rows)
    lost = np.setdiff1d(data_set.labels[rows], data_set.labels[left])
    if len(lost):
        names = ", ".join(data_set.classes[label] for label in lost)
        raise DataError(f"no recording of {names} can be used. Mend them, or remove the class.")
