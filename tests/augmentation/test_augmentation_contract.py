"""What every augmentation promises: shape, label mass, determinism by generator, nothing changed when off."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass

import pytest
import torch

from nas_asc import recipe as room
from nas_asc.augmentation import apply_augmentation, draw_augmentation
from nas_asc.errors import RecipeError, TrainingError
from nas_asc.recipe import AugmentationPart, DeviceResponse, FreqMask, Gain, Mixup, Part, PitchShift, TimeMask, TimeRoll
from nas_asc.recipe.augmentation import UnloadedAugmentation
from tests.augmentation.facts import make_batch, make_facts

PARTS = [
    part
    for part in vars(room).values()
    if inspect.isclass(part) and issubclass(part, AugmentationPart) and part is not AugmentationPart
]
SINGLE = {part.__name__: (part(),) for part in PARTS}
RECIPES = SINGLE | {
    "none": (),
    "widest masks": (TimeRoll(1.0), Mixup(1.0), FreqMask(1.0), TimeMask(1.0)),
    "all": tuple(part for (part,) in SINGLE.values()),
}
SHAPES = [(1, 1, 8, 6), (5, 2, 1, 1), (16, 1, 64, 51)]
UNKNOWN = {"cities": None, "devices": None}


def change(name, shape=(16, 1, 12, 10), seed=1, **facts):
    """A batch, and what it becomes."""
    features, targets = make_batch(shape)
    drawn = draw_augmentation(RECIPES[name], make_facts(shape, **facts), torch.Generator().manual_seed(seed))
    return (features, targets), apply_augmentation(features, targets, drawn)


def test_every_augmentation_that_a_module_of_the_room_declares_is_here():
    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
    ours = [part for part in Part.known.values() if part.__module__.startswith(f"{room.__name__}.")]
    declared = {part for part in ours if issubclass(part, AugmentationPart)}
    assert set(PARTS) == declared - {AugmentationPart, UnloadedAugmentation}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("facts", [{}, UNKNOWN], ids=["known", "unknown"])
def test_shape_type_and_label_mass_are_kept(name, shape, facts):
    for seed in range(4):
        (features, _), (changed, weights) = change(name, shape, seed, **facts)
        assert changed.shape == features.shape
        assert changed.dtype == torch.float32
        assert torch.isfinite(changed).all()
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(shape[0]))


@pytest.mark.parametrize("name", RECIPES)
def test_same_generator_state_gives_the_same_batch(name):
    for seed in range(4):
        _, first = change(name, seed=seed)
        _, second = change(name, seed=seed)
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("name", RECIPES)
def test_global_random_state_is_neither_read_nor_changed(name):
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        states.append(change(name)[1][0])
        assert torch.initial_seed() == seed
        assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(seed)))
    assert torch.equal(*states)


@pytest.mark.parametrize("name", RECIPES)
def test_given_batch_is_not_changed_in_place(name):
    for seed in range(4):
        given, _ = change(name, seed=seed)
        assert all(torch.equal(one, kept) for one, kept in zip(given, make_batch((16, 1, 12, 10)), strict=True))


def test_no_augmentation_returns_the_batch():
    given, changed = change("none")
    assert changed[0] is given[0]
    assert changed[1] is given[1]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "none"])
def test_augmentation_that_is_on_changes_the_batch_differently_each_time(name):
    found = [change(name, seed=seed) for seed in range(12)]
    changed = [features for (given, _), (features, _) in found if not torch.equal(given, features)]
    assert len(changed) >= 2
    assert not torch.equal(changed[0], changed[1])


@pytest.mark.parametrize("name", RECIPES)
def test_channels_last_batches_give_the_same_values(name):
    features, targets = make_batch((6, 3, 12, 10))
    for seed in range(4):
        drawn = draw_augmentation(RECIPES[name], make_facts(features.shape), torch.Generator().manual_seed(seed))
        expected, _ = apply_augmentation(features, targets, drawn)
        found, _ = apply_augmentation(features.contiguous(memory_format=torch.channels_last), targets, drawn)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", RECIPES)
def test_what_was_drawn_follows_the_batch_to_its_device(name):
    features, targets = (value.to("meta") for value in make_batch((16, 1, 12, 10)))
    for seed in range(4):
        drawn = draw_augmentation(RECIPES[name], make_facts(features.shape), torch.Generator().manual_seed(seed))
        found = apply_augmentation(features, targets, drawn)
        assert [(value.shape, value.is_meta) for value in found] == [((16, 1, 12, 10), True), ((16, 4), True)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", RECIPES)
def test_device_of_the_batch_makes_no_difference(name):
    features, targets = make_batch((16, 1, 12, 10))
    for seed in range(4):
        drawn = draw_augmentation(RECIPES[name], make_facts(features.shape), torch.Generator().manual_seed(seed))
        expected = apply_augmentation(features, targets, drawn)
        found = apply_augmentation(features.cuda(), targets.cuda(), drawn)
        assert all(value.is_cuda for value in found)
        torch.testing.assert_close(tuple(value.cpu() for value in found), expected)


@pytest.mark.parametrize("part", [PitchShift(), DeviceResponse()])
def test_augmentation_that_needs_the_front_end_says_so(part):
    shape = (2, 1, 12, 10)
    with pytest.raises(TrainingError, match=rf"`log_mel` of the clips must be known for {type(part).__name__}"):
        draw_augmentation((part,), make_facts(shape, log_mel=None), torch.Generator())
    other = make_facts((2, 1, 13, 10)).log_mel
    with pytest.raises(TrainingError, match=r"must have their 12 bands for \w+, but got n_mels=13"):
        draw_augmentation((part,), make_facts(shape, log_mel=other), torch.Generator())


@pytest.mark.parametrize("part", [Gain(0.0), PitchShift(0.0), DeviceResponse(p=0.0)])
def test_augmentation_of_no_strength_changes_nothing(part):
    features, targets = make_batch((6, 1, 12, 10))
    drawn = draw_augmentation((part,), make_facts(features.shape), torch.Generator())
    torch.testing.assert_close(apply_augmentation(features, targets, drawn)[0], features)


@dataclass(frozen=True)
class Undrawn(AugmentationPart):
    """One of somebody's own that forgets its draw, or returns nothing from it."""


@dataclass(frozen=True)
class Misdrawn(Undrawn):
    """One whose draw returns nothing."""

    def draw(self, batch, generator):
        batch.shape  # noqa: B018


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Undrawn(), "`draw` must be defined in Undrawn, so that it can be applied"),
        (Misdrawn(), "`draw` of Misdrawn must return a function of features and targets, but returned None"),
    ],
)
def test_augmentation_that_cannot_be_drawn_is_refused(part, message):
    with pytest.raises(RecipeError, match=message):
        draw_augmentation((part,), make_facts((2, 1, 4, 4)), torch.Generator())
