"""Training in 8 bits: what it starts from, what it keeps, and what comes out of it."""

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.evaluation.quantised_training import CALIBRATION_CLIPS, calibration_batch, quantise
from nas_asc.layers import Architecture, Classifier, Conv, Residual
from nas_asc.models import build_model, lower_network
from nas_asc.recipe import AdamW, Recipe
from nas_asc.training import Clips, Run, train_model

RECIPE = Recipe(epochs=12, batch_size=16, optimiser=AdamW(0.01), augmentation=())


@pytest.fixture(scope="module")
def clips():
    """Two classes that differ in which half of the bands is loud."""
    generator = np.random.default_rng(0)
    features, labels = generator.normal(size=(96, 1, 8, 12)), np.arange(96) % 2
    features[labels == 0, :, :4] += 0.7
    return Clips(torch.tensor(features, dtype=torch.float32), torch.tensor(labels))


def train(clips):
    """A trained network as steps."""
    torch.manual_seed(0)
    layers = (Conv(6, kernel_size=3, padding=1, norm="batch", activation="relu"), Residual(6), Classifier())
    model = build_model(Architecture(layers, (1, 8, 12), 2))
    train_model(model, clips, Run(), recipe=RECIPE, n_classes=2)
    return lower_network(model.eval())


def loss_of(network, clips):
    with torch.inference_mode():
        return torch.nn.functional.cross_entropy(network(clips.features), clips.labels).item()


def test_calibration_takes_clips_from_all_over(clips):
    batch = calibration_batch(clips)
    assert len(batch) == CALIBRATION_CLIPS < len(clips)
    assert torch.equal(batch[0], clips.features[0])
    assert torch.equal(batch[-1], clips.features[-1])


def test_without_epochs_it_is_calibrated_alone(clips):
    lowered = train(clips)
    expected = quantise_network(lowered, [calibration_batch(clips)])
    found = quantise(lowered, clips, recipe=RECIPE)
    assert torch.equal(found.high, expected.high)
    assert abs(loss_of(found, clips) - loss_of(lowered, clips)) < 0.02


def test_training_in_8_bits_mends_coarse_weights(clips):
    """One weight of each channel is made so large that 8 bits leave little of the others; training mends that."""
    lowered = train(clips)
    with torch.no_grad():
        kernel = lowered.steps[0].module.weight
        kernel[:, :, 0, 0] = 40 * kernel.abs().amax()
    before = loss_of(quantise(lowered, clips, recipe=RECIPE), clips)
    rows = []
    after = quantise(lowered, clips, Run(on_epoch=rows.append), recipe=RECIPE, qat_epochs=10)
    assert len(rows) == 10
    assert loss_of(after, clips) < before - 0.01
    assert not after.training
    assert after.momentum is None


def test_zeros_stay(clips):
    lowered = train(clips)
    with torch.no_grad():
        kernel = lowered.steps[0].module.weight
        kernel[::2] = 0
    quantise(lowered, clips, recipe=RECIPE, qat_epochs=1)
    assert (lowered.steps[0].module.weight[::2] == 0).all()
    assert (lowered.steps[0].module.weight[1::2] != 0).any()
