"""Workers that die: what a process of its own makes to train the tiny space."""

import os
import signal
from pathlib import Path

import torch

from nas_asc.errors import DataError
from nas_asc.evaluation import PreparedData, Worker
from nas_asc.search import OnFeatures
from tests.search import tiny


class Mortal(Worker):
    """Dies by SIGKILL over a trial while the file that says so is there; the file goes first, or stays.

    Args:
        folder: Holds files named by asks, with "once" or "always" in them, or "no audio", which is an error instead.
        cache_dir: Of features.
        on_features: Told how the computing of features goes.
    """

    def __init__(self, folder: Path, cache_dir: Path, on_features: OnFeatures) -> None:
        split = tiny.prepare(cache_dir).split
        prepared = PreparedData(tiny.make_data(), split, cache_dir=cache_dir, on_progress=on_features)
        super().__init__(prepared, layer_types=tiny.space.layer_types, precision=torch.float32)
        self._folder = folder

    def attempt(self, job, **options):
        """As a worker that lives, unless a file says otherwise."""
        order = self._folder / str(job.record.ask)
        if order.is_file():
            word = order.read_text()
            if word != "always":
                order.unlink()
            if word == "no audio":
                raise DataError("tone.wav is gone")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().attempt(job, **options)


def build_mortal(folder: Path, cache_dir: Path, on_features: OnFeatures) -> Worker:
    """One of them."""
    return Mortal(folder, cache_dir, on_features)


def build_dead(on_features: OnFeatures) -> Worker:
    """None: the process ends instead."""
    os._exit(7)
