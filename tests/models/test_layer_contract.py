"""The contract that every layer passes: shape, costs, gradients, batches, text."""

import importlib
import pkgutil

import pytest
import torch
import torchinfo

import nas_asc.layers
from nas_asc.cost import count_cost
from nas_asc.layers import (
    LAYER_TYPES,
    Architecture,
    Layer,
    expand_architecture,
    format_architecture,
    format_layer,
    parse_architecture,
)
from nas_asc.models import build_model, count_module, count_thop, explain_thop, fold_branches, fold_norms
from tests.models.cases import CASES, Fork

each_layer = pytest.mark.parametrize(
    ("layer", "in_shape", "out_shape"), CASES, ids=[format_layer(layer) for layer, _, _ in CASES]
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def describe(layer, in_shape):
    return Architecture((layer,), in_shape, 10)


def deploy(architecture):
    """The module whose costs count: trained branches are one convolution; all else is as it was trained."""
    return fold_branches(build_model(architecture))


def draw_model(architecture):
    """A model whose norms are not at their first values, so that mistakes show."""
    model = build_model(architecture)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=0.5, std=0.5)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return model


def test_every_layer_has_a_case():
    for module in pkgutil.iter_modules(nas_asc.layers.__path__, "nas_asc.layers."):
        importlib.import_module(module.name)
    written = {kind for kind in subclasses(Layer) if kind.__module__.startswith("nas_asc.layers.")}
    exported = {kind for kind in written if vars(nas_asc.layers).get(kind.__name__) is kind}
    tried = {type(layer) for layer, _, _ in CASES}
    assert not names(written - exported), "import them in nas_asc/layers/__init__.py, and name them in its __all__"
    assert not names(written - set(LAYER_TYPES)), "name them in LAYER_TYPES of nas_asc/layers/text.py"
    assert not names(written - tried), "give each a line in CASES of tests/models/cases.py"


def subclasses(kind):
    return {each for child in kind.__subclasses__() for each in (child, *subclasses(child))}


def names(kinds):
    return sorted(kind.__name__ for kind in kinds)


@each_layer
def test_shape_is_as_documented_and_as_built(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    assert expand_architecture(architecture)[-1].out_shape == out_shape
    for memory_format in (torch.contiguous_format, torch.channels_last):
        clips = torch.randn(2, *in_shape)
        clips = clips.to(memory_format=memory_format) if clips.dim() == 4 else clips
        assert build_model(architecture)(clips).shape == (2, *out_shape)


@each_layer
def test_static_costs_are_those_measured_on_the_built_module(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    cost, measured = count_cost(architecture), count_module(deploy(architecture), in_shape)
    assert measured.unknown_operations == ()
    assert cost.params == measured.params
    assert cost.all_params == measured.all_params
    assert cost.macs == measured.macs
    assert cost.official_macs == measured.official_macs


@each_layer
def test_official_counts_are_those_of_torchinfo(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    summary = torchinfo.summary(deploy(architecture), input_size=(1, *in_shape), verbose=0, device="cpu")
    cost = count_cost(architecture)
    assert (cost.params, cost.official_macs) == (summary.total_params, summary.total_mult_adds)


@each_layer
def test_what_thop_counts_is_explained_to_the_last_one(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    measured = count_thop(deploy(architecture), in_shape)
    assert measured.macs == count_cost(architecture).macs + sum(explain_thop(architecture).values())


@each_layer
def test_gradients_reach_every_parameter(layer, in_shape, out_shape):
    model = draw_model(describe(layer, in_shape))
    levels = torch.tensor([-3.0, -1.0, 0.0, 3.0])  # so that what follows a mean is below zero too
    clips = torch.randn(4, *in_shape) + levels.view(-1, *[1] * len(in_shape))
    clips.requires_grad_()
    (model(clips) * torch.randn(4, *out_shape)).sum().backward()
    assert clips.grad.abs().sum() > 0
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} is not used"
        assert parameter.grad.abs().sum() > 0, f"{name} changes nothing of the output on any of four clips"


@each_layer
def test_a_batch_of_n_equals_n_batches_of_one(layer, in_shape, out_shape):
    model = draw_model(describe(layer, in_shape)).eval().double()
    clips = torch.randn(3, *in_shape, dtype=torch.double)
    kept = clips.clone()
    with torch.no_grad():
        together = model(clips)
        alone = torch.cat([model(clip[None]) for clip in clips])
    torch.testing.assert_close(together, alone)
    assert torch.equal(clips, kept), "the input was written over"


@each_layer
def test_text_gives_the_layer_back(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    assert parse_architecture(format_architecture(architecture), [Fork]) == architecture


@each_layer
def test_weights_fit_another_build(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    first, second = draw_model(architecture).eval(), build_model(architecture).eval()
    second.load_state_dict(first.state_dict())
    clips = torch.randn(2, *in_shape)
    with torch.no_grad():
        torch.testing.assert_close(first(clips), second(clips))


@each_layer
def test_folding_norms_changes_no_output_and_leaves_the_values_of_the_int8_file(layer, in_shape, out_shape):
    architecture = describe(layer, in_shape)
    model, clips = draw_model(architecture).eval(), torch.randn(2, *in_shape)
    with torch.inference_mode():
        expected = model(clips)
        folded = fold_norms(model)
        torch.testing.assert_close(folded(clips), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(model(clips), expected)
    lone = [module for module in folded.modules() if hasattr(module, "running_var")]
    n_bytes = sum(value.numel() * (4 if name.endswith("bias") else 1) for name, value in folded.named_parameters())
    assert lone or n_bytes == count_cost(architecture).int8_bytes
