"""A tiny space on tiny data: a search of it takes a fraction of a second a trial."""

from pathlib import Path

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.data import DataSet, Split
from nas_asc.evaluation import PreparedData
from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import AdamW, Recipe
from nas_asc.search import ask_study
from nas_asc.space import Space, choice, integer
from nas_asc.study import StudyConfig

CPU = torch.device("cpu")
N_CLASSES, N_CLIPS, SAMPLE_RATE = 4, 64, 8_000
BUDGET = Budget(max_params=1_500, max_macs=100_000)

space = Space(
    "tiny",
    width=choice(2, 3, 4, 6, 8, 12),
    depth=integer(0, 3),
    kernel_size=choice(1, 3, 5),
    activation=choice("relu", "silu", "gelu"),
    learning_rate=choice(0.003, 0.01, 1e30),  # the last one diverges
)


@space.require
def diverging_nets_are_deep(learning_rate, depth):
    return learning_rate < 1 or depth == 3


@space.network
def network(width, depth, kernel_size, activation):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation=activation)
    for _ in range(depth):
        yield Conv(width, kernel_size=kernel_size, padding="same", norm="batch", activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=SAMPLE_RATE, n_fft=256, win_length=256, hop_length=128, n_mels=16)


@space.recipe
def recipe(learning_rate):
    return Recipe(epochs=2, batch_size=16, optimiser=AdamW(learning_rate))


space.guess(width=4, depth=1, kernel_size=3, activation="relu", learning_rate=0.01)
LARGE = space.system(
    "large", published={}, width=12, depth=3, kernel_size=5, activation="relu", learning_rate=0.01
).candidate


def make_data(digest: str = "tones") -> DataSet:
    """Tones of four pitches in noise."""
    labels = np.arange(N_CLIPS) % N_CLASSES
    blank = np.full(N_CLIPS, "")

    def synthesise(row: int) -> np.ndarray:
        time = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
        tone = np.sin(2 * np.pi * 400 * (1 + labels[row]) * time)
        return (0.1 * tone + 0.05 * np.random.default_rng(row).normal(size=time.size)).astype(np.float32)

    return DataSet(
        name="tones",
        kind="synthetic",
        root=None,
        classes=tuple("abcd"),
        sample_rate=SAMPLE_RATE,
        clip_s=0.25,
        paths=np.array([f"{row}.wav" for row in range(N_CLIPS)]),
        labels=labels.astype(np.int64),
        groups=np.array([str(row // 4) for row in range(N_CLIPS)]),
        devices=blank,
        cities=blank,
        parts=blank,
        folds=np.zeros(N_CLIPS, np.int64),
        digest=digest,
        synthesise=synthesise,
    )


def prepare(cache_dir: Path, **changes: str) -> PreparedData:
    """The tones, half to train on, a quarter each to validate and test."""
    rows = np.arange(N_CLIPS)
    split = Split(train=rows[:32], validation=rows[32:48], test=rows[48:], note="")
    return PreparedData(make_data(**changes), split, cache_dir=cache_dir)


def ask(prepared: PreparedData, **changes: object) -> StudyConfig:
    """A study of the tiny space."""
    options = {"space_source": "tiny", "budget": BUDGET, **changes}
    return ask_study("tiny", space, prepared, **options)
