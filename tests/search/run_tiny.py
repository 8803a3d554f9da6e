"""What a process of its own runs to search the tiny space, and says on a pipe."""

from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch._dynamo  # optimisers import it with their first step; here once for all processes

from nas_asc.handover import train_repeats
from nas_asc.search import SilentListener
from tests.search.tiny import ask, prepare, run, space, worker


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


def train_again(pipe: Connection, folder: Path, cache: Path, n_seeds: int, changes: dict[str, object]) -> None:
    """Train the study's finalists with so many seeds; `changes` were of the study."""
    torch.set_num_threads(1)
    train_repeats(folder, worker(prepare(cache)), n_seeds=n_seeds, listener=Announcer(pipe))
    pipe.send(("done", n_seeds, ""))
