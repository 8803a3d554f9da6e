"""Masked weights: exactly so many, the smallest ones, zero after every step, in the state and when folded."""

import pytest
import torch
from torch import nn

from nas_asc.compression import WeightPruner, count_state_nonzero
from nas_asc.cost import count_nonzero, list_kernels
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Flatten, InvertedBottleneck, Residual, SharedResidual
from nas_asc.models import build_model, fold_norms
from nas_asc.recipe import Ema, MagnitudePruning, OneShotPruning, PolynomialPruning, Recipe, Swa
from nas_asc.training import Clips, Run, train_model
from tests.cost.systems import S1

SMALL = Architecture(
    (
        *(Conv(8, 3, norm="batch", activation="relu"), Residual(8, (3, 3), groups=2, roll=True), SharedResidual(2)),
        *(InvertedBottleneck(12, stride=4), Residual(10, (1, 1), damping=0.1), Flatten(), Dense(8), Dense(10)),
    ),
    (1, 12, 12),
    10,
)
PRUNINGS = [
    MagnitudePruning(3_000, end=0.5),
    MagnitudePruning(1),
    PolynomialPruning(0.8, start=0.2, end=0.8, n_steps=4),
    PolynomialPruning(0.5, excluded=(1, 2)),
    OneShotPruning(0.6),
    OneShotPruning(0.97, max_sparsity=0.98),
]
each_pruning = pytest.mark.parametrize("pruning", PRUNINGS, ids=str)


def draw_model(architecture=SMALL):
    torch.manual_seed(0)
    model = build_model(architecture)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return model


def train(model, pruner, *, n_epochs, optimiser):
    """Random gradients with momentum, three steps an epoch; gives the model's values that are other than zero."""
    found = []
    for epoch in range(1, n_epochs + 1):
        for _ in range(3):
            for parameter in model.parameters():
                parameter.grad = torch.randn_like(parameter)
            optimiser.step()
            pruner.after_step()
        pruner.after_epoch(epoch=epoch)
        found.append(count_state_nonzero(model.state_dict()))
    pruner.finish()
    return found


@each_pruning
@pytest.mark.parametrize("make_optimiser", [
    lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.1, fused=True),
], ids=["momentum", "adam"])  # fmt: skip
def test_a_trained_network_has_exactly_the_static_count(pruning, make_optimiser):
    model = draw_model().to(memory_format=torch.channels_last)
    pruner = WeightPruner(model, pruning, n_epochs=10)
    found = train(model, pruner, n_epochs=10, optimiser=make_optimiser(model.parameters()))
    assert found == sorted(found, reverse=True)
    assert found[-1] == count_state_nonzero(model.state_dict()) == count_nonzero(SMALL, pruning)


@each_pruning
def test_no_kernel_is_emptied_beyond_its_limit_and_spared_ones_are_whole(pruning):
    model = draw_model()
    WeightPruner(model, pruning, n_epochs=4).finish()
    kernels = list_kernels(SMALL)
    for index, kernel in enumerate(kernels):
        kept = int(model.get_parameter(f"{kernel.layer}.{kernel.operation}.weight").count_nonzero())
        spared = (pruning.spares_ends and index in (0, len(kernels) - 1)) or kernel.layer in pruning.excluded
        assert kept >= (kernel.size if spared else (1 - pruning.max_sparsity) * kernel.size - 1e-9)


def test_the_smallest_weights_of_all_kernels_go():
    model = draw_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    WeightPruner(model, OneShotPruning(0.6), n_epochs=1).finish()
    names = [f"{kernel.layer}.{kernel.operation}.weight" for kernel in list_kernels(SMALL)]
    magnitudes = torch.cat([before[name].abs().flatten() for name in names])
    bound = magnitudes.sort().values[len(magnitudes) - round(0.4 * len(magnitudes))]
    for name, value in model.state_dict().items():
        expected = before[name] * (before[name].abs() >= bound) if name in names else before[name]
        assert torch.equal(value, expected), name


def test_the_smallest_weights_of_each_kernel_go():
    model = draw_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    WeightPruner(model, PolynomialPruning(0.75), n_epochs=1).finish()
    for kernel in list_kernels(SMALL):
        name = f"{kernel.layer}.{kernel.operation}.weight"
        largest = before[name].abs().flatten().topk(round(0.25 * kernel.size)).values[-1]
        assert torch.equal(model.state_dict()[name], before[name] * (before[name].abs() >= largest))


def test_what_is_masked_once_never_comes_back():
    model = draw_model()
    pruner = WeightPruner(model, MagnitudePruning(2_000, end=1.0), n_epochs=8)
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    masked = {}
    for epoch in range(1, 9):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimiser.step()
        pruner.after_step()
        pruner.after_epoch(epoch=epoch)
        for name, mask in pruner.masks.items():
            assert torch.all(mask[masked.get(name, torch.zeros_like(mask)) > 0] == 0)
            masked[name] = 1 - mask


def test_many_equal_weights_are_still_counted_exactly():
    model = draw_model()
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    pruning = MagnitudePruning(2_500)
    WeightPruner(model, pruning, n_epochs=1).finish()
    assert count_state_nonzero(model.state_dict()) == count_nonzero(SMALL, pruning)


@pytest.mark.parametrize("nonzero", [64_690, 20_000])
def test_cp_resnet_reaches_its_published_target(nonzero):
    model = draw_model(S1)
    pruning = MagnitudePruning(nonzero)
    WeightPruner(model, pruning, n_epochs=1).finish()
    least = sum(kernel.size for kernel in list_kernels(S1)[:: len(list_kernels(S1)) - 1])
    assert least < count_state_nonzero(model.state_dict()) == count_nonzero(S1, pruning) >= nonzero


def test_folded_networks_have_the_same_zeros():
    architecture = Architecture((Conv(8, 3, norm="batch"), Residual(8), Classifier()), (1, 9, 9), 10)
    model = draw_model(architecture)
    WeightPruner(model, PolynomialPruning(0.8), n_epochs=1).finish()
    folded = fold_norms(model).state_dict()
    for kernel in list_kernels(architecture):
        name = f"{kernel.layer}.{kernel.operation}.weight"
        assert torch.equal(folded[name] == 0, model.state_dict()[name] == 0)
        assert int(folded[name].count_nonzero()) == round(0.2 * kernel.size)


@pytest.mark.parametrize("averaging", [Swa(4), Ema(0.9)], ids=str)
def test_averaged_weights_are_masked_and_norms_are_measured_on_what_is_left(averaging):
    model, pruning = draw_model(), PolynomialPruning(0.8, start=0.2, end=0.8, n_steps=4)
    pruner = WeightPruner(model, pruning, n_epochs=5)
    clips = Clips(torch.randn(32, *SMALL.in_shape), torch.arange(32) % 10)
    recipe = Recipe(epochs=5, batch_size=16, augmentation=(), averaging=averaging)
    train_model(model, clips, Run(), recipe=recipe, n_classes=10, companions=(pruner,))
    for name, mask in pruner.masks.items():
        weight = model.get_parameter(name)
        assert int(weight.count_nonzero()) == int(mask.sum()) == round(0.2 * weight.numel())
        assert not weight[mask == 0].any()
    if isinstance(averaging, Swa):
        first = model[0].conv(clips.features).detach()
        torch.testing.assert_close(model[0].norm.running_mean, first.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
