"""Batches and what is known of them, for tests."""

import torch

from nas_asc.augmentation import BatchFacts
from nas_asc.frontend import LogMel

N_CLASSES = 4


def make_facts(shape, **changes):
    """Facts of a batch of four classes, three cities and two devices; a front end of as many bands as the shape has."""
    clips = torch.arange(shape[0])
    generator = torch.Generator().manual_seed(9)
    options = {
        "labels": clips % N_CLASSES,
        "mean": torch.randn(shape[2], generator=generator) - 5,
        "std": torch.rand(shape[2], generator=generator) + 0.5,
        "cities": clips % 3,
        "devices": clips % 2,
        "log_mel": LogMel(sample_rate=16_000, n_fft=2_048, win_length=1_024, n_mels=shape[2]),
    }
    return BatchFacts(shape=tuple(shape), **options | changes)


def make_batch(shape, seed=0):
    """Random features and hard targets."""
    features = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return features, torch.eye(N_CLASSES)[torch.arange(shape[0]) % N_CLASSES]
