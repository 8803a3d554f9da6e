"""Layers made of layers, and blocks that share weights, against what they are by definition."""

import pytest
import torch
from torch.nn import functional as F

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.layers import (
    MOMENTS,
    Architecture,
    BroadcastResidual,
    Classifier,
    Conv,
    Convolution,
    Dense,
    Ensemble,
    Flatten,
    Layer,
    MaxPool,
    Moments,
    Residual,
    SharedResidual,
)
from nas_asc.models import build_model, fold_norms


def build(*layers, in_shape=(4, 8, 6)):
    torch.manual_seed(0)
    return build_model(Architecture(layers, in_shape, 10)).eval()


def test_runs_of_a_shared_block_use_the_same_convolutions_and_norms_of_their_own():
    block, x = build(SharedResidual(3)), torch.randn(2, 4, 8, 6)
    for buffer in block.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    state, y = block.state_dict(), x
    norms = [f"0.{name}" for name, _ in block[0].named_children() if name.startswith("norm")]
    assert len(norms) == 6

    def norm(value, name):
        values = [state[f"{name}.{field}"] for field in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(value, *values)

    with torch.no_grad():
        for run in range(3):
            branch = F.relu(norm(F.conv2d(y, state["0.conv.weight"]), norms[2 * run]))
            y = F.relu(norm(F.conv2d(branch, state["0.conv2.weight"]), norms[2 * run + 1]) + y)
        torch.testing.assert_close(block(x), y)


def test_shared_weights_count_once_and_their_products_every_time():
    once, thrice = (count_cost(Architecture((SharedResidual(n),), (4, 8, 6), 10)) for n in (1, 3))
    assert thrice.params - once.params == 4 * 2 * 4  # four more norms of four channels
    assert thrice.macs == 3 * once.macs == 3 * 2 * 16 * 48


def test_shared_convolutions_fold_no_norm_since_each_run_has_another():
    kept = [name for name, _ in fold_norms(build(SharedResidual(2))).named_buffers() if name.endswith("running_var")]
    assert len(kept) == 4
    alone = [name for name, _ in fold_norms(build(SharedResidual(1))).named_buffers() if name.endswith("running_var")]
    assert not alone


class Borrower(Layer):
    width: int

    def expand(self, tape, x):
        first = tape.apply(Convolution(8, 1), x)
        return tape.apply(Convolution(self.width, 1), first, reuse=first)


@pytest.mark.parametrize(("width", "channels"), [(8, 4), (4, 8)])
def test_weights_of_something_else_cannot_be_used_again(width, channels):
    with pytest.raises(LayerError, match="`reuse` must be the output of an earlier Convolution with the same"):
        count_cost(Architecture((Borrower(width),), (channels, 5, 5), 10))
    assert count_cost(Architecture((Borrower(8),), (8, 5, 5), 10)).params == 64


@pytest.mark.parametrize("keeps_width", [True, False])
def test_broadcast_block_adds_its_time_part_to_every_band(keeps_width):
    channels = 4 if keeps_width else 6
    block, x = build(BroadcastResidual(channels, n_bands=2)), torch.randn(2, 4, 8, 6)
    parts = dict(block[0].named_children())
    with torch.no_grad():
        y = x if keeps_width else F.relu(parts["norm"](parts["width_conv"](x)))
        norms = [parts[name] for name in parts if name.startswith("norm")][0 if keeps_width else 1 :]
        convs = [parts[name] for name in parts if name.startswith("conv")]
        y = norms[0](convs[0](y))
        time_part = convs[2](F.silu(norms[1](convs[1](y.mean(2, keepdim=True)))))
        expected = F.relu(y + time_part.expand_as(y) + (x if keeps_width else 0))
        torch.testing.assert_close(block(x), expected)


def test_moments_are_those_of_numpy():
    x = torch.randn(2, 1, 3, 400) ** 2 + torch.arange(3.0).view(3, 1)
    found = build(Moments(), in_shape=(1, 3, 400))(x).view(2, len(MOMENTS), 3).numpy()
    values = x[:, 0].double().numpy()
    mean, deviation = values.mean(-1), values.std(-1)
    standard = (values - mean[..., None]) / deviation[..., None]
    expected = [mean, deviation**2, *((standard**order).mean(-1) for order in (3, 4, 5))]
    for kind, value in enumerate(expected):
        torch.testing.assert_close(torch.tensor(found[:, kind]), torch.tensor(value).float(), rtol=1e-3, atol=1e-3)


def test_moments_of_a_still_band_are_finite_and_have_a_gradient():
    x = torch.zeros(1, 1, 2, 5, requires_grad=True)
    build(Moments(), in_shape=(1, 2, 5))(x).sum().backward()
    assert torch.isfinite(x.grad).all()


MEMBERS = ((Conv(6, kernel_size=3), Classifier()), (MaxPool(2), Flatten(), Dense(10)), (Residual(8), Classifier()))


def test_ensemble_averages_probabilities_and_tandem_adds_logits():
    x = torch.randn(3, 4, 8, 6)
    parts = [build(*member) for member in MEMBERS]
    for merge, expected in (
        ("probabilities", torch.stack([part(x).softmax(1) for part in parts]).mean(0)),
        ("logits", torch.stack([part(x) for part in parts]).sum(0).softmax(1)),
    ):
        together = build(Ensemble(MEMBERS, merge=merge))
        values = [value for part in parts for value in part.state_dict().values()]
        together.load_state_dict(dict(zip(together.state_dict(), values, strict=True)))
        torch.testing.assert_close(together(x).softmax(1), expected)


def test_network_that_starts_at_zero_leaves_its_partner_alone_in_tandem():
    partner, silent = (Moments(), Dense(10)), (Conv(6, kernel_size=3), Classifier(norm=None, starts_at_zero=True))
    together, x = build(Ensemble((partner, silent), merge="logits")), torch.randn(3, 4, 8, 6)
    alone = build(*partner)
    alone.load_state_dict(dict(zip(alone.state_dict(), list(together.state_dict().values())[:2], strict=True)))
    torch.testing.assert_close(together(x), alone(x))


def test_costs_of_an_ensemble_are_the_sum_of_its_members():
    together = count_cost(Architecture((Ensemble(MEMBERS),), (4, 8, 6), 10))
    alone = [count_cost(Architecture(member, (4, 8, 6), 10)) for member in MEMBERS]
    for name in ("params", "all_params", "macs", "official_macs", "int8_bytes", "norm_params"):
        assert getattr(together, name) == sum(getattr(cost, name) for cost in alone), name
    assert together.peak_ram_bytes >= max(cost.peak_ram_bytes for cost in alone)


def test_member_that_ends_in_a_map_is_refused():
    with pytest.raises(LayerError, match="all members must give one logit a class"):
        count_cost(Architecture((Ensemble(((MaxPool(2),), (Classifier(),))),), (4, 8, 6), 10))


@pytest.mark.parametrize("members", [(), ((),), (Classifier(),), ((Classifier(), 3),)])
def test_what_is_no_network_cannot_be_a_member(members):
    with pytest.raises(LayerError, match="`members` must be a tuple of tuples of layers"):
        Ensemble(members)


@pytest.mark.parametrize("kinds", [(), ("mean", "mean"), ("median",), "mean"])
def test_unknown_moments_are_refused(kinds):
    with pytest.raises(LayerError, match="`kinds` must be some of mean, variance"):
        Moments(kinds)
