"""Several networks as one: the same outputs as their mean, and the set that a search over all sets finds."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.errors import CompressionError
from nas_asc.evaluation import Member, TrainedNetwork, choose_members, join_networks
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv, InvertedBottleneck, SharedResidual
from tests.models.drawn import draw_model

STANDARD = {"standardiser.mean": torch.zeros(12), "standardiser.std": torch.ones(12)}
LAYERS = [
    (Conv(4, kernel_size=3, norm="batch", activation="relu"), Classifier()),
    (Conv(6, kernel_size=3, stride=2, norm="batch", activation="prelu"), SharedResidual(2), Classifier()),
    (Conv(8, kernel_size=1), InvertedBottleneck(8), Classifier()),
]


def make_member(number, layers, probabilities=None):
    model = draw_model(Architecture(layers, (1, 12, 9), 5))
    state = {name: value.detach() for name, value in model.state_dict().items()} | STANDARD
    return Member(number, TrainedNetwork(model.architecture, LogMel(), state), probabilities)


def make_candidates(n_clips=60):
    """Eight members whose probabilities are right by chance, of three sizes."""
    generator = np.random.default_rng(0)
    labels = generator.integers(5, size=n_clips)
    members = []
    for number in range(8):
        logits = generator.normal(size=(n_clips, 5))
        logits[np.arange(n_clips), labels] += generator.uniform(0.2, 1.5)
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        members.append(make_member(number, LAYERS[number % 3], probabilities))
    return members, labels


def loss(members, labels):
    mean = sum(member.probabilities for member in members) / len(members)
    return -np.log(mean[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("n", [2, 3])
def test_joined_network_gives_the_mean_of_the_probabilities(n):
    members = [make_member(number, layers) for number, layers in enumerate(LAYERS[:n])]
    joined, _, _ = join_networks(members).load()
    clips = torch.randn(4, 1, 12, 9)
    with torch.inference_mode():
        alone = [member.network.load()[0] for member in members]
        expected = torch.stack([network(clips).softmax(dim=1) for network in alone]).mean(dim=0)
        found = joined(clips).softmax(dim=1)
    assert torch.allclose(found, expected, atol=1e-5)


def test_costs_of_the_joined_network_add_up():
    members = [make_member(number, layers) for number, layers in enumerate(LAYERS)]
    whole = count_cost(join_networks(members).architecture)
    parts = [count_cost(member.network.architecture) for member in members]
    assert whole.params == sum(cost.params for cost in parts)
    assert whole.macs == sum(cost.macs for cost in parts)


def test_members_of_other_inputs_are_refused():
    one, other = make_member(3, LAYERS[0]), make_member(7, LAYERS[1])
    state = {**other.network.state, "standardiser.mean": torch.ones(12)}
    moved = replace(other, network=replace(other.network, state=state))
    with pytest.raises(CompressionError, match="trials 3, 7 take different inputs"):
        join_networks([one, moved])


def test_one_network_alone_stays_as_it_is():
    member = make_member(3, LAYERS[0])
    assert join_networks([member]) is member.network


@pytest.mark.parametrize("n_most", [1, 2])
def test_choice_is_that_of_a_search_over_all_sets(n_most):
    members, labels = make_candidates()
    budget = Budget(max_params=700)
    sets = [some for n in range(1, n_most + 1) for some in combinations(members, n)]
    costs = {some: sum(count_cost(member.network.architecture).params for member in some) for some in sets}
    expected = min((some for some in sets if costs[some] <= 700), key=lambda some: loss(some, labels))
    found = choose_members(members, labels, budget, n_most=n_most)
    assert {member.number for member in found} == {member.number for member in expected}
    assert any(cost > 700 for cost in costs.values()) or n_most == 1


def test_larger_sets_fit_and_are_no_worse():
    members, labels = make_candidates()
    budget, losses = Budget(max_params=1_500), []
    for n_most in (1, 2, 3, 4):
        found = choose_members(members, labels, budget, n_most=n_most)
        assert 1 <= len(found) <= n_most
        assert sum(count_cost(member.network.architecture).params for member in found) <= 1_500
        losses.append(loss(found, labels))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_nothing_that_fits_is_no_set():
    members, labels = make_candidates()
    assert choose_members(members, labels, Budget(max_params=1), n_most=3) == ()
