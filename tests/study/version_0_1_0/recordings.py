"""The recordings of the study beside it, made again bit for bit: `python -m tests.study.version_0_1_0.recordings DIR`.

Conventions:
    Triangle waves of three pitches in noise, in whole numbers throughout, and a plain WAV header: every machine writes
    the same bytes.
"""

import random
import sys
import wave
from array import array
from pathlib import Path

PERIODS = {"high": 5, "low": 20, "middle": 10}  # of a class, in samples
N_FILES, SAMPLE_RATE, N_SAMPLES = 24, 4_000, 1_000
_LEVEL, _NOISE = 2_000, 6_000


def write_recordings(folder: Path) -> Path:
    """A folder with one sub-folder a class."""
    draw = random.Random(0)
    for name, period in PERIODS.items():
        (folder / name).mkdir(parents=True)
        for number in range(N_FILES):
            _write(folder / name / f"{number}.wav", period + number % 2, draw)
    return folder


def _write(path: Path, period: int, draw: random.Random) -> None:
    samples = array("h")
    for place in range(N_SAMPLES):
        triangle = abs(4 * (place % period) - 2 * period) - period  # -period to period
        samples.append(_LEVEL * triangle // period + int(_NOISE * (2 * draw.random() - 1)))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    write_recordings(Path(sys.argv[1]))
