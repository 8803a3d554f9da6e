"""Spoken digits at 8 kHz, made by espeak-ng: a third kind of recordings, so that no default is tuned to two.

Run: python -m tests.benchmarks.spoken_digits DIR
Thirty voices (ten speakers with three accents each) speak ten digits ten times each, at their own speed and pitch, at
some place in one second, over noise that is 12 dB softer to 8 dB louder. Folds hold two speakers each, whom no other
fold has; a voice is a group. The same arguments and the same espeak-ng, which Debian has under that name, write the
same files.
"""

import argparse
import csv
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile as sf
import torch
import torchaudio
from numpy.typing import NDArray

SAMPLE_RATE = 8_000  # Hz
CLIP_S = 1.0
N_FOLDS = 5
N_TAKES = 10
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ACCENTS = ("en-us", "en-gb-scotland", "en-029")
_SPEAKERS = ("m1", "f5", "m3", "f2", "croak", "f1", "klatt2", "f3", "m7", "grandma")  # variants of espeak-ng
VOICES = tuple(f"{accent}+{speaker}" for speaker in _SPEAKERS for accent in _ACCENTS)
_SNR_DB = (-8, 12)


def find_espeak() -> str | None:
    """Path of espeak-ng; None where it is not installed."""
    return shutil.which("espeak-ng")


def speak(word: str, voice: str, *, speed: int, pitch: int) -> NDArray[np.float32]:
    """A word, (N,) at `SAMPLE_RATE`.

    Args:
        word: What is said.
        voice: Accent and speaker, such as "en-us+m1".
        speed: Words a minute.
        pitch: 0 to 99.
    """
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    spoken, rate = sf.read(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout), dtype="float32")
    resampled: NDArray[np.float32] = torchaudio.functional.resample(torch.from_numpy(spoken), rate, SAMPLE_RATE).numpy()
    return resampled


def place(spoken: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A word somewhere in one second of coloured noise, (N,) between -1 and 1."""
    n = round(CLIP_S * SAMPLE_RATE)
    spoken = spoken[:n]
    start = rng.integers(n - len(spoken) + 1)
    clip = np.zeros(n, np.float32)
    clip[start : start + len(spoken)] = spoken
    white = np.fft.rfft(rng.standard_normal(n))
    noise = np.fft.irfft(white / np.maximum(np.arange(len(white)), 20) ** rng.uniform(0, 1), n)
    snr_db = rng.uniform(*_SNR_DB)
    noise *= np.sqrt(np.mean(spoken**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    clip = clip + noise.astype(np.float32)
    loud: NDArray[np.float32] = (clip * rng.uniform(0.1, 0.9) / np.abs(clip).max()).astype(np.float32)
    return loud


def write_digits(folder: Path, *, n_takes: int = N_TAKES, voices: tuple[str, ...] = VOICES) -> Path:
    """The listing of the recordings, written beside them.

    Args:
        folder: Where they go.
        n_takes: Recordings of each digit by each voice.
        voices: Who speaks.
    """
    rows = []
    for index, voice in enumerate(voices):
        rng = np.random.default_rng([2026, index])
        speed, pitch = rng.integers(130, 200), rng.integers(25, 75)  # a voice's own, varied by each take
        for label in DIGITS:
            for take in range(n_takes):
                spoken = speak(label, voice, speed=speed + rng.integers(-25, 26), pitch=pitch + rng.integers(-15, 16))
                path = Path("audio", f"{label}-{voice}-{take}.wav")
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                sf.write(folder / path, place(spoken, rng), SAMPLE_RATE, subtype="PCM_16")
                rows.append({"path": path, "label": label, "fold": fold_of(VOICES.index(voice)), "group": voice})
    listing = folder / "digits.csv"
    with listing.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return listing


def fold_of(index: int) -> int:
    """Fold of a voice, by its place among `VOICES`."""
    return index // (len(_ACCENTS) * len(_SPEAKERS) // N_FOLDS) + 1


def main() -> None:
    """Write the recordings that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    print(write_digits(parser.parse_args().folder))


if __name__ == "__main__":
    main()
