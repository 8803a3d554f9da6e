"""Gates of mel bands: the penalty against its formulas written out, the projection against a sort."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.compression import BandGates, BandPenalty
from nas_asc.errors import TrainingError
from nas_asc.recipe import BandSelection


def build(weights, n_kept, **selection):
    gates = BandGates(len(weights))
    gates.weight.data = torch.tensor(weights)
    return gates, BandPenalty(gates, n_kept=n_kept, selection=BandSelection(**selection))


def test_each_band_is_multiplied_by_its_gate():
    gates, _ = build([1.0, 0.0, -2.0], 1)
    x = torch.randn(2, 2, 3, 5)
    torch.testing.assert_close(gates(x), torch.stack([x[:, :, 0], 0 * x[:, :, 1], -2 * x[:, :, 2]], dim=2))


@given(st.lists(st.floats(-4, 4, width=32), min_size=2, max_size=9), st.data())
def test_bands_of_the_largest_magnitudes_are_kept(weights, data):
    n_kept = data.draw(st.integers(1, len(weights) - 1))
    _, penalty = build(weights, n_kept)
    penalty.after_epoch(SimpleNamespace(n_epochs=1), 1)
    ranked = sorted(range(len(weights)), key=lambda band: (-abs(weights[band]), band))
    assert penalty.kept_bands == tuple(sorted(ranked[:n_kept]))


def test_updates_are_those_of_the_formulas():
    trainer = SimpleNamespace(learning_rate=0.1, n_epochs=4)
    gates, penalty = build([0.5, -2.0, 1.0, 1.5], 2, rho=3.0, start=0.25)
    w, u = gates.weight.detach().clone(), torch.zeros(4)
    penalty.after_epoch(trainer, 1)  # too early
    penalty.after_step(trainer)
    assert torch.equal(gates.weight, w)
    for epoch in (2, 3, 4):
        penalty.after_epoch(trainer, epoch)
        z = (w + u) * ((w + u).abs() >= (w + u).abs().sort().values[-2])
        u = u + w - z
        for _ in range(3):
            penalty.after_step(trainer)
            w = w - 0.1 * 3.0 * (w - z + u)
        torch.testing.assert_close(gates.weight.detach(), w)
    assert penalty.kept_bands == (1, 3)


@pytest.mark.parametrize("n_kept", [-1, 0, 4, 5])
def test_number_of_bands_out_of_range_is_named(n_kept):
    with pytest.raises(TrainingError, match=f"below the 4 mel bands to choose from, but got n_kept={n_kept}"):
        build([1.0] * 4, n_kept)
