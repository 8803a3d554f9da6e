"""Recordings that cannot be used: named in one report, left out when they are few."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import header_fault
from nas_asc.data.data_set import DataSet
from nas_asc.errors import DataError

MAX_SHARE = 0.01
_N_SHOWN = 10


@dataclass(frozen=True, eq=False)
class DamageReport:
    """What was found in the recordings of some rows.

    Args:
        n_checked: Recordings looked at.
        rows: (n,) rows of the damaged ones.
        faults: Path and cause of each.
    """

    n_checked: int
    rows: NDArray[np.int64]
    faults: tuple[str, ...]

    def describe(self) -> str:
        """One line that names the damaged recordings; empty when there are none."""
        if not self.faults:
            return ""
        shown = "; ".join(self.faults[:_N_SHOWN])
        more = f"; and {len(self.faults) - _N_SHOWN} more" if len(self.faults) > _N_SHOWN else ""
        return f"{len(self.faults)} of {self.n_checked} recordings cannot be used: {shown}{more}"

    def validate(self) -> None:
        """Check that the damage is below 1 % of the recordings.

        Raises:
            DataError: It is not; lists them.
        """
        if len(self.faults) >= MAX_SHARE * self.n_checked and self.faults:
            share = 100 * len(self.faults) / self.n_checked
            raise DataError(
                f"{self.describe()}. That is {share:.1f} %, and less than 1 % may be left out."
                " Mend or remove them; where only lengths differ, give --clip, such as --clip 2s."
            )


def check_audio(data_set: DataSet, rows: Sequence[int] | NDArray[np.int64]) -> DamageReport:
    """What the headers of these rows' recordings say: unreadable, empty, wrong rate, too short or too long.

    Values that are not finite are only found when a recording is decoded; features report them.

    Args:
        data_set: The recordings.
        rows: Which of them.

    Raises:
        DataError: One in a hundred or more cannot be used; lists them.
    """
    if data_set.synthesise is not None:
        return DamageReport(len(rows), np.zeros(0, np.int64), ())

    def look(row: int) -> str | None:
        return header_fault(
            data_set.path(row),
            sample_rate=data_set.sample_rate,
            n_samples=data_set.n_samples,
            any_length=data_set.crops,
        )

    with ThreadPoolExecutor() as pool:
        faults = list(pool.map(look, rows))
    return report_damage(
        data_set, [(int(row), fault) for row, fault in zip(rows, faults, strict=True) if fault], len(rows)
    )


def report_damage(data_set: DataSet, faults: Sequence[tuple[int, str]], n_checked: int) -> DamageReport:
    """Report of damaged rows, refused when they are too many.

    Args:
        data_set: The recordings.
        faults: Row and cause of each.
        n_checked: Recordings looked at.

    Raises:
        DataError: One in a hundred or more cannot be used; lists them.
    """
    rows = np.array([row for row, _ in faults], np.int64)
    report = DamageReport(n_checked, rows, tuple(f"{data_set.paths[row]}: {fault}" for row, fault in faults))
    report.validate()
    return report
