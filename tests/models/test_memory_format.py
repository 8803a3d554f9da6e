"""Maps and their gradients stay channels-last, where torch's convolutions and norms are fast on a CPU."""

import pytest
import torch
from torch import nn

from nas_asc.layers import Architecture, Classifier, Conv, Residual, TimeFrequencySeparable
from nas_asc.models import build_model
from nas_asc.models.module import (
    AxisMean,
    ChannelRoll,
    GlobalMean,
    split_channels,
)
from nas_asc.models.norm import SubSpectralNorm
from nas_asc.space import load_space

LAST = torch.channels_last
SYSTEMS = {
    "bc_resnet": "FAU-Mod-8",
    "cp_mobile": "CP-Mobile-2024",
    "design_walk": "KT-kernel-3",
    "vgg_inception": "NTU-Inception",
}


def describe_system(space_name):
    space = load_space(space_name)
    system = space.systems[SYSTEMS[space_name]]
    return space.architecture(system.candidate, system.task)


def count_strays(architecture):
    """Maps, and gradients of maps, whose channels do not lie side by side."""
    model, strays = build_model(architecture).to(memory_format=LAST), []

    def note(module, inputs, output):
        if output.ndim == 4 and min(output.shape[1:]) > 1:
            seen.append(output)
            strays.extend([type(module).__name__] * (output.stride(1) != 1))
            output.register_hook(
                lambda gradient: strays.extend([f"{type(module).__name__}, backward"] * (gradient.stride(1) != 1))
            )

    seen = []
    for module in model.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(note)
    model(torch.randn(2, *architecture.in_shape).contiguous(memory_format=LAST)).sum().backward()
    assert len(seen) > 5
    return strays


@pytest.mark.parametrize("space_name", SYSTEMS)
def test_maps_and_gradients_of_systems_stay_channels_last(space_name):
    assert count_strays(describe_system(space_name)) == []


@pytest.mark.parametrize(
    "layer", [TimeFrequencySeparable(8), TimeFrequencySeparable(12), Residual(8, kernels=(3, 1), groups=2, roll=True)]
)
def test_maps_and_gradients_of_layers_that_move_channels_stay_channels_last(layer):
    architecture = Architecture((Conv(8, 3), layer, layer, Classifier()), (1, 12, 10), 10)
    assert count_strays(architecture) == []


@pytest.mark.parametrize(
    "module",
    [GlobalMean(), AxisMean("frequency"), AxisMean("time"), ChannelRoll(2), ChannelRoll(-5), SubSpectralNorm(6, 2),
     SubSpectralNorm(6, 4, per_band=True), SubSpectralNorm(6, 1), SubSpectralNorm(6, 8)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("is_training", [True, False])
def test_both_memory_formats_give_the_same(module, is_training):
    module.train(is_training)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    plain = torch.randn(3, 6, 8, 5)
    found = []
    for layout in (torch.contiguous_format, LAST):
        module.load_state_dict(before)
        module.zero_grad()
        clips = plain.detach().clone(memory_format=layout).requires_grad_()
        output = module(clips)
        (output * torch.linspace(-1, 1, output.numel()).reshape(output.shape)).sum().backward()
        gradients = [parameter.grad.clone() for parameter in module.parameters()]
        found.append((output.detach(), clips.grad, gradients, {k: v.clone() for k, v in module.state_dict().items()}))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_parts_of_channels_are_dense_and_side_by_side():
    clips = torch.randn(2, 6, 4, 3).contiguous(memory_format=LAST).requires_grad_()
    parts = split_channels(clips, (2, 4))
    assert all(part.is_contiguous(memory_format=LAST) for part in parts)
    torch.testing.assert_close(torch.cat(parts, dim=1), clips)
    (parts[1] * 2).sum().backward()
    torch.testing.assert_close(clips.grad[:, :2], torch.zeros(2, 2, 4, 3))
    torch.testing.assert_close(clips.grad[:, 2:], torch.full((2, 4, 4, 3), 2.0))
