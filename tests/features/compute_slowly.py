"""What a process of its own runs: features of some scenes, saying how far it is; waits after each batch if asked to.

Use: python -m tests.features.compute_slowly CACHE [SECONDS]
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_asc.data import load_data_set
from nas_asc.features import FeatureTable, compute_features
from nas_asc.frontend import LogMel

FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
ROWS = np.arange(0, 2_800, 10)


def compute(cache: Path, *, pause_s: float = 0.0, on_progress=None, made=None) -> FeatureTable:
    """The table that all processes want; `made` is given the rows that this one decoded."""
    scenes = load_data_set()

    def decode(row):
        if made is not None:
            made.append(row)
        return scenes.synthesise(row)

    def say(done, total):
        print(done, flush=True)
        time.sleep(pause_s)

    data_set = replace(scenes, synthesise=decode)
    return compute_features(data_set, FRONT_END, ROWS, cache_dir=cache, on_progress=on_progress or say)


if __name__ == "__main__":
    decoded: list[int] = []
    table = compute(Path(sys.argv[1]), pause_s=float(sys.argv[2]) if len(sys.argv) > 2 else 0.0, made=decoded)
    print("made", len(decoded), flush=True)
    print("sum", float(np.asarray(table.array, np.float64).sum()), flush=True)
