"""What every augmentation promises: shape, determinism by generator, nothing changed when off."""

import pytest
import torch

from nas_asc.augmentation import apply_augmentation, draw_augmentation
from nas_asc.recipe import FreqMask, Mixup, TimeMask, TimeRoll

RECIPES = {
    "off": (),
    "roll": (TimeRoll(0.5),),
    "mixup": (Mixup(0.3),),
    "freq_mask": (FreqMask(0.3),),
    "time_mask": (TimeMask(0.3),),
    "all": (TimeRoll(1.0), Mixup(1.0), FreqMask(1.0), TimeMask(1.0)),
}
SHAPES = [(1, 1, 8, 6), (5, 2, 1, 1), (16, 1, 64, 51)]


def make_batch(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(shape, generator=generator)
    return features, torch.eye(4)[torch.arange(shape[0]) % 4]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_shape_type_and_label_mass_are_kept(name, shape):
    features, targets = make_batch(shape)
    drawn = draw_augmentation(RECIPES[name], shape, torch.Generator().manual_seed(1))
    changed, weights = apply_augmentation(features, targets, drawn)
    assert changed.shape == features.shape
    assert changed.dtype == torch.float32
    assert torch.isfinite(changed).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(shape[0]))


@pytest.mark.parametrize("name", RECIPES)
def test_same_generator_state_gives_the_same_batch(name):
    features, targets = make_batch((16, 1, 12, 10))
    first, second = (
        apply_augmentation(
            features, targets, draw_augmentation(RECIPES[name], features.shape, torch.Generator().manual_seed(3))
        )
        for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("name", RECIPES)
def test_given_batch_is_not_changed_in_place(name):
    features, targets = make_batch((6, 1, 12, 10))
    kept = features.clone(), targets.clone()
    apply_augmentation(features, targets, draw_augmentation(RECIPES[name], features.shape, torch.Generator()))
    assert torch.equal(features, kept[0])
    assert torch.equal(targets, kept[1])


def test_everything_off_returns_the_batch():
    features, targets = make_batch((6, 1, 12, 10))
    changed = apply_augmentation(
        features, targets, draw_augmentation(RECIPES["off"], features.shape, torch.Generator())
    )
    assert changed[0] is features
    assert changed[1] is targets


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "off"])
def test_augmentation_that_is_on_changes_the_batch(name):
    features, targets = make_batch((16, 1, 12, 10))
    drawn = draw_augmentation(RECIPES[name], features.shape, torch.Generator().manual_seed(0))
    assert not torch.equal(apply_augmentation(features, targets, drawn)[0], features)


@pytest.mark.parametrize("name", RECIPES)
def test_channels_last_batches_give_the_same_values(name):
    features, targets = make_batch((6, 3, 12, 10))
    drawn = draw_augmentation(RECIPES[name], features.shape, torch.Generator().manual_seed(2))
    expected, _ = apply_augmentation(features, targets, drawn)
    found, _ = apply_augmentation(features.contiguous(memory_format=torch.channels_last), targets, drawn)
    torch.testing.assert_close(found, expected)
