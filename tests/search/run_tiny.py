"""What a process of its own runs to search the tiny space, and says on a pipe."""

import multiprocessing
import os
import random
import signal
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch._dynamo  # optimisers import it with their first step; here once for all processes

from nas_asc.handover import train_repeats
from nas_asc.search import Processes, SilentListener
from tests.search.tiny import ask, build_worker, prepare, run, space, worker

MOST_EPOCHS = 16  # by then a worker was killed twice


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
    """Kills a worker of its own in two of its first epochs, and says so."""

    def __init__(self, pipe: Connection, seed: int) -> None:
        super().__init__(pipe)
        self._rng, self._n_epochs = random.Random(seed), 0
        self._moments = self._rng.sample(range(1, MOST_EPOCHS), 2)

    def on_epoch(self, number, row, n_epochs):
        self._n_epochs += 1
        living = [child for child in multiprocessing.active_children() if child.name == "nas-asc worker"]
        if self._n_epochs in self._moments and living:
            self._rng.choice(living).kill()
            self._pipe.send(("kill", number, ""))


def main_with_workers(pipe: Connection, folder: Path, cache: Path, n_trials: int, changes: dict[str, object]) -> None:
    """Search to the total with two workers, of which some are killed; a seed in `changes` says when."""
    torch.set_num_threads(1)
    changes = dict(changes)
    listener = Murderer(pipe, changes.pop("murders"))
    prepared, n_workers = prepare(cache), changes["n_workers"]
    with closing(Processes(partial(build_worker, cache), n_workers=n_workers)) as executor:
        config = ask(prepared, sampler="random", **changes)
        run(config, space, prepared, n_trials=n_trials, folder=folder, listener=listener, executor=executor)
    pipe.send(("done", n_trials, ""))


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
