"""A training that is stopped and gone on with against one that goes through: the same bits."""

from dataclasses import replace

import pytest
import torch

from nas_asc.clock import TimeLimit
from nas_asc.errors import TrainingError
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.models import build_model
from nas_asc.recipe import (
    AdamW,
    Distillation,
    DomainAdaptation,
    DropoutRates,
    Ema,
    Mixup,
    Recipe,
    Sgd,
    Swa,
    TimeMask,
    TimeRoll,
)
from nas_asc.training import Checkpoint, Clips, Stoppable, build_companions, pack_state, train_model, unpack_state
from nas_asc.training.checkpoint import to_device
from tests.clocks import StepClock
from tests.training.halves import IN_HALVES

MIXED = Recipe(epochs=5, batch_size=16, optimiser=AdamW(0.02), augmentation=(TimeRoll(), Mixup(), TimeMask(0.2)))
RECIPES = {
    "mixup": MIXED,
    "momentum": replace(MIXED, optimiser=Sgd(0.1)),
    "ema": replace(MIXED, averaging=Ema(0.9)),
    "swa": replace(MIXED, averaging=Swa(3)),
    "swa at a constant rate": replace(MIXED, averaging=Swa(3, learning_rate=0.01)),
    "dropout": replace(MIXED, dropout=DropoutRates(0.2, 0.2)),
    "adaptation": replace(MIXED, adaptation=DomainAdaptation(), averaging=Ema(0.9)),
    "distillation": replace(MIXED, loss=Distillation(temperature=2.0)),
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_clips():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(50) % 3
    features = torch.randn(50, 1, 12, 10, generator=generator) + labels.view(-1, 1, 1, 1)
    logits = torch.randn(50, 3, generator=generator)
    return Clips(features, labels, devices=torch.arange(50) % 2, device_names=("a", "b"), teacher_logits=logits)


def make_model(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = Conv(6, kernel_size=3, stride=2, norm="batch"), Conv(4, kernel_size=3), Classifier()
        return build_model(Architecture(layers, (1, 12, 10), 3))


def train(recipe, *, stop_after=None, model_seed=0, **options):
    model = make_model(seed=model_seed)
    run = replace(IN_HALVES, seed=1, limit=TimeLimit(clock=StepClock(0.5)), stop_after=stop_after)
    return model, train_model(model, make_clips(), run, recipe=recipe, n_classes=3, **options)


def through_bytes(checkpoint):
    return Checkpoint.from_dict(unpack_state(pack_state(checkpoint.to_dict())))


def without_speed(curve):
    return [replace(row, clips_per_s=0.0) for row in curve]


def assert_same(model, whole):
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("stops", [(1, 3), (2,), (5,), (1, 1, 4, 5)], ids=str)
@pytest.mark.parametrize("name", RECIPES)
def test_a_training_stopped_and_gone_on_with_is_one_that_went_through(name, stops):
    recipe = RECIPES[name]
    whole, result = train(recipe)
    checkpoint = None
    for stop in stops:
        torch.manual_seed(stop)  # nothing of the process around may matter
        _, stopped = train(recipe, stop_after=stop, checkpoint=checkpoint, model_seed=stop if checkpoint else 0)
        assert len(stopped.curve) == stop
        checkpoint = through_bytes(stopped.checkpoint)
    model, end = train(recipe, checkpoint=checkpoint, model_seed=9)
    assert_same(model, whole)
    assert without_speed(end.curve) == without_speed(result.curve)
    assert end.checkpoint is None
    assert end.seconds == 0.5 * (2 * recipe.epochs + len(stops) + 1)  # the clock is read twice an epoch, and at the end


def test_a_checkpoint_can_be_gone_on_with_twice():
    _, stopped = train(RECIPES["ema"], stop_after=2)
    first, second = (train(RECIPES["ema"], checkpoint=stopped.checkpoint)[0] for _ in range(2))
    assert_same(first, second)


def test_without_the_random_state_dropout_goes_on_otherwise():
    whole, _ = train(RECIPES["dropout"])
    _, stopped = train(RECIPES["dropout"], stop_after=2)
    random = {"cpu": torch.Generator().manual_seed(3).get_state()}
    model, _ = train(RECIPES["dropout"], checkpoint=replace(stopped.checkpoint, random=random))
    assert any(not torch.equal(value, whole.state_dict()[name]) for name, value in model.state_dict().items())


def test_the_precision_is_that_of_the_checkpoint():
    _, stopped = train(MIXED, stop_after=2, precision=torch.bfloat16)
    assert stopped.checkpoint.precision == "bfloat16"
    _, again = train(MIXED, stop_after=3, precision=torch.float32, checkpoint=stopped.checkpoint)
    assert again.checkpoint.precision == "bfloat16"


@pytest.mark.parametrize("name", RECIPES)
def test_every_companion_of_a_recipe_can_be_stopped(name):
    assert all(isinstance(companion, Stoppable) for companion in build_companions(RECIPES[name]))


def test_a_companion_without_a_state_is_named():
    class Counter:
        def after_step(self, trainer):
            pass

        def after_epoch(self, trainer, epoch):
            pass

        def finish(self, trainer):
            pass

    assert len(train(MIXED, companions=[Counter()])[1].curve) == 5
    with pytest.raises(TrainingError, match="a training with Counter cannot be stopped"):
        train(MIXED, companions=[Counter()], stop_after=2)


def test_a_state_goes_to_a_device_with_all_that_is_nested_in_it():
    state = {"masks": (torch.ones(2), [torch.zeros(1), "text", (3, torch.ones(1))]), "n": 2}
    found = to_device(unpack_state(pack_state(state)), torch.device("meta"))
    first, (second, text, (number, third)) = found["masks"]
    assert all(value.is_meta for value in (first, second, third))
    assert (text, number, found["n"]) == ("text", 3, 2)


def test_a_damaged_checkpoint_is_named():
    _, stopped = train(MIXED, stop_after=1)
    content = pack_state(stopped.checkpoint.to_dict())
    for damaged in (b"", content[: len(content) // 2], b"nothing of the kind"):
        with pytest.raises(TrainingError, match="a checkpoint cannot be read"):
            unpack_state(damaged)


def test_a_changed_bit_is_noticed_or_changes_nothing():
    _, stopped = train(MIXED, stop_after=1)
    content = pack_state(stopped.checkpoint.to_dict())
    expected, n_noticed = pack_state(unpack_state(content)), 0
    for place in range(0, len(content), 101):
        changed = bytearray(content)
        changed[place] ^= 4
        try:
            found = pack_state(unpack_state(bytes(changed)))
        except TrainingError:
            n_noticed += 1
        else:
            assert found == expected, place
    assert n_noticed > len(content) / 101 / 2
