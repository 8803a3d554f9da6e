"""Losses: each against its definition, spelled out number by number."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nas_asc.errors import RecipeError
from nas_asc.recipe import CrossEntropy, FocalLoss, Loss, Mixup, Recipe
from nas_asc.training import CPU, Clips, train_model
from nas_asc.training.loss import build_loss, focal_loss
from nas_asc.training.target import smooth_labels
from tests.training.halves import IN_HALVES

LABELS = torch.tensor([0] * 90 + [1] * 9 + [2])


def build(part, labels=LABELS, n_classes=3):
    return build_loss(part, labels, n_classes=n_classes, torch_device=CPU)


def make_batch(n_clips=6, n_classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(n_clips, n_classes, generator=generator)
    targets = torch.rand(n_clips, n_classes, generator=generator)
    return logits, targets / targets.sum(dim=1, keepdim=True)


def softmax(row):
    total = sum(math.exp(value) for value in row)
    return [math.exp(value) / total for value in row]


def focal_slowly(logits, targets, *, gamma, beta, counts):
    inverse = [(1 - beta) / (1 - beta**count) for count in counts]
    weights = [len(counts) * one / sum(inverse) for one in inverse]
    total = 0.0
    for row, target in zip(logits.tolist(), targets.tolist(), strict=True):
        for p, t, w in zip(softmax(row), target, weights, strict=True):
            total -= t * w * (1 - p) ** gamma * math.log(p)
    return total / len(logits)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_focal_loss_is_its_definition_on_soft_targets(gamma, beta):
    logits, targets = make_batch()
    expected = focal_slowly(logits, targets, gamma=gamma, beta=beta, counts=(90, 9, 1))
    assert float(build(FocalLoss(gamma, beta))(logits, targets)) == pytest.approx(expected, rel=1e-5)


def test_focal_loss_without_focus_and_balance_is_the_cross_entropy():
    logits, targets = make_batch()
    found = build(FocalLoss(gamma=0.0, beta=0.0))(logits, targets)
    torch.testing.assert_close(found, build(CrossEntropy())(logits, targets))
    torch.testing.assert_close(found, nn.functional.cross_entropy(logits, targets))


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 5.0])
def test_focal_loss_has_finite_gradients_where_a_clip_is_surely_right_or_wrong(gamma):
    logits = torch.tensor([[500.0, 0.0], [0.0, 500.0], [0.0, 0.0]], requires_grad=True)
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
    focal_loss(logits, targets, gamma=gamma, class_weights=torch.ones(2)).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[0].abs().max() < 1e-6
    assert logits.grad[1, 0] < -0.1


@given(st.lists(st.integers(1, 100_000), min_size=2, max_size=12), st.floats(0, 0.99999))
@settings(deadline=None)
def test_class_weights_have_a_mean_of_one_and_fall_with_the_clips(counts, beta):
    weights = FocalLoss(beta=beta).class_weights(tuple(counts))
    assert sum(weights) / len(weights) == pytest.approx(1)
    by_count = [weight for _, weight in sorted(zip(counts, weights, strict=True))]
    assert all(after <= before + 1e-9 for before, after in pairwise(by_count))


def test_class_weights_go_from_equal_to_the_inverse_of_the_clips():
    assert FocalLoss(beta=0.0).class_weights((90, 9, 1)) == (1, 1, 1)
    inverse = [3 / count / (1 / 90 + 1 / 9 + 1) for count in (90, 9, 1)]
    assert FocalLoss(beta=1 - 1e-7).class_weights((90, 9, 1)) == pytest.approx(inverse, rel=1e-4)


def test_a_class_without_clips_does_not_change_the_others():
    first, second = FocalLoss().class_weights((90, 9))
    assert FocalLoss().class_weights((90, 0, 9)) == (first, 1.0, second)


@pytest.mark.parametrize("part", [CrossEntropy(), FocalLoss()])
def test_loss_of_a_batch_is_that_of_its_parts_weighted_by_their_clips(part):
    loss, (logits, targets) = build(part), make_batch(7)
    parts = [loss(logits[:3], targets[:3]) * 3 / 7, loss(logits[3:], targets[3:]) * 4 / 7]
    torch.testing.assert_close(loss(logits, targets), sum(parts))


def test_smoothed_labels_give_torchs_smoothed_cross_entropy():
    logits, labels = make_batch()[0], torch.tensor([0, 1, 2, 2, 1, 0])
    found = build(CrossEntropy(0.1))(logits, smooth_labels(labels, 3, smoothing=0.1))
    torch.testing.assert_close(found, nn.functional.cross_entropy(logits, labels, label_smoothing=0.1))


def test_focal_loss_trains_and_its_curve_starts_at_the_definition():
    """With no learning and no norm the first epoch's loss is that of the untouched model."""
    torch.manual_seed(0)
    clips = Clips(torch.randn(20, 1, 4, 5), torch.arange(20) % 3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(20, 3))
    targets = smooth_labels(clips.labels, 3, smoothing=0.2)
    counts = (7, 7, 6)
    expected = focal_slowly(model(clips.features).detach(), targets, gamma=1.5, beta=0.9, counts=counts)
    recipe = Recipe(epochs=1, batch_size=20, augmentation=(), loss=FocalLoss(1.5, 0.9, 0.2))
    result = train_model(model, clips, IN_HALVES, recipe=recipe, n_classes=3, precision=torch.float32)
    assert result.curve[0].loss == pytest.approx(expected, rel=1e-5)
    recipe = Recipe(epochs=30, batch_size=10, augmentation=(Mixup(),), loss=FocalLoss(1.5, 0.9, 0.2))
    result = train_model(model, clips, IN_HALVES, recipe=recipe, n_classes=3)
    assert result.curve[-1].loss < result.curve[0].loss


def test_unknown_loss_is_refused():
    class UnknownLoss(Loss):
        label_smoothing = 0.0

        def __repr__(self):
            return "UnknownLoss()"

    with pytest.raises(RecipeError, match=r"`loss` must be one of .*, but got UnknownLoss\(\)"):
        build(UnknownLoss())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FocalLoss(-1), "`gamma` must be 0 or more, but got gamma=-1, in FocalLoss"),
        (lambda: FocalLoss(beta=1.0), "`beta` must be below 1, but got beta=1.0, in FocalLoss"),
        (lambda: FocalLoss(beta=-0.5), r"`beta` must be a share in \[0, 1\], but got beta=-0.5, in FocalLoss"),
    ],
)
def test_bad_value_is_refused(make, message):
    with pytest.raises(RecipeError, match=message):
        make()
