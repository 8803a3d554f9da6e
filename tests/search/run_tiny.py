"""What a process of its own runs to search the tiny space, and says on a pipe."""

import ctypes
import os
import random
import shutil
import signal
import subprocess
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch._dynamo  # optimisers import it with their first step; here once for all processes

from nas_asc.errors import StudyError, WriteError
from nas_asc.handover import train_repeats
from nas_asc.search import InProcess, Processes, SilentListener
from nas_asc.search.executor import MOST_STILLBORN
from tests.search.tiny import ask, build_worker, prepare, run, space, worker

CLONE_NEWNS = 0x00020000  # of linux/sched.h: mounts that no other process sees
EPOCHS_A_MURDER = 8  # on average half as many lie between two
WRITES = (4, 30)  # first and last file of a search that may be its last


class Announcer(SilentListener):
    """Says what is on disk, and when the first training begins."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def on_trial_start(self, number, design, cost):
        self._pipe.send(("start", number, design.key))

    def on_note(self, text):
        self._pipe.send(("note", 0, text))

    def on_trial_end(self, record, front):
        event = f"rung {len(record.rungs)}" if record.is_stopped else "end"
        self._pipe.send((event, record.number, record.key))


def main(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search to the total."""
    torch.set_num_threads(1)
    prepared = prepare(cache)
    config = ask(prepared, sampler="random", **changes)
    run(config, space, prepared, n_trials=n_trials, folder=folder, listener=Announcer(pipe))
    pipe.send(("done", n_trials, ""))


class Murderer(Announcer):
    """Names its workers, and kills one in so many of its first epochs, and says so.

    One that replaces others of its slot which died before they were ready is spared where its death would end the
    search.
    """

    def __init__(self, pipe: Connection, executor: Processes, seed: int, n_murders: int) -> None:
        super().__init__(pipe)
        self._executor = executor
        self._rng, self._n_epochs, self._n_due, self._named = random.Random(seed), 0, 0, set()
        self._moments = self._rng.sample(range(1, 1 + EPOCHS_A_MURDER * n_murders), n_murders)

    def on_epoch(self, number, row, n_epochs):
        self._n_epochs += 1
        slots = [slot for slot in self._executor._slots if slot.process is not None and slot.process.is_alive()]
        living = [slot.process for slot in slots]
        for pid in {child.pid for child in living} - self._named:
            self._named.add(pid)
            self._pipe.send(("worker", pid, ""))
        self._n_due += self._n_epochs in self._moments
        mortal = [slot.process for slot in slots if slot.is_ready or slot.n_stillborn < MOST_STILLBORN - 1]
        if self._n_due and mortal:
            self._n_due -= 1
            self._rng.choice(mortal).kill()
            self._pipe.send(("kill", number, ""))


def main_with_workers(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search to the total with two workers, of which some are killed; `changes` says when and how many."""
    os.setpgrp()
    torch.set_num_threads(1)
    changes = dict(changes)
    murders = changes.pop("murders")
    prepared, n_workers = prepare(cache), changes["n_workers"]
    with closing(Processes(partial(build_worker, cache), n_workers=n_workers)) as executor:
        listener = Murderer(pipe, executor, *murders)
        config = ask(prepared, sampler="random", **changes)
        run(config, space, prepared, n_trials=n_trials, folder=folder, listener=listener, executor=executor)
    pipe.send(("done", n_trials, ""))


class TwoSlots(InProcess):
    """Trains here, but has two jobs at a time."""

    n_slots = 2


def main_fatal(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search to the total, two trainings at a time; dies with the write that `changes` names.

    A write is a file that is flushed to the disk or renamed to its place: it may be whole and not be there, or be
    there and not be recorded.
    """
    torch.set_num_threads(1)
    changes = dict(changes)
    fatal, prepared = changes.pop("fatal"), prepare(cache)
    n_writes = 0

    def count(write):
        def counted(*arguments):
            nonlocal n_writes
            write(*arguments)
            n_writes += 1
            if n_writes == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

        return counted

    os.fsync, os.replace, os.rename = count(os.fsync), count(os.replace), count(os.rename)
    config, executor = ask(prepared, sampler="random", **changes), TwoSlots(worker(prepared))
    run(config, space, prepared, n_trials=n_trials, folder=folder, listener=Announcer(pipe), executor=executor)
    pipe.send(("done", n_trials, ""))


def main_refused(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search to the total, or say why that is refused."""
    try:
        main(pipe, folder, cache, n_trials, changes)
    except StudyError as error:
        pipe.send(("refused", os.getpid(), str(error)))


def main_on_small_disk(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search on a disk of its own until that is full, then to the total on a larger one; the folder gets copies."""
    disk = cache.with_name("disk")
    disk.mkdir()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    for words in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", "size=500k", "none", str(disk)]):
        subprocess.run(["mount", *words], check=True)
    study = disk / "study"
    try:
        main(pipe, study, cache, n_trials, changes)
    except WriteError as error:
        pipe.send(("full", 0, str(error)))
    shutil.copytree(study, folder / "full")
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    main(pipe, study, cache, n_trials, changes)
    shutil.copytree(study, folder / "whole")


class Interrupter(Announcer):
    """Sends Ctrl-C to its whole process group in an epoch, as a terminal does."""

    def __init__(self, pipe: Connection, epoch: int) -> None:
        super().__init__(pipe)
        self._left = epoch

    def on_epoch(self, number, row, n_epochs):
        self._left -= 1
        if self._left == 0:
            os.killpg(0, signal.SIGINT)


def main_interrupted(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search with two workers until Ctrl-C in an epoch that `changes` names; all that is printed goes to a file."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(cache / "printed", os.O_CREAT | os.O_WRONLY), 2)
    torch.set_num_threads(1)
    listener, prepared = Interrupter(pipe, changes["epoch"]), prepare(cache)
    with closing(Processes(partial(build_worker, cache), n_workers=2)) as executor:
        config, options = ask(prepared, sampler="random", n_workers=2), {"executor": executor, "refit": False}
        result = run(config, space, prepared, n_trials=n_trials, folder=folder, listener=listener, **options)
    pipe.send((result.stopped_by, len(result.records), ""))


def train_again(pipe: Connection, folder: Path, cache: Path, n_seeds: int, changes: dict[str, object]) -> None:
    """Train the study's finalists with so many seeds; `changes` were of the study."""
    torch.set_num_threads(1)
    train_repeats(folder, worker(prepare(cache)), n_seeds=n_seeds, listener=Announcer(pipe))
    pipe.send(("done", n_seeds, ""))
