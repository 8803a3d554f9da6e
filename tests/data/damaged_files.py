"""Recordings with a fault, made from good ones."""

import os
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000


def make_noise(seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """Uniform noise."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def write_cut_mp3(path: Path) -> Path:
    """One whose second half is missing, which mpg123 warns of and reads."""
    soundfile.write(path, make_noise(), RATE, format="MP3")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def write_torn_mp3(path: Path) -> Path:
    """One with zeros in its middle, which mpg123 says much of and does not read."""
    soundfile.write(path, make_noise(), RATE, format="MP3")
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + bytes(2_000) + content[third + 2_000 :])
    return path


def write_boastful_flac(path: Path, n_samples: int, *, claimed: int) -> np.ndarray:
    """One whose header claims another number of samples than it has; what it has."""
    noise = make_noise()[:n_samples]
    soundfile.write(os.fsencode(path), noise, RATE, format="FLAC")
    content = bytearray(path.read_bytes())
    content[21] = (content[21] & 0xF0) | (claimed >> 32)
    content[22:26] = (claimed & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)
    return noise


def write_crashed_wav(path: Path, *, subtype: str = "PCM_16", n_channels: int = 1, size: int = 0) -> np.ndarray:
    """One whose header says of its data's size what its recorder wrote first; what it has."""
    noise = make_noise(1.0)
    soundfile.write(os.fsencode(path), np.stack([noise] * n_channels, axis=1), RATE, subtype=subtype, format="WAV")
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[4:8] = content[place : place + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    return noise
