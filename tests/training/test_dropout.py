"""Dropout by kind of layer: where it is, that it is dropout, and that nothing is left of it."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import RecipeError, TrainingError
from nas_asc.layers import (
    Architecture,
    Classifier,
    Conv,
    Dense,
    Flatten,
    InvertedBottleneck,
    Layer,
    LogitSum,
    MaxPool,
    Projection,
    Residual,
    SharedResidual,
)
from nas_asc.models import build_model
from nas_asc.recipe import DropoutRates, Recipe
from nas_asc.training import CPU, Clips, DeadlineError, Trainer, Way, train_model
from nas_asc.training.dropout import apply_dropout, dropped_modules
from tests.clocks import StepClock
from tests.training.halves import IN_HALVES

LAYERS = (
    Conv(4, kernel_size=3, norm="batch", activation="relu"),
    MaxPool(2),
    Flatten(),
    Dense(6, norm="batch", activation="relu"),
    Dense(3),
)


class TwoHeads(Layer):
    """A dense layer, then the sum of the logits of two."""

    def expand(self, tape, x):
        hidden = tape.apply(Projection(4), x)
        return tape.apply(LogitSum(), tape.apply(Projection(3), hidden), tape.apply(Projection(3), hidden))


def make_network(*layers):
    torch.manual_seed(0)
    return build_model(Architecture(layers or LAYERS, (1, 12, 10), 3))


def names_of(model, rates):
    dropped = {id(module): rate for module, rate in dropped_modules(model, rates)}
    return {name: dropped[id(module)] for name, module in model.named_modules() if id(module) in dropped}


def make_clips(n_clips=24):
    generator = torch.Generator().manual_seed(0)
    return Clips(torch.randn(n_clips, 1, 12, 10, generator=generator), torch.arange(n_clips) % 3)


def train(model, dropout, *, seed=0, limit=NO_LIMIT, **options):
    recipe = Recipe(epochs=2, batch_size=8, dropout=dropout)
    train_model(model, make_clips(), replace(IN_HALVES, seed=seed, limit=limit), recipe=recipe, n_classes=3, **options)
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def count_hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_each_kind_has_its_rate_after_norm_and_activation_and_the_last_kernel_none():
    assert names_of(make_network(), DropoutRates(0.1, 0.2)) == {"0.activation": 0.1, "3.activation": 0.2}
    assert names_of(make_network(), DropoutRates(0.1)) == {"0.activation": 0.1}
    assert names_of(make_network(), DropoutRates(dense=0.2)) == {"3.activation": 0.2}


@pytest.mark.parametrize("rates", [None, DropoutRates(), DropoutRates(0.0, 0.0)])
def test_no_rate_is_no_dropout(rates):
    assert dropped_modules(make_network(), rates) == ()


def test_inside_a_block_every_convolution_has_its_own():
    names = names_of(make_network(InvertedBottleneck(4), Classifier()), DropoutRates(0.1))
    assert set(names) == {"0.activation", "0.activation2", "0.activation3"}


def test_convolutions_that_are_used_again_are_dropped_from_after_each_norm():
    model = make_network(Conv(4, kernel_size=3), SharedResidual(n_runs=2), Classifier())
    norms = {name for name, module in model.named_modules() if name.startswith("1.") and "norm" in name}
    assert len(norms) == 4
    assert len([name for name in names_of(model, DropoutRates(0.1)) if name.startswith("1.")]) == 4


def test_a_layer_of_several_kernels_at_the_end_is_dropped_from_inside_alone():
    assert set(names_of(make_network(Flatten(), TwoHeads()), DropoutRates(0.1, 0.2))) == {"1.dense"}
    convolutions = names_of(make_network(Residual(4, kernels=(3, 1)), Flatten(), Dense(3)), DropoutRates(0.1, 0.2))
    assert set(convolutions.values()) == {0.1}


def test_values_are_zero_as_often_as_asked_and_grow_so_that_their_mean_stays():
    model = make_network(Conv(4, kernel_size=1), Flatten(), Dense(3))
    features = torch.rand(64, 1, 12, 10) + 1
    seen = []
    handle = model[1].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with apply_dropout(dropped_modules(model, DropoutRates(0.25))):
        model.train()(features)
    model(features)
    handle.remove()
    dropped, plain = seen
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.01)
    torch.testing.assert_close(dropped[dropped != 0], plain[dropped != 0] / 0.75)


def test_a_network_in_eval_mode_is_not_dropped_from():
    model = make_network().eval()
    features = make_clips().features
    expected = model(features)
    with apply_dropout(dropped_modules(model, DropoutRates(0.5, 0.5))):
        assert torch.equal(model(features), expected)


def test_nothing_is_left_of_it_after_training_nor_after_an_interrupt():
    model, names = make_network(), list(make_network().state_dict())
    train(model, DropoutRates(0.1, 0.1))
    assert count_hooks(model) == 0
    assert list(model.state_dict()) == names

    with pytest.raises(DeadlineError, match="epoch 1 of 2"):  # in the middle of an epoch
        train(model, DropoutRates(0.1, 0.1), limit=TimeLimit(end=3.5, clock=StepClock(1.0)))
    assert count_hooks(model) == 0


class HookCounts:
    """A companion that counts the hooks of the model."""

    def __init__(self):
        self.seen = []

    def after_step(self, trainer):
        self.seen.append(count_hooks(trainer.model))

    def after_epoch(self, trainer, epoch):
        self.seen.append(count_hooks(trainer.model))

    def finish(self, trainer):
        self.seen.append(count_hooks(trainer.model))


def test_it_is_there_within_an_epoch_and_gone_after_it():
    counts = HookCounts()
    train(make_network(), DropoutRates(0.1, 0.1), companions=(counts,))
    assert counts.seen == [2, 2, 2, 0] * 2 + [0]


def test_the_seed_fixes_it_and_a_zero_rate_changes_nothing():
    rates = DropoutRates(0.2, 0.2)
    first = train(make_network(), rates)
    assert torch.equal(first, train(make_network(), rates))
    assert not torch.equal(first, train(make_network(), rates, seed=1))
    assert torch.equal(train(make_network(), None), train(make_network(), DropoutRates()))


@pytest.mark.parametrize(("dropout", "is_split"), [(None, True), (DropoutRates(0.1), False)])
def test_a_model_that_is_dropped_from_is_not_trained_in_two_halves(dropout, is_split):
    recipe = Recipe(dropout=dropout)
    options = {"n_classes": 3, "n_epochs": 1, "seed": 0, "torch_device": CPU, "way": Way.HALVES}
    trainer = Trainer(make_network(), make_clips(), recipe=recipe, **options)
    assert (trainer._split is not None) == is_split


def test_a_model_without_a_description_is_refused():
    with pytest.raises(TrainingError, match="`dropout` must be of a network made by build_model, but got Sequential"):
        dropped_modules(nn.Sequential(nn.Linear(2, 2)), DropoutRates(0.1))


def test_bad_rate_is_refused():
    with pytest.raises(RecipeError, match=r"`dense` must be 0 or more and at most 0.95, but got dense=1, in Dropout"):
        DropoutRates(dense=1)
