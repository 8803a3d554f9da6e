"""What the features of a search's front ends will take: disk, memory, hours."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas_asc.evaluation import Worker
from nas_asc.frontend import LogMel


@dataclass(frozen=True)
class FrontEndForecast:
    """Features of the front ends that a search is expected to use.

    Args:
        n_clips: Training and validation clips.
        table_bytes: The bytes of one front end's features: the smallest, median and largest of what fits.
        table_s: Mean seconds that one front end's features take to compute, where they are not there.
        n: Front ends that the search uses.
        n_bytes: The number of bytes of all their features.
        disk_bytes: Those of them that come to the disk; the compute device makes the others from the recordings.
        seconds: The seconds that they take to compute, without those that are there.
        kept_bytes: Most bytes of features on disk at the same time.
        memory_bytes: That the process is expected to need, its features in memory included.
    """

    n_clips: int
    table_bytes: tuple[int, int, int]
    table_s: float
    n: int
    n_bytes: int
    disk_bytes: int
    seconds: float
    kept_bytes: int
    memory_bytes: int


class FrontEnds:
    """The front ends of candidates that fit, as often as each comes.

    Args:
        log_mels: One a candidate.
        worker: Knows the clips, and how long features take.

    Raises:
        DataError: Audio cannot be read.
    """

    def __init__(self, log_mels: Sequence[LogMel], worker: Worker) -> None:
        counts = Counter(log_mels)
        self._worker = worker
        self._shares = np.array(list(counts.values())) / len(log_mels)
        self._bytes = np.array([worker.prepared.room.n_bytes(log_mel) for log_mel in counts])
        self._seconds = np.array([worker.forecast_features(log_mel) for log_mel in counts])
        made = [worker.prepared.makes_on(log_mel, worker.torch_device) for log_mel in counts]
        self._disk_bytes = np.where(made, 0, self._bytes)

    def seconds(self, n_draws: float) -> float:
        """Expected seconds of computing the features of so many random candidates, those that are there left out."""
        return float(self._used(n_draws) @ self._seconds)

    def n_trials_within(self, seconds: float, *, trial_s: float, exploring: float) -> int:
        """How many trials end in time with the features that they need.

        Args:
            seconds: There are.
            trial_s: Mean seconds of a trial without features.
            exploring: Share of the trials whose front end is drawn from all of the space.
        """
        low, high = 0, int(seconds / max(trial_s, 1e-9))
        while low < high:
            middle = (low + high + 1) // 2
            if middle * trial_s + self.seconds(exploring * middle) <= seconds:
                low = middle
            else:
                high = middle - 1
        return low

    def forecast(self, n_draws: float, *, peak_bytes: int) -> FrontEndForecast:
        """What a search takes.

        Args:
            n_draws: Trials whose front end is drawn from all of the space.
            peak_bytes: Memory of a training without its features.
        """
        used, prepared = self._used(n_draws), self._worker.prepared
        drawn = np.repeat(self._bytes, np.round(self._shares * 1_000).astype(int))
        smallest, median, largest = (int(np.quantile(drawn, share, method="nearest")) for share in (0.0, 0.5, 1.0))
        new = self._seconds > 0
        disk_bytes, largest_on_disk = int(used @ self._disk_bytes), int(self._disk_bytes.max())
        fits = largest_on_disk <= prepared.memory_bytes
        return FrontEndForecast(
            n_clips=prepared.room.n_clips,
            table_bytes=(smallest, median, largest),
            table_s=float(np.average(self._seconds[new], weights=self._shares[new])) if new.any() else 0.0,
            n=max(1, round(float(used.sum()))),
            n_bytes=int(used @ self._bytes),
            disk_bytes=disk_bytes,
            seconds=float(used @ self._seconds),
            kept_bytes=min(disk_bytes, max(largest_on_disk, prepared.room.kept_bytes)),
            memory_bytes=peak_bytes + min(prepared.memory_bytes, disk_bytes if fits else prepared.memory_bytes),
        )

    def _used(self, n_draws: float) -> np.ndarray:
        """(k,) probability of each front end to be among so many random candidates, one at least."""
        return 1 - (1 - self._shares) ** max(1.0, n_draws)
