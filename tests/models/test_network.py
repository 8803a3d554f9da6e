"""Built networks: names, meta device, receptive fields confirmed by gradients, damping, rolling."""

import copy
import pickle

import pytest
import torch
from torch import nn

from nas_asc.cost import count_cost, receptive_field
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Architecture,
    ChannelRoll,
    Classifier,
    Conv,
    Dropout,
    GlobalPooling,
    Layer,
    MaxPool,
    Norm,
    Residual,
)
from nas_asc.models import build_model, count_module, count_thop, explain_thop
from nas_asc.models.module import ChannelRoll as RollModule
from nas_asc.models.module import DampedConv2d
from nas_asc.models.norm import SubSpectralNorm
from tests.cost.systems import S1, cp_mobile, cp_resnet, dcase2022


def gradient_support(architecture):
    """Input bins (frequency, time) that the centre position of the last map depends on."""
    body = Architecture(architecture.layers[:-1], architecture.in_shape, architecture.n_classes)
    model = build_model(body).eval()
    for parameter in model.parameters():
        parameter.data.abs_().add_(0.1)  # nothing cancels and no ReLU closes
    for layer in model:
        if isinstance(layer.layer, MaxPool):  # a maximum hands its gradient to one cell only, though it saw all
            layer.pool = torch.nn.AvgPool2d(layer.pool.kernel_size, layer.pool.stride)
    clip = torch.rand(1, *architecture.in_shape, requires_grad=True)
    last = model(clip)
    last[0, :, last.shape[2] // 2, last.shape[3] // 2].sum().backward()
    rows, columns = clip.grad[0].sum(0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize("rho", range(11))
def test_receptive_field_of_cp_resnet_is_the_support_of_its_gradient(rho):
    torch.manual_seed(rho)
    architecture = cp_resnet(4, 2, depth=2 if rho > 8 else 0, rho=rho, n_mels=256, n_frames=272)
    assert receptive_field(architecture) == gradient_support(architecture)


def test_names_in_the_state_dict_are_layer_operation_parameter():
    model = build_model(Architecture((Conv(4, kernel_size=3, norm="batch"), Residual(8), Classifier()), (1, 9, 9), 10))
    names = [name for name in model.state_dict() if name.endswith("weight")]
    assert names == [
        *("0.conv.weight", "0.norm.weight"),
        *("1.conv.weight", "1.norm.weight", "1.conv2.weight", "1.norm2.weight"),
        *("1.shortcut_conv.weight", "1.norm3.weight"),
        *("2.conv.weight", "2.norm.weight"),
    ]


def test_print_shows_layers_and_operations():
    text = repr(build_model(cp_mobile()))
    assert "(2): InvertedBottleneck(\n    (conv): Conv2d(32, 64, kernel_size=(1, 1), stride=(1, 1), bias=False)" in text


def test_models_survive_copy_and_pickle():
    model = build_model(cp_mobile()).eval()
    clip = torch.randn(1, 1, 256, 65)
    with torch.no_grad():
        expected = model(clip)
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert torch.equal(twin(clip), expected)
            assert twin.architecture == model.architecture


def test_same_seed_gives_the_same_weights():
    def draw():
        torch.manual_seed(3)
        return torch.cat([parameter.flatten() for parameter in build_model(cp_mobile()).parameters()])

    assert torch.equal(draw(), draw())


def test_networks_can_be_built_on_the_meta_device():
    with torch.device("meta"):
        model = build_model(S1)
    assert sum(parameter.numel() for parameter in model.parameters()) == count_cost(S1).params


@pytest.mark.parametrize("architecture", [cp_mobile(), dcase2022(), S1], ids=["cp_mobile", "dcase2022", "S1"])
def test_published_networks_measure_as_described(architecture):
    with torch.device("meta"):
        model = build_model(architecture)
    cost, measured = count_cost(architecture), count_module(model, architecture.in_shape)
    assert (cost.params, cost.all_params) == (measured.params, measured.all_params)
    assert (cost.macs, cost.official_macs) == (measured.macs, measured.official_macs)
    assert measured.unknown_operations == ()


def test_thop_of_the_baselines_is_what_was_counted_independently():
    # counted once on the 2024 repository's own module, whose global mean is an adaptive pooling of 32 x 9 cells
    explained = sum(explain_thop(cp_mobile()).values()) + (32 * 9 + 1) * 10
    assert count_cost(cp_mobile()).macs + explained == 32_639_050
    assert count_thop(build_model(dcase2022()), (1, 40, 51)).macs == 29_474_920


def test_counting_leaves_the_model_alone():
    model = build_model(dcase2022())
    before = list(model.state_dict())
    count_thop(model, (1, 40, 51))
    count_module(model, (1, 40, 51))
    assert list(model.state_dict()) == before
    assert model.training
    assert all(parameter.device.type == "cpu" for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_operations_that_no_list_knows_are_reported():
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.erfinv(x) @ torch.ones(5, 2, device=x.device)

    measured = count_module(Odd(), (3, 4, 5))
    assert "erfinv" in measured.unknown_operations
    assert measured.macs == 3 * 4 * 5 * 2


def test_damping_scales_kernel_rows_from_one_at_the_centre_to_the_floor():
    conv = DampedConv2d(1, 1, (5, 3), padding=(2, 1), bias=False, damping=0.2)
    torch.nn.init.ones_(conv.weight)
    impulse = torch.zeros(1, 1, 9, 9)
    impulse[0, 0, 4, 4] = 1
    column = conv(impulse)[0, 0, :, 4]
    torch.testing.assert_close(column, torch.tensor([0, 0, 0.2, 0.6, 1, 0.6, 0.2, 0, 0]))
    assert list(conv.state_dict()) == ["weight"]


@pytest.mark.parametrize("damping", [0.01, 0.5])
def test_a_damped_kernel_of_three_has_the_floor_at_both_edges(damping):
    factors = DampedConv2d(1, 1, 3, damping=damping).damping.flatten()
    torch.testing.assert_close(factors, torch.tensor([damping, 1.0, damping]))


@pytest.mark.parametrize("shift", [1, 3, 5, 6])
def test_rolling_is_torchs_roll(shift):
    x = torch.randn(2, 6, 3, 4)
    assert torch.equal(RollModule(shift)(x), torch.roll(x, shift, dims=1))


def test_rolling_lets_groups_see_their_neighbours():
    def groups_seen(roll):
        model = build_model(
            Architecture((Residual(8, groups=4, roll=roll), Residual(8, groups=4, roll=roll)), (8, 5, 5), 10)
        )
        clip = torch.rand(1, 8, 5, 5, requires_grad=True)
        model.eval()(clip)[0, :2].sum().backward()
        return int((clip.grad[0].abs().sum((1, 2)).reshape(4, 2).sum(1) > 0).sum())

    assert groups_seen(False) == 1
    assert groups_seen(True) == 3


class Shared(Layer):
    """Reads its input after an activation of it: the activation must not write over it."""

    def expand(self, tape, x):
        rolled = tape.apply(ChannelRoll(1), x)
        active = tape.activate(rolled, "relu")
        pooled = tape.apply(GlobalPooling(), rolled)
        del pooled
        return active


def test_an_activation_does_not_write_over_what_another_operation_reads():
    model = build_model(Architecture((Shared(), Dropout(0.5)), (4, 5, 5), 10)).eval()
    assert not any(getattr(module, "inplace", False) for module in model.modules())


@pytest.mark.parametrize("per_band", [False, True])
def test_sub_spectral_norm_is_a_batch_norm_of_each_sub_band(per_band):
    norm, clips = SubSpectralNorm(4, 3, per_band=per_band), torch.randn(5, 4, 6, 7)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    expected = []
    for index, band in enumerate(clips.split(2, dim=2)):
        whole = nn.BatchNorm2d(4)
        whole.weight.data, whole.bias.data = norm.weight[:, index * per_band], norm.bias[:, index * per_band]
        expected.append(whole(band))
        if index == 1:
            middle = whole
    torch.testing.assert_close(norm(clips), torch.cat(expected, dim=2))
    torch.testing.assert_close(norm.running_var.view(4, 3)[:, 1], middle.running_var)


def test_sub_bands_must_divide_the_frequency_bins():
    with pytest.raises(LayerError, match=r"`n_bands` must divide the frequency bins, but got n_bands=2 on 9 bins"):
        build_model(Architecture((Norm(n_bands=2),), (4, 9, 11), 10))
