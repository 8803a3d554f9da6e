"""Who hands jobs to workers, and hears from them; here in this process, one job after another.

Conventions:
    A job is given with the time that is left for it. What comes back is an event: a result, complete, failed or
    stopped; or that there was no time; or that a worker was lost, and the job begins again. Epochs are told on the way.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.evaluation import Job, Result, Worker
from nas_asc.training import DeadlineError, EpochRow

OnJobEpoch = Callable[[Job[Any], EpochRow, int], None]
OnFeatures = Callable[[int, int], None]
BuildWorker = Callable[[OnFeatures], Worker]  # what each worker's process calls to make it

MOST_LOST = 2  # workers over one job
MOST_STILLBORN = 3  # workers of one slot, one after the other, that were never ready


def ignore_job_epoch(job: Job[Any], row: EpochRow, n_epochs: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class Done:
    """A training is over.

    Args:
        job: As it was submitted.
        result: The result; failed where the training failed, or where two workers were lost over it.
    """

    job: Job[Any]
    result: Result[Any]


@dataclass(frozen=True, eq=False)
class Late:
    """A training's time was over before it was done; there is no result.

    Args:
        job: As it was submitted.
    """

    job: Job[Any]


@dataclass(frozen=True, eq=False)
class Lost:
    """A training's worker died; the training begins again.

    Args:
        job: As it was submitted.
        reason: How the worker died.
    """

    job: Job[Any]
    reason: str


Event = Done | Late | Lost


def fail_lost(job: Job[Any], reason: str) -> Done:
    """The event of a job over which as many workers died as may.

    Args:
        job: As it was submitted.
        reason: How the last one died.
    """
    text = f"{MOST_LOST} workers died over it, the last one {reason}"
    return Done(job, Result(record=replace(job.record, state="failed", reason=text)))


class Executor(Protocol):
    """Hands jobs to workers."""

    @property
    def n_slots(self) -> int:
        """Jobs that train at the same time."""

    def submit(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT) -> None:
        """Give a job to a free slot.

        Args:
            job: What to train.
            limit: When no further step of it begins.
        """

    def next_event(self, on_epoch: OnJobEpoch = ignore_job_epoch) -> Event:
        """What comes next of the jobs that were submitted; waits for it.

        Args:
            on_epoch: Told every epoch of any job on the way, and their number; what it raises ends the waiting.

        Raises:
            DataError: The audio is gone or damaged, which no other training would mend.
        """

    def close(self) -> None:
        """End all workers, whatever they do."""


class Beside:
    """One training at a time in this process, and beside the next one, in a thread, the file of the one before.

    What comes next is always the training that was submitted first, whichever is ready: the same search is made again.

    Args:
        worker: Trains, on a GPU: the file is written and run by the CPU.
    """

    n_slots = 2

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._waiting: deque[tuple[Job[Any], TimeLimit]] = deque()
        self._trained: deque[tuple[Job[Any], Future[Result[Any]] | None]] = deque()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="nas-asc file")

    def submit(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT) -> None:
        """Take a job for one of the next events."""
        self._waiting.append((job, limit))

    def next_event(self, on_epoch: OnJobEpoch = ignore_job_epoch) -> Event:
        """Train what was submitted; the first of it is over then, and its file scored meanwhile."""
        while self._waiting:
            job, limit = self._waiting.popleft()
            try:
                finish = self._worker.begin_attempt(job, limit=limit, on_epoch=partial(on_epoch, job))
                self._trained.append((job, self._pool.submit(finish)))
            except DeadlineError:
                self._trained.append((job, None))
        job, result = self._trained.popleft()
        return Late(job) if result is None else Done(job, result.result())

    def close(self) -> None:
        """End with the file that is being scored."""
        self._pool.shutdown(cancel_futures=True)


class InProcess:
    """One job at a time, trained by this process while it waits for the event.

    Args:
        worker: Trains.
    """

    n_slots = 1

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._waiting: deque[tuple[Job[Any], TimeLimit]] = deque()

    def submit(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT) -> None:
        """Take a job for the next event."""
        self._waiting.append((job, limit))

    def next_event(self, on_epoch: OnJobEpoch = ignore_job_epoch) -> Event:
        """Train the job that was submitted first."""
        job, limit = self._waiting.popleft()
        try:
            return Done(job, self._worker.attempt(job, limit=limit, on_epoch=partial(on_epoch, job)))
        except DeadlineError:
            return Late(job)

    def close(self) -> None:
        """There is nothing to end."""
