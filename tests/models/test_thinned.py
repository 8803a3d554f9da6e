"""Convolutions of one bin whose strides differ: what torch computes, without the fault that ends processes."""

import copy
import subprocess
import sys

import pytest
import torch

from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.models import build_model, lower_network
from nas_asc.models.branched import BranchedConv2d

CRASHES = """
import torch
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.models import build_model

torch.set_num_threads(1)
layers = (Conv(10, kernel_size=1, bias=True), {layer}, Classifier())
network = build_model(Architecture(layers, (1, 40, 51), 10)).to(memory_format=torch.channels_last)
for _ in range(200):
    network(torch.randn(4, 1, 40, 51)).square().mean().backward()
    others = [torch.randn(7 * k + 1) for k in range(200)]
"""


@pytest.mark.parametrize("stride", [(2, 1), (1, 3), (4, 2)])
def test_values_and_gradients_are_those_of_the_plain_convolution(stride):
    torch.manual_seed(0)
    layer = Conv(6, kernel_size=1, stride=stride, bias=True)
    network = build_model(Architecture((layer, Classifier()), (4, 9, 11), 3)).double()
    conv = copy.deepcopy(network)[0].conv
    plain = torch.nn.Conv2d(4, 6, 1, stride, dtype=torch.float64)
    plain.load_state_dict(conv.state_dict())
    clips = torch.randn(2, 4, 9, 11, dtype=torch.float64, requires_grad=True)
    found, expected = conv(clips), plain(clips)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(expected)
    got = torch.autograd.grad((found * weights).sum(), [clips, conv.weight, conv.bias])
    wanted = torch.autograd.grad((expected * weights).sum(), [clips, plain.weight, plain.bias])
    torch.testing.assert_close(got, wanted)


def test_a_copy_has_its_own_weights():
    network = build_model(Architecture((Conv(4, kernel_size=1, stride=(2, 1)), Classifier()), (1, 8, 8), 3))
    other = copy.deepcopy(network)
    with torch.no_grad():
        other[0].conv.weight.zero_()
    assert network(torch.ones(1, 1, 8, 8)).any()
    assert network[0].conv(torch.ones(1, 1, 8, 8)).any()
    assert not other[0].conv(torch.ones(1, 1, 8, 8)).any()


@pytest.mark.parametrize("option", [{}, {"branches": 2}], ids=str)
def test_the_lowered_network_says_the_same_and_thins_out_too(option):
    layer = Conv(4, kernel_size=1, stride=(2, 1), padding="same", norm="batch", **option)
    network = build_model(Architecture((layer, Classifier()), (2, 8, 8), 3)).eval()
    lowered = lower_network(network)
    clips = torch.randn(3, 2, 8, 8)
    torch.testing.assert_close(lowered(clips), network(clips), atol=1e-5, rtol=1e-5)
    [conv] = [module for module in lowered.modules() if isinstance(module, torch.nn.Conv2d) and module.stride == (2, 1)]
    assert "AvgPool" in str(conv(clips.requires_grad_()).grad_fn.next_functions)


def test_branch_of_one_bin_is_thinned_out_too():
    branches = BranchedConv2d(4, 6, (3, 3), stride=(2, 1), groups=1, n_branches=1, has_identity=False)
    wide, narrow = branches.convolutions
    clips = torch.randn(2, 4, 9, 11, requires_grad=True)
    assert "AvgPool" in str(narrow(clips).grad_fn.next_functions)
    assert "AvgPool" not in str(wide(clips).grad_fn.next_functions)
    torch.testing.assert_close(narrow(clips), torch.nn.functional.conv2d(clips, narrow.weight, stride=(2, 1)))


@pytest.mark.parametrize(
    "layer",
    [
        "Conv(10, kernel_size=1, stride=(2, 1))",
        "Conv(10, kernel_size=3, stride=(2, 1), padding='same', norm='batch', branches=1)",
    ],
)
def test_training_ends_no_process(layer):
    done = subprocess.run(
        [sys.executable, "-c", CRASHES.replace("{layer}", layer)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
