"""Fixtures: a small real data set of tones, and a small design for it."""

import numpy as np
import pytest
import soundfile
import torch

from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Conv, Dense, Flatten, InvertedBottleneck
from nas_asc.recipe import AdamW, FreqMask, Recipe, TimeRoll
from nas_asc.space import Design

RATE = 8_000
LOG_MEL = LogMel(sample_rate=RATE, n_fft=512, win_length=400, hop_length=200, n_mels=32)
PITCHES_HZ = {"low": 300, "middle": 900, "high": 2700}


@pytest.fixture(scope="session")
def tones_dir(tmp_path_factory):
    """Three classes of 40 noisy half-second tones, one folder a class."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("tests.evaluation.tones")
    rng = np.random.default_rng(0)
    times = np.arange(RATE // 2) / RATE
    for name, pitch in PITCHES_HZ.items():
        (root / name).mkdir()
        for index in range(40):
            tone = 0.2 * np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * times)
            samples = (tone + 0.02 * rng.standard_normal(len(times))).astype(np.float32)
            soundfile.write(root / name / f"{index:02}.wav", samples, RATE)
    return root


@pytest.fixture(scope="session")
def make_prepared(tones_dir, tmp_path_factory):
    """Prepared tones, with a cache of their own."""

    def make(**options):
        data_set = load_data_set(tones_dir)
        cache_dir = tmp_path_factory.mktemp("cache")
        return PreparedData(data_set, split_data_set(data_set), cache_dir=cache_dir, **options)

    return make


@pytest.fixture(scope="session")
def prepared(make_prepared):
    return make_prepared()


@pytest.fixture(scope="session")
def make_design():
    """A network of a few thousand parameters with a short recipe."""

    def make(*, layers=None, n_classes=3, **recipe):
        chosen = layers or (
            Conv(8, kernel_size=3, stride=2, padding=1, norm="batch", activation="relu"),
            InvertedBottleneck(8, stride=2),
            Flatten(),
            Dense(n_classes),
        )
        options = {
            "epochs": 8,
            "batch_size": 8,
            "optimiser": AdamW(0.01),
            "augmentation": (TimeRoll(), FreqMask()),
        } | recipe
        return Design(Architecture(chosen, LOG_MEL.shape(0.5), n_classes), LOG_MEL, Recipe(**options))

    return make
