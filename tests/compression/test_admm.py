"""The penalty against its formulas written out, and what it is for: channels near zero when they are removed."""

from types import SimpleNamespace

import pytest
import torch

from nas_asc.compression import AdmmPenalty, ChannelPruner, prune_channels
from nas_asc.cost import count_cost
from nas_asc.layers import Architecture, Classifier, Conv, InvertedBottleneck
from nas_asc.models import build_model
from nas_asc.recipe import AdmmPruning

TRAINER = SimpleNamespace(learning_rate=0.1)


def test_updates_are_those_of_the_formulas():
    torch.manual_seed(0)
    model = build_model(Architecture((Conv(4, 1), Classifier(norm=None)), (1, 4, 4), 3))
    weight = model[0].conv.weight.data
    weight.copy_(torch.tensor([4.0, 1.0, 3.0, 0.5]).view(4, 1, 1, 1))
    penalty = AdmmPenalty(model, AdmmPruning(max_params=2 * (1 + 3), max_macs=None, rho=3.0))
    w, u = weight.flatten().clone(), torch.zeros(4)
    for _ in range(3):
        penalty.after_epoch(TRAINER, 1)
        z = (w + u) * torch.tensor([1.0, 0.0, 1.0, 0.0])  # two of four channels fit
        u = u + w - z
        for _ in range(2):
            penalty.after_step(TRAINER)
            w = w - 0.1 * 3.0 * (w - z + u)
        torch.testing.assert_close(weight.flatten(), w)
    assert weight.flatten()[[1, 3]].abs().max() < 1


def test_channels_that_will_go_fade_and_their_removal_hardly_changes_the_output():
    torch.manual_seed(0)
    stem = Conv(12, 3, norm="batch", activation="relu")
    architecture = Architecture((stem, InvertedBottleneck(12), Classifier()), (1, 16, 16), 5)
    limits = {"max_params": count_cost(architecture).params // 2, "max_macs": None}
    clips, changes = torch.randn(8, 1, 16, 16), []
    for n_epochs in (0, 12):
        torch.manual_seed(1)
        model = build_model(architecture)
        penalty = AdmmPenalty(model, AdmmPruning(**limits, rho=1.0))
        for epoch in range(n_epochs):
            penalty.after_epoch(TRAINER, epoch)
            for _ in range(5):
                penalty.after_step(TRAINER)
        smaller, state = prune_channels(model.eval(), **limits)
        shrunk = build_model(smaller).eval()
        shrunk.load_state_dict(state)
        with torch.no_grad():
            changes.append(float((shrunk(clips) - model(clips)).norm() / model(clips).norm()))
    assert changes[1] < 0.1 * changes[0]


@pytest.mark.parametrize("n_steps", [1, 4])
def test_what_stays_is_pulled_to_where_it_was(n_steps):
    torch.manual_seed(0)
    model = build_model(Architecture((Conv(6, 3, norm="batch"), Classifier()), (1, 8, 8), 3))
    penalty = AdmmPenalty(model, AdmmPruning(max_params=60, max_macs=None))
    penalty.after_epoch(TRAINER, 1)
    kept, _ = ChannelPruner(model.architecture, model.state_dict()).groups_within(max_params=60, max_macs=None)
    before = {name: value.clone() for name, value in model.named_parameters()}
    for _ in range(n_steps):
        penalty.after_step(TRAINER)
    assert 0 < kept.sum() < len(kept)
    assert torch.equal(model[1].conv.weight, before["1.conv.weight"])
    changed = (model[0].conv.weight != before["0.conv.weight"]).flatten(1).any(dim=1)
    assert 0 < changed.sum() < 6
