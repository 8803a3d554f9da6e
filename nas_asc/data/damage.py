"""Recordings that cannot be used: named in one report, left out when they are few.

Conventions:
    Few is less than 1 % of the data set's recordings (its unused ones aside), however many of them are looked at.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import Header, read_header
from nas_asc.data.data_set import DataSet
from nas_asc.errors import DataError

MAX_SHARE = 0.01
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
    """

    n_checked: int
    rows: NDArray[np.int64]
    faults: tuple[str, ...]
    n_cut: int = 0
    n_padded: int = 0
    largest_change: float = 0.0

    def describe(self) -> str:
        """One line that names the damaged recordings and counts the cut and padded ones; empty when there are none."""
        parts = []
        if self.faults:
            shown = "; ".join(self.faults[:_N_SHOWN])
            more = f"; and {len(self.faults) - _N_SHOWN} more" if len(self.faults) > _N_SHOWN else ""
            parts.append(f"{len(self.faults)} of {self.n_checked} recordings cannot be used: {shown}{more}")
        if self.n_cut or self.n_padded:
            parts.append(
                f"{self.n_cut} recordings are cut and {self.n_padded} padded with silence at their end to the common"
                f" length, by up to {100 * self.largest_change:.2g} % of it"
            )
        return ". ".join(parts)


def check_audio(data_set: DataSet, rows: Sequence[int] | NDArray[np.int64]) -> DamageReport:
    """What the headers of these rows' recordings say: unreadable, empty, wrong rate, too short or too long.

    Values that are not finite are only found when a recording is decoded; features report them.

    Args:
        data_set: The recordings.
        rows: Which of them.

    Raises:
        DataError: One in a hundred of the data set's recordings or more cannot be used; lists them.
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
    surplus = np.array([header.surplus for header in headers if not header.fault])
    return DamageReport(
        n_checked=report.n_checked,
        rows=report.rows,
        faults=report.faults,
        n_cut=int(np.count_nonzero(surplus > 0)),
        n_padded=int(np.count_nonzero(surplus < 0)),
        largest_change=float(np.abs(surplus).max(initial=0)),
    )


def report_damage(data_set: DataSet, faults: Sequence[tuple[int, str]], n_checked: int) -> DamageReport:
    """Report of damaged rows, refused when they are too many.

    Args:
        data_set: The recordings.
        faults: Row and cause of each.
        n_checked: Recordings looked at.

    Raises:
        DataError: One in a hundred of the data set's recordings or more cannot be used; lists them.
    """
    rows = np.array([row for row, _ in faults], np.int64)
    report = DamageReport(n_checked, rows, tuple(f"{data_set.paths[row]}: {fault}" for row, fault in faults))
    n_clips = int(np.count_nonzero(data_set.parts != "unused"))
    if faults and len(faults) >= MAX_SHARE * n_clips:
        raise DataError(
            f"{report.describe()}. That is {100 * len(faults) / n_clips:.1f} % of the data set, and only less than 1 %"
            " may be left out. Mend or remove them; where only lengths differ, give --clip, such as --clip 2s."
        )
    return report
