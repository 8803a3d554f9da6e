"""Workers that die: what a process of its own makes to train the tiny space."""

import os
import signal
from pathlib import Path

from nas_asc.evaluation import Worker
from nas_asc.search import OnFeatures
from tests.search import tiny


class Mortal(Worker):
    """Dies by SIGKILL over a trial while the file that says so is there; the file goes first, or stays.

    Args:
        folder: Holds files named by asks, with "once" or "always" in them.
        cache_dir: Of features.
    """

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        super().__init__(tiny.prepare(cache_dir))
        self._folder = folder

    def attempt(self, job, **options):
        """As a worker that lives, unless a file says otherwise."""
        order = self._folder / str(job.record.ask)
        if order.is_file():
            word = order.read_text()
            if word == "once":
                order.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().attempt(job, **options)


def build_mortal(folder: Path, cache_dir: Path, on_features: OnFeatures) -> Worker:
    """One of them."""
    return Mortal(folder, cache_dir)
