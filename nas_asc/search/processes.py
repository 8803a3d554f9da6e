"""Workers in processes of their own on this machine, each with its share of the cores.

Conventions:
    A process is started afresh (spawned), makes its own worker, and then gets jobs and gives results as plain data. It
    opens no study. Features are made once, by whoever needs them first, and mapped from the cache by all.
    Ctrl-C is for the parent alone, which then ends its workers; a worker whose parent is gone ends by itself.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import NasAscError, StudyError
from nas_asc.evaluation import Job, Result, Worker
from nas_asc.search.executor import (
    MOST_LOST,
    MOST_STILLBORN,
    BuildWorker,
    Done,
    Event,
    Late,
    Lost,
    OnFeatures,
    OnJobEpoch,
    fail_lost,
    ignore_job_epoch,
)
from nas_asc.training import DeadlineError, EpochRow, count_cores, prepare_process

_CONTEXT = multiprocessing.get_context("spawn")
_END_S = 5.0  # for a process that was told to end


class Processes:
    """An executor whose workers are processes of this machine.

    Args:
        build: What each process calls to make its worker; pickled, so a function of a module, or a partial of one.
            Several, one for each process, where their workers differ, such as in the GPU that they train on.
        n_workers: Processes.
        layer_types: Layer classes of the space's own, to read the networks that come back.
        on_features: Told how the computing of features goes, clips done and clips in all.
    """

    def __init__(
        self,
        build: BuildWorker | Sequence[BuildWorker],
        *,
        n_workers: int,
        layer_types: tuple[type, ...] = (),
        on_features: OnFeatures | None = None,
    ) -> None:
        self._n_threads = max(1, count_cores() // n_workers)
        self._layer_types = layer_types
        self._on_features = on_features
        builds = [build] * n_workers if callable(build) else build
        self._slots = [_Slot(each) for each in builds]

    @property
    def n_slots(self) -> int:
        """Processes."""
        return len(self._slots)

    def submit(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT) -> None:
        """Give a job to a process without one; it is started where none is there."""
        slot = min((each for each in self._slots if each.job is None), key=lambda each: each.process is None)
        slot.job, slot.limit, slot.n_lost = job, limit, 0
        if slot.process is None:
            self._start(slot)
        elif slot.is_ready:
            slot.hand_out()

    def next_event(self, on_epoch: OnJobEpoch = ignore_job_epoch) -> Event:
        """What comes next of any job; epochs and features are told while it is waited for."""
        while True:
            busy = {slot.connection: slot for slot in self._slots if slot.job is not None}
            for connection in wait(list(busy)):
                event = self._hear(busy[connection], on_epoch)
                if event is not None:
                    return event

    def close(self) -> None:
        """End all processes, whatever they do."""
        for slot in self._slots:
            if slot.process is not None:
                slot.process.terminate()
        for slot in self._slots:
            slot.bury()

    def _start(self, slot: "_Slot") -> None:
        """Start a process; Ctrl-C waits until it knows that it is not meant."""
        resource_tracker.ensure_running()  # or its own start would let signals through
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            ours, theirs = _CONTEXT.Pipe()
            arguments = (theirs, slot.build, self._n_threads)
            slot.process = _CONTEXT.Process(target=_serve, args=arguments, name="nas-asc worker", daemon=True)
            slot.process.start()
            slot.connection, slot.is_ready = ours, False
            theirs.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _hear(self, slot: "_Slot", on_epoch: OnJobEpoch) -> Event | None:
        assert slot.job is not None
        try:
            kind, value = slot.connection.recv()
        except (EOFError, OSError):
            return self._lose(slot, slot.job)
        if kind == "ready":
            slot.is_ready, slot.n_stillborn = True, 0
            slot.hand_out()
        elif kind == "features" and self._on_features is not None:
            self._on_features(*value)
        elif kind == "epoch":
            on_epoch(slot.job, EpochRow(**value[0]), value[1])
        elif kind == "fault":
            raise value
        elif kind == "late":
            return Late(slot.take())
        elif kind == "done":
            return Done(slot.take(), Result.from_dict(value, self._layer_types))
        return None

    def _lose(self, slot: "_Slot", job: Job[Any]) -> Event:
        reason = slot.bury()
        slot.n_lost, slot.n_stillborn = slot.n_lost + slot.is_ready, slot.n_stillborn + (not slot.is_ready)
        if slot.n_stillborn == MOST_STILLBORN:
            raise StudyError(f"workers cannot start here: the last one ended {reason}. Go on with `n_workers=1`.")
        if slot.n_lost == MOST_LOST:
            return fail_lost(slot.take(), reason)
        self._start(slot)
        return Lost(job, reason)


@dataclass(eq=False)
class _Slot:
    """One place for a process, with what makes its worker and the job that it has."""

    build: BuildWorker
    process: BaseProcess | None = None
    connection: Any = None
    is_ready: bool = False
    job: Job[Any] | None = None
    limit: TimeLimit = NO_LIMIT
    n_lost: int = 0
    n_stillborn: int = 0

    def hand_out(self) -> None:
        """Give the process its job; one that is dead is found so when it is heard next."""
        assert self.job is not None
        left_s = None if self.limit.end is None else self.limit.left_s
        try:
            self.connection.send((self.job.to_dict(), left_s))
        except OSError:
            return

    def take(self) -> Job[Any]:
        """The job, which the slot then has no more."""
        job, self.job = self.job, None
        assert job is not None
        return job

    def bury(self) -> str:
        """How the process ended, or was ended because it did not end by itself."""
        process, self.process = self.process, None
        if process is None:
            return ""
        process.join(_END_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        self.connection.close()
        code = process.exitcode or 0
        return f"with exit code {code}" if code >= 0 else f"by signal {-code} ({signal.Signals(-code).name})"


def _serve(connection: Connection, build: BuildWorker, n_threads: int) -> None:
    """What a process does: make a worker, then train what it is told until nobody tells it more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare_process()
    torch.set_num_threads(n_threads)

    def tell(kind: str, value: Any = None) -> None:
        connection.send((kind, value))

    try:
        worker = build(lambda done, total: tell("features", (done, total)))
        tell("ready")
        while True:
            values, left_s = connection.recv()
            _train(worker, Job.from_dict(values), TimeLimit.after(left_s), tell)
    except NasAscError as error:
        tell("fault", error)
    except (EOFError, BrokenPipeError):
        return


def _train(worker: Worker, job: Job[Any], limit: TimeLimit, tell: Callable[..., None]) -> None:
    try:
        result = worker.attempt(job, limit=limit, on_epoch=lambda row, n_epochs: tell("epoch", (vars(row), n_epochs)))
    except DeadlineError:
        tell("late")
    else:
        tell("done", result.to_dict())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
