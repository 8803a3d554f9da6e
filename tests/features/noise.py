"""Folders of noise, some of it damaged."""

import numpy as np
import soundfile

from nas_asc.data import load_data_set


def write_folder(root, *, n, bad, value=np.nan):
    """Two classes of one second each, the first recordings with a sample of that value."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for index in range(n // 2):
            samples = rng.standard_normal(8_000) * 0.1
            if name == "cat" and index < bad:
                samples[100] = value
            soundfile.write(root / name / f"{index:03}.wav", samples, 8_000, "FLOAT")
    return load_data_set(root)
