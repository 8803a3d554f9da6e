"""A lowered network gives what the network gives, for every layer and every published system."""

import pytest
import torch

from nas_asc.layers import (
    Architecture,
    BatchNorm,
    Classifier,
    Conv,
    Dense,
    Dropout,
    Ensemble,
    Moments,
    Norm,
    RandomZeroing,
    SubSpectralNorm,
    format_layer,
)
from nas_asc.models import build_model, lower_network
from tests.models.cases import CASES
from tests.models.drawn import draw_model
from tests.models.systems import describe_system, of_every_system


def assert_equal(architecture):
    model = draw_model(architecture)
    lowered, clips = lower_network(model), torch.randn(2, *architecture.in_shape)
    with torch.inference_mode():
        expected, found = model(clips), lowered(clips)
    assert torch.allclose(found, expected, atol=1e-4 * expected.abs().max().item(), rtol=1e-4)
    for step in lowered.steps:
        assert not isinstance(step.primitive, BatchNorm | SubSpectralNorm | RandomZeroing)
        assert step.primitive.out_shape(*step.in_shapes) == step.out_shape
    return lowered


@pytest.mark.parametrize(
    ("layer", "in_shape"), [case[:2] for case in CASES], ids=[format_layer(case[0]) for case in CASES]
)
def test_lowered_layer_gives_what_the_layer_gives(layer, in_shape):
    assert_equal(Architecture((layer,), in_shape, 10))


@of_every_system
def test_lowered_system_gives_what_the_system_gives(space, name):
    assert_equal(describe_system(space, name))


def test_names_tell_layer_and_operation():
    architecture = Architecture(
        (Norm(), Conv(8, kernel_size=3, norm="batch", activation="silu"), Dropout(0.1), Classifier()), (1, 9, 7), 10
    )
    lowered = assert_equal(architecture)
    names = [step.name for step in lowered.steps]
    assert names == ["0.norm", "1.conv", "1.activation.gate", "1.activation", "3.conv", "3.pool", "3.pool.flat"]
    assert [step.name for step in lowered.readers(2)] == ["1.activation.gate", "1.activation"]


def test_weights_that_serve_twice_are_one_module():
    lowered = lower_network(draw_model(describe_system("shared_resnet", "Shared-N3-10")))
    convolutions = [step.module for step in lowered.steps if step.primitive.word == "conv"]
    assert len({id(module) for module in convolutions}) < len(convolutions)


def test_a_network_elsewhere_is_lowered_there():
    """With a norm that becomes a convolution of its own, and moments that get a scale."""
    layers = (Ensemble(((Norm("batch"), Classifier()), (Moments(), Dense(10)))),)
    with torch.device("meta"):
        lowered = lower_network(build_model(Architecture(layers, (2, 9, 11), 10)).eval())
    assert all(value.is_meta for value in lowered.state_dict().values())
    assert lowered(torch.zeros(3, 2, 9, 11, device="meta")).shape == (3, 10)
