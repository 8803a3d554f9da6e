"""Ensembles in training: members each by itself, or all together."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nas_asc.errors import RecipeError
from nas_asc.layers import Architecture, Classifier, Conv, Ensemble, InvertedBottleneck
from nas_asc.models import build_model
from nas_asc.recipe import CrossEntropy, Mixup, Recipe, Sgd, TimeRoll
from nas_asc.training import CPU, Clips, Trainer, Way, train_model
from nas_asc.training.members import has_members, join_losses
from tests.training.halves import IN_HALVES

SHAPE = (1, 12, 10)
SMALL = (Conv(4, kernel_size=3, stride=2, norm="batch", activation="relu"), Classifier(norm="batch"))
LARGE = (Conv(6, kernel_size=3, norm="batch", activation="relu"), InvertedBottleneck(8), Classifier(norm="batch"))
RECIPE = Recipe(
    epochs=3,
    batch_size=8,
    optimiser=Sgd(5e-2, weight_decay=0.0),
    augmentation=(TimeRoll(1.0), Mixup(0.3)),
    loss=CrossEntropy(0.1),
)


def make_clips(n_clips=24):
    features = torch.randn(n_clips, *SHAPE, generator=torch.Generator().manual_seed(0))
    return Clips(features, torch.arange(n_clips) % 3)


def make_network(*layers):
    torch.manual_seed(0)
    return build_model(Architecture(layers, SHAPE, 3))


def make_ensemble(*, merge="probabilities"):
    return make_network(Ensemble((SMALL, LARGE), merge))


def take_apart(ensemble):
    """The members as networks of their own, from the ensemble's state."""
    values = list(ensemble.state_dict().values())
    found = []
    for layers in (SMALL, LARGE):
        alone = make_network(*layers)
        own = alone.state_dict()
        alone.load_state_dict({name: values.pop(0).clone() for name in own})
        found.append(alone)
    assert not values
    return found


def train(model, recipe):
    run = replace(IN_HALVES, seed=1)
    train_model(model, make_clips(), run, recipe=recipe, n_classes=3, precision=torch.float32)
    return model


def test_members_are_trained_as_they_would_be_alone():
    ensemble = make_ensemble()
    alone = [train(member, RECIPE) for member in take_apart(ensemble)]
    train(ensemble, replace(RECIPE, optimiser=Sgd(2 * 5e-2, weight_decay=0.0)))  # the loss is the mean of two
    for member, expected in zip(take_apart(ensemble), alone, strict=True):
        for name, value in member.state_dict().items():
            assert torch.allclose(value.double(), expected.state_dict()[name].double(), atol=1e-5), name


def test_members_trained_together_differ_from_those_alone():
    ensemble = make_ensemble()
    alone = [train(member, RECIPE) for member in take_apart(ensemble)]
    train(ensemble, replace(RECIPE, member_weight=0.0))
    member, expected = take_apart(ensemble)[0], alone[0]
    assert not torch.allclose(member.state_dict()["0.conv.weight"], expected.state_dict()["0.conv.weight"], atol=2e-3)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_is_the_weighted_one(weight):
    ensemble, clips = make_ensemble().train(), make_clips()
    recipe = Recipe(batch_size=24, augmentation=(), member_weight=weight)
    members = [member.train() for member in take_apart(ensemble)]
    options = {"n_classes": 3, "n_epochs": 1, "seed": 0, "torch_device": CPU, "way": Way.HALVES}
    trainer = Trainer(ensemble, clips, recipe=recipe, **options)
    with trainer.epoch() as (batch,):
        features, targets = trainer.build_batch(batch)
        got = trainer.step(features, targets)
    halves = list(zip(features.tensor_split(2), targets.tensor_split(2), strict=True))
    expected = 0.0
    for part, wanted in halves:
        logits = [member(part) for member in members]
        mean = torch.stack([one.softmax(1) for one in logits]).mean(0)
        together = -(wanted * mean.log()).sum(1).mean()
        apart = torch.stack([nn.functional.cross_entropy(one, wanted) for one in logits]).mean()
        expected += ((1 - weight) * together.item() + weight * apart.item()) / 2
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_only_means_of_probabilities_have_members():
    assert has_members(make_ensemble())
    assert not has_members(make_ensemble(merge="logits"))
    assert not has_members(make_network(*SMALL))
    assert not has_members(make_network(Ensemble((SMALL,))))
    assert not has_members(nn.Sequential(nn.Flatten(), nn.Linear(120, 3)))


def test_a_network_without_members_is_trained_alike_with_any_weight():
    states = []
    for weight in (0.0, 1.0):
        states.append(train(make_network(*LARGE), replace(RECIPE, member_weight=weight)).state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_nothing_is_left_on_a_trained_network():
    ensemble = train(make_ensemble(), RECIPE).eval()
    assert not any(module._forward_pre_hooks for module in ensemble.modules())
    members = [member.eval()(make_clips().features).softmax(1) for member in take_apart(ensemble)]
    assert torch.allclose(ensemble(make_clips().features).softmax(1), torch.stack(members).mean(0), atol=1e-5)


def test_losses_are_joined_by_their_weight():
    joined = join_losses(torch.tensor(4.0), [torch.tensor(1.0), torch.tensor(3.0)], loss=torch.square, weight=0.25)
    assert float(joined) == 0.75 * 16 + 0.25 * 5


@pytest.mark.parametrize("weight", [-0.1, 1.5, "1", None])
def test_a_weight_that_is_no_share_is_refused(weight):
    with pytest.raises(RecipeError, match="`member_weight` must be a share in \\[0, 1\\], but got member_weight="):
        Recipe(member_weight=weight)
