"""Optimisers take the steps of their definitions, and decay what they are told to."""

import pytest
import torch
from torch import nn

from nas_asc.errors import RecipeError
from nas_asc.layers import Architecture, BroadcastResidual, Conv, Dense, Flatten
from nas_asc.models import build_model
from nas_asc.recipe import Adam, AdamW, Decay, Optimiser, Recipe, Sgd
from nas_asc.training.optimiser import build_optimiser, name_kinds

GRADIENTS = (0.3, -0.2, 0.5)


def run(part, start=2.0, decay=None):
    """What becomes of one weight of a dense layer under three gradients."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, start)
    optimiser = build_optimiser(model, Recipe(optimiser=part, decay=decay))
    for gradient in GRADIENTS:
        model.weight.grad = torch.full((1, 1), gradient)
        optimiser.step()
    return model.weight.item()


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_definition(nesterov):
    weight, velocity = 2.0, 0.0
    for gradient in GRADIENTS:
        gradient += 0.1 * weight
        velocity = 0.8 * velocity + gradient
        weight -= 0.05 * (gradient + 0.8 * velocity if nesterov else velocity)
    assert run(Sgd(0.05, momentum=0.8, nesterov=nesterov, weight_decay=0.1)) == pytest.approx(weight, abs=1e-6)


@pytest.mark.parametrize(("part", "is_decoupled"), [(Adam, False), (AdamW, True)])
def test_adam_is_its_definition(part, is_decoupled):
    weight, first, second = 2.0, 0.0, 0.0
    for step, gradient in enumerate(GRADIENTS, start=1):
        if is_decoupled:
            weight *= 1 - 0.05 * 0.1
        else:
            gradient += 0.1 * weight
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weight -= 0.05 * first / (1 - 0.9**step) / ((second / (1 - 0.999**step)) ** 0.5 + 1e-8)
    assert run(part(0.05, weight_decay=0.1)) == pytest.approx(weight, abs=1e-5)


def test_decay_of_a_kind_takes_the_place_of_the_optimisers():
    assert run(AdamW(0.05, weight_decay=0.1), decay=Decay(dense=0.3)) == run(AdamW(0.05, weight_decay=0.3))
    assert run(AdamW(0.05, weight_decay=0.1), decay=Decay(convolution=0.3)) == run(AdamW(0.05, weight_decay=0.1))


def make_network():
    layers = (
        Conv(8, kernel_size=3, norm="batch", activation="prelu", bias=True),
        BroadcastResidual(8, n_bands=2),
        Flatten(),
        Dense(6, norm="batch", activation="relu"),
        Dense(3),
    )
    return build_model(Architecture(layers, (1, 8, 6), 3))


def decays_of(recipe):
    model = make_network()
    groups = build_optimiser(model, recipe).param_groups
    by_id = {id(one): group["weight_decay"] for group in groups for one in group["params"]}
    assert len(by_id) == len(list(model.parameters()))
    return {name: by_id[id(parameter)] for name, parameter in model.named_parameters()}


def test_every_parameter_has_the_decay_of_its_kind():
    found = decays_of(Recipe(decay=Decay(convolution=1.0, dense=2.0, norm=3.0, bias=4.0)))
    for name, decay in found.items():
        _, operation, kind = name.split(".")
        if kind == "bias":
            assert decay == 4.0, name
        elif "norm" in operation or operation == "activation":
            assert decay == 3.0, name
        else:
            assert decay == (2.0 if "dense" in operation else 1.0), name
    assert set(found.values()) == {1.0, 2.0, 3.0, 4.0}


def test_without_a_decay_of_its_own_no_norm_and_no_bias_decays():
    for name, decay in decays_of(Recipe(optimiser=Sgd(weight_decay=0.25))).items():
        is_kernel = name.endswith("weight") and ("conv" in name or "dense" in name)
        assert decay == (0.25 if is_kernel else 0.0), name


def test_frozen_and_shared_parameters_are_left_out_and_taken_once():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    first.bias.requires_grad_(False)
    assert [kind for kind, _ in name_kinds(nn.Sequential(first, second))] == ["dense", "bias"]


def test_unknown_optimiser_is_refused():
    class Unknown(Optimiser):
        learning_rate, weight_decay = 0.1, 0.0

        def __repr__(self):
            return "Unknown()"

    with pytest.raises(RecipeError, match=r"`optimiser` must be one of .*, but got Unknown\(\)"):
        build_optimiser(nn.Linear(2, 2), Recipe(optimiser=Unknown()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sgd(momentum=1.5), r"`momentum` must be a share in \[0, 1\], but got momentum=1.5, in Sgd"),
        (lambda: Sgd(momentum=0.0, nesterov=True), "`nesterov` must be False where momentum=0, but got nesterov=True"),
        (lambda: Sgd(nesterov=1), "`nesterov` must be True or False, but got nesterov=1, in Sgd"),
        (lambda: Adam(0), "`learning_rate` must be above 0, but got learning_rate=0, in Adam"),
        (lambda: Decay(dense=-1), "`dense` must be 0 or more, or None, but got dense=-1, in Decay"),
        (lambda: Recipe(decay=0.1), "`decay` must be of the kind Decay or None, but got decay=0.1"),
    ],
)
def test_bad_value_is_refused(make, message):
    with pytest.raises(RecipeError, match=message):
        make()
