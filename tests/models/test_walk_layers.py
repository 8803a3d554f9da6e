"""Norms of a clip by itself, pooling by attention, and blocks: against slow loops and against one another."""

import pytest
import torch

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Activation,
    Architecture,
    AttentivePool,
    BasicBlock,
    Bottleneck,
    InvertedBottleneck,
    Norm,
    Residual,
    expand_architecture,
)
from nas_asc.models import build_model
from nas_asc.models.module import AttentivePooling, GlobalMean


def network(layer, in_shape=(8, 9, 11)):
    return Architecture((layer,), in_shape, 10)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7])
def test_each_band_of_a_clip_is_normalised_over_channels_and_frames(share):
    clips = torch.randn(3, 4, 5, 6, dtype=torch.double) * 3 + 1
    norm = Norm("residual", residual=share) if share else Norm("frequency_instance")
    expected = torch.empty_like(clips)
    for clip in range(3):
        for band in range(5):
            values = clips[clip, :, band]
            mean = values.sum() / values.numel()
            deviation = ((values - mean).square().sum() / values.numel() + 1e-5).sqrt()
            expected[clip, :, band] = share * values + (values - mean) / deviation
    torch.testing.assert_close(build_model(network(norm, (4, 5, 6)))(clips), expected)


def test_a_band_that_is_louder_on_one_device_looks_the_same():
    clips = torch.randn(2, 1, 8, 30)
    louder = clips * torch.linspace(0.5, 2, 8)[:, None] + torch.linspace(-3, 3, 8)[:, None]
    norm = build_model(network(Norm("frequency_instance"), (1, 8, 30)))
    torch.testing.assert_close(norm(louder), norm(clips), atol=1e-3, rtol=1e-3)


def test_an_exported_norm_is_the_same_and_needs_no_stored_weights():
    model, clips = build_model(network(Norm("residual"))).eval(), torch.randn(3, 8, 9, 11)
    exported = torch.export.export(model, (torch.randn(2, 8, 9, 11),), dynamic_shapes=({0: torch.export.Dim("b")},))
    assert not any("layer_norm" in str(node.target) for node in exported.graph.nodes)
    torch.testing.assert_close(exported.module()(clips), model(clips))


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_attention_weighs_each_group_by_the_softmax_of_its_scores(groups):
    x, scores = torch.randn(2, 6, 3, 4).double(), torch.randn(2, groups, 3, 4).double()
    expected = torch.zeros(2, 6).double()
    for clip in range(2):
        for channel in range(6):
            weights = torch.exp(scores[clip, channel * groups // 6] / 6**0.5)
            expected[clip, channel] = (weights / weights.sum() * x[clip, channel]).sum()
    torch.testing.assert_close(AttentivePooling()(x, scores), expected)


def test_equal_scores_give_the_mean():
    x = torch.randn(2, 6, 3, 4)
    torch.testing.assert_close(AttentivePooling()(x, torch.full((2, 2, 3, 4), 5.0)), GlobalMean()(x))


def test_attention_costs_its_scores_and_its_weighted_sum():
    cost = count_cost(network(AttentivePool(2, hidden=5)))
    assert cost.params == 8 * 5 + 5 + 5 * 2
    assert cost.macs == 99 * (8 * 5 + 5 * 2 + 8)
    assert cost.official_macs == 99 * (8 * 5 + 5 + 5 * 2)  # torchinfo sees no weighted sum
    over_time = count_cost(network(AttentivePool(2, hidden=5, over="time")))
    assert over_time.macs == 11 * (8 * 5 + 5 * 2 + 8)


def test_groups_of_attention_must_divide_the_channels():
    with pytest.raises(LayerError, match="`groups` must divide the input channels, but got groups=3 and 8 channels"):
        build_model(network(AttentivePool(3)))


@pytest.mark.parametrize(("block", "known"), [
    (BasicBlock(8), Residual(8)),
    (BasicBlock(12, activation="silu"), Residual(12, activation="silu")),
    (Bottleneck(8, expansion=2.5), InvertedBottleneck(8, expansion=2.5, divisor=1)),
    (Bottleneck(8, kernel_size=5, last_activation=False),
     InvertedBottleneck(8, kernel_size=5, divisor=1, end_activation=False)),
])  # fmt: skip
def test_a_block_without_new_choices_is_the_known_one(block, known):
    first, second = build_model(network(block)).eval(), build_model(network(known)).eval()
    second.load_state_dict(first.state_dict())
    clips = torch.randn(2, 8, 9, 11)
    torch.testing.assert_close(first(clips), second(clips))
    assert count_cost(network(block)) == count_cost(network(known))


def test_activations_stand_where_they_are_asked_for():
    def places(layer):
        operations = expand_architecture(network(layer))[0].operations
        return [operation.output for operation in operations if isinstance(operation.primitive, Activation)]

    # 1 conv 2 norm 3 activation 4 conv 5 norm 6 activation 7 conv 8 norm 9 add 10 activation
    assert places(Bottleneck(8)) == [3, 6, 10]
    assert places(Bottleneck(8, first_activation=False, last_activation=False)) == [5]
    assert places(Bottleneck(8, middle_activation=False)) == [3, 9]
    assert places(BasicBlock(8, first_activation=False)) == [6]
    assert places(BasicBlock(8, last_activation=False)) == [3]


def test_grouped_bottlenecks_are_counted_by_their_closed_form():
    # 32 channels, middle 16 in 4 groups: two 1x1, one 3x3 of 4 channels a group, three batch norms
    cost = count_cost(network(Bottleneck(32, expansion=0.5, groups=4), (32, 9, 11)))
    assert cost.params == 2 * 32 * 16 + 9 * 16 * 4 + 2 * (16 + 16 + 32)
    assert cost.macs == 99 * (2 * 32 * 16 + 9 * 16 * 4)
