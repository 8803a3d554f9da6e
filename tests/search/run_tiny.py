"""A process of its own that searches the tiny space: `python -m tests.search.run_tiny FOLDER CACHE TRIALS`."""

import sys
from pathlib import Path

import torch

from nas_asc.search import SilentListener, run_search
from tests.search.tiny import CPU, ask, prepare, space


class Announcer(SilentListener):
    """Says what is on disk, and when the first training begins."""

    def on_trial_start(self, number, design, cost):
        print("start", number, flush=True)

    def on_trial_end(self, record, front):
        print("end", record.number, record.key, flush=True)


def main(folder: Path, cache: Path, n_trials: int) -> None:
    torch.set_num_threads(1)
    prepared = prepare(cache)
    config = ask(prepared, sampler="random")
    run_search(config, space, prepared, n_trials=n_trials, torch_device=CPU, folder=folder, listener=Announcer())
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
