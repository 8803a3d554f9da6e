"""What a process of its own runs: features of some scenes, saying how far it is; waits after each batch if asked to.

Use: python -m tests.features.compute_slowly CACHE [SECONDS]
"""

import sys
import time
from pathlib import Path

import numpy as np

from nas_asc.data import load_data_set
from nas_asc.features import FeatureTable, compute_features
from nas_asc.frontend import LogMel

FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
ROWS = np.arange(0, 2_800, 10)


def compute(cache: Path, *, pause_s: float = 0.0, on_progress=None) -> FeatureTable:
    """The table that all processes want."""

    def say(done, total):
        print(done, flush=True)
        time.sleep(pause_s)

    return compute_features(load_data_set(), FRONT_END, ROWS, cache_dir=cache, on_progress=on_progress or say)


if __name__ == "__main__":
    table = compute(Path(sys.argv[1]), pause_s=float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
    print("sum", float(np.asarray(table.array, np.float64).sum()), flush=True)
