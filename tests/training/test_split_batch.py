"""A batch in two halves gives the gradients of the whole, the same every time."""

import torch
from torch import nn

from nas_asc.training.split_batch import SplitBatch, can_split


def make_model(norm):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 4, 3))


def compute_loss(model, features, targets):
    return nn.functional.cross_entropy(model(features), targets)


def make_batch(n_clips):
    return torch.randn(n_clips, 1, 6, 6), torch.eye(3)[torch.arange(n_clips) % 3]


def test_gradients_and_loss_are_those_of_the_whole_batch():
    for n_clips in (4, 7):
        model, whole = make_model(nn.Identity()), make_model(nn.Identity())
        features, targets = make_batch(n_clips)
        loss = SplitBatch(model, compute_loss=compute_loss).backward(features, targets)
        expected = compute_loss(whole, features, targets)
        expected.backward()
        torch.testing.assert_close(loss, expected.detach())
        for found, wanted in zip(model.parameters(), whole.parameters(), strict=True):
            torch.testing.assert_close(found.grad, wanted.grad)


def test_merged_statistics_are_the_mean_of_the_halves():
    features, targets = make_batch(8)
    halves = [make_model(nn.BatchNorm2d(4)) for _ in range(2)]
    for half, part in zip(halves, features.tensor_split(2), strict=True):
        half(part)
    model = make_model(nn.BatchNorm2d(4))
    split = SplitBatch(model, compute_loss=compute_loss)
    n_threads = torch.get_num_threads()
    with split.epoch():
        assert torch.get_num_threads() <= n_threads
        split.backward(features, targets)
    assert torch.get_num_threads() == n_threads
    expected = (halves[0][1].running_var + halves[1][1].running_var) / 2
    torch.testing.assert_close(model[1].running_var, expected)
    assert model[1].num_batches_tracked == 1


def test_halves_see_the_optimisers_steps():
    model = make_model(nn.Identity())
    split = SplitBatch(model, compute_loss=compute_loss)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    features, targets = make_batch(8)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        losses.append(float(split.backward(features, targets)))
        optimiser.step()
    assert losses[-1] < losses[0] / 2
    torch.testing.assert_close(split.backward(features, targets), compute_loss(model, features, targets).detach())


def test_models_that_draw_random_numbers_are_not_split():
    assert can_split(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0)))
    assert not can_split(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout2d(0.1))))
