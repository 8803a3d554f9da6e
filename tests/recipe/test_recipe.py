"""Recipes as plain data: the way through JSON, what is refused, and what every part promises."""

import inspect
import json
from dataclasses import is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc import recipe as room
from nas_asc.errors import RecipeError
from nas_asc.recipe import (
    AdamW,
    BandSelection,
    BlockMix,
    CosineDecay,
    CrossEntropy,
    Decay,
    DeviceResponse,
    Distillation,
    DomainAdaptation,
    DropoutRates,
    Ema,
    FreqMask,
    FreqMixStyle,
    Gain,
    MagnitudePruning,
    Mixup,
    OneShotPruning,
    Part,
    PolynomialPruning,
    QuantisedTraining,
    Recipe,
    Swa,
    TimeMask,
    TimeRoll,
)

PARTS = [part for part in vars(room).values() if inspect.isclass(part) and issubclass(part, Part)]
CONCRETE = [part for part in PARTS if is_dataclass(part)]


@pytest.mark.parametrize("part", CONCRETE, ids=lambda part: part.__name__)
def test_part_comes_back_from_json(part):
    made = part()
    assert room.part_from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize("part", CONCRETE, ids=lambda part: part.__name__)
def test_part_says_what_its_values_mean(part):
    assert "Args:" in part.__doc__
    assert all(f"        {name}:" in part.__doc__ for name in inspect.signature(part).parameters)


@given(st.floats(0, 1), st.floats(0.01, 3), st.sampled_from([None, 1, 40]))
def test_recipe_comes_back_from_json(share, alpha, epochs):
    made = Recipe(epochs=epochs, augmentation=(TimeRoll(share), Mixup(alpha)), loss=CrossEntropy(share))
    assert Recipe.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_parts_that_are_off_by_default_come_back_from_json():
    parts = {"decay": Decay(dense=0.1), "dropout": DropoutRates(0.1, 0.2), "band_selection": BandSelection(5)}
    made = Recipe(loss=Distillation(("one", "two")), **parts)
    assert Recipe.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_augmentation_that_is_none_is_left_out():
    assert Recipe(augmentation=(None, TimeRoll(), None)).augmentation == (TimeRoll(),)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BandSelection(start=1.0), "`start` must be a share below 1, but got start=1.0"),
        (lambda: Recipe(epochs=0), "`epochs` must be 1 or more, or None, but got epochs=0"),
        (lambda: Recipe(batch_size=1), "`batch_size` must be 2 or more, or None, but got batch_size=1"),
        (lambda: Recipe(optimiser=CosineDecay()), "`optimiser` must be of the kind Optimiser, but got optimiser=Cos"),
        (lambda: Recipe(loss=0.1), "`loss` must be of the kind Loss, but got loss=0.1"),
        (lambda: Recipe(augmentation=Mixup()), "`augmentation` must be a tuple of augmentations"),
        (lambda: Recipe(augmentation=(AdamW(),)), "`augmentation` must be a tuple of augmentations"),
        (lambda: AdamW(0), "`learning_rate` must be above 0, but got learning_rate=0, in AdamW"),
        (lambda: AdamW(weight_decay=-1), "`weight_decay` must be 0 or more, but got weight_decay=-1, in AdamW"),
        (lambda: CosineDecay(2), r"`warmup` must be a share in \[0, 1\], but got warmup=2, in CosineDecay"),
        (lambda: Mixup(0), "`alpha` must be above 0, but got alpha=0, in Mixup"),
        (lambda: FreqMask(-0.1), "`max_share` must be a share .* in FreqMask"),
        (lambda: BlockMix(0), "`n_blocks` must be a whole number of 1 or more, but got n_blocks=0, in BlockMix"),
        (lambda: FreqMixStyle(p=2), r"`p` must be a share in \[0, 1\], but got p=2, in FreqMixStyle"),
        (lambda: Gain(-1), "`max_db` must be 0 or more, but got max_db=-1, in Gain"),
        (lambda: DeviceResponse(folder=3), "`folder` must be the path of a folder, or None, but got folder=3"),
        (lambda: DeviceResponse(reference_only=1), "`reference_only` must be True or False, but got reference_only=1"),
        (lambda: TimeMask("half"), "`max_share` must be a share .* in TimeMask"),
        (lambda: Recipe(adaptation=Ema()), "`adaptation` must be of the kind DomainAdaptation or None, but got adapt"),
        (lambda: DomainAdaptation(-1), "`weight` must be 0 or more, but got weight=-1, in DomainAdaptation"),
        (lambda: DomainAdaptation(n_critic=0), "`n_critic` must be a whole number of 1 or more, but got n_critic=0"),
        (lambda: Recipe(averaging=AdamW()), "`averaging` must be of the kind Averaging or None, but got averaging=Ada"),
        (lambda: Swa(0), "`n_epochs` must be a whole number of 1 or more, but got n_epochs=0, in Swa"),
        (lambda: Swa(5, 0), "`learning_rate` must be above 0, or None, but got learning_rate=0, in Swa"),
        (lambda: Ema(1.0), "`decay` must be below 1, but got decay=1.0, in Ema"),
        (lambda: Recipe(pruning=Mixup()), "`pruning` must be of the kind Pruning or None, but got pruning=Mixup"),
        (lambda: MagnitudePruning(0), "`nonzero` must be a whole number of 1 or more, but got nonzero=0"),
        (lambda: MagnitudePruning(start=0.9), "`end` must be after start=0.9, but got end=0.8, in MagnitudePruning"),
        (lambda: PolynomialPruning(1.2), r"`sparsity` must be a share in \[0, 1\], but got sparsity=1.2"),
        (lambda: OneShotPruning(excluded=2), "`excluded` must be a tuple of layer indices .*, but got excluded=2"),
        (lambda: OneShotPruning(spares_depthwise=1), "`spares_depthwise` must be True or False, but got"),
        (lambda: room.part_from_dict({"part": "Mixdown"}), "no recipe part is named 'Mixdown'. Known are "),
        (lambda: room.part_from_dict({"part": "Mixup", "beta": 1}), "Mixup of a stored recipe has other .*'beta'"),
    ],
)
def test_bad_value_is_refused(make, message):
    with pytest.raises(RecipeError, match=message):
        make()


@pytest.mark.parametrize("bits", [8, 16, 32, None])
def test_bits_come_back_from_json_and_older_recipes_have_none(bits):
    made = Recipe(bits=bits)
    assert Recipe.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    assert Recipe.from_dict({name: value for name, value in made.to_dict().items() if name != "bits"}).bits is None


@pytest.mark.parametrize("bits", [4, 8.0, True, "8"])
def test_other_bits_are_refused(bits):
    with pytest.raises(RecipeError, match=r"`bits` must be 8, 16 or 32, or None, but got bits="):
        Recipe(bits=bits)


def test_training_in_8_bits_is_for_files_of_8_bits():
    assert Recipe(bits=8, quantisation=QuantisedTraining()).bits == 8
    with pytest.raises(RecipeError, match=r"`quantisation` trains for a file of 8 bits, but got bits=16"):
        Recipe(bits=16, quantisation=QuantisedTraining())
