"""Each augmentation against a slow loop over clips, and its draws against their stated distribution."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.augmentation import (
    MaskDraw,
    MixupDraw,
    apply_masks,
    apply_mixup,
    apply_roll,
    draw_masks,
    draw_mixup,
    draw_roll,
)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_roll_is_torch_roll_of_every_clip(seed, n_clips, n_frames):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n_clips, 2, 3, n_frames, generator=generator)
    shifts = draw_roll(n_clips, n_frames, max_share=1.0, generator=generator)
    expected = torch.stack([clip.roll(int(shift), dims=2) for clip, shift in zip(features, shifts, strict=True)])
    assert torch.equal(apply_roll(features, shifts), expected)


def test_rolling_back_gives_the_clip_again():
    features, shifts = torch.randn(4, 1, 3, 7), torch.tensor([0, 3, -2, 7])
    assert torch.equal(apply_roll(apply_roll(features, shifts), -shifts), features)


def test_drawn_shifts_reach_both_limits_and_no_further():
    shifts = draw_roll(4000, 20, max_share=0.25, generator=torch.Generator().manual_seed(0))
    assert (shifts.min(), shifts.max()) == (-5, 5)


@pytest.mark.parametrize("axis", ["frequency", "time"])
def test_mask_is_zero_inside_and_untouched_outside(axis):
    features = torch.rand(3, 2, 6, 6) + 1
    masks = MaskDraw(axis, torch.tensor([0, 2, 5]), torch.tensor([6, 3, 0]))
    expected = features.clone()
    for index, (start, width) in enumerate(zip(masks.starts.tolist(), masks.widths.tolist(), strict=True)):
        view = expected[index] if axis == "frequency" else expected[index].transpose(1, 2)
        view[:, start : start + width] = 0
    assert torch.equal(apply_masks(features, masks), expected)


@given(st.integers(0, 1000), st.integers(1, 300), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_drawn_masks_fit_and_keep_their_share(seed, n_bins, share):
    generator = torch.Generator().manual_seed(seed)
    masks = draw_masks(50, n_bins, axis="time", max_share=share, generator=generator)
    assert (masks.widths >= 0).all()
    assert (masks.widths <= share * n_bins).all()
    assert (masks.starts >= 0).all()
    assert (masks.starts + masks.widths <= n_bins).all()


def test_unknown_axis_of_a_mask_is_refused():
    with pytest.raises(ValueError, match="axis='mel'"):
        draw_masks(2, 10, axis="mel", max_share=0.5, generator=torch.Generator())


def test_mixup_is_the_weighted_sum_of_clip_and_partner():
    features, targets = torch.randn(3, 1, 2, 2), torch.eye(3)
    mixup = MixupDraw(torch.tensor([2, 0, 1]), torch.tensor([0.9, 0.6, 1.0]))
    mixed, weights = apply_mixup(features, targets, mixup)
    for index, (partner, share) in enumerate(zip([2, 0, 1], [0.9, 0.6, 1.0], strict=True)):
        torch.testing.assert_close(mixed[index], share * features[index] + (1 - share) * features[partner])
        torch.testing.assert_close(weights[index], share * targets[index] + (1 - share) * targets[partner])


def test_drawn_mixup_weights_have_the_mean_of_a_folded_beta():
    mixup = draw_mixup(20_000, alpha=1.0, generator=torch.Generator().manual_seed(0))
    assert sorted(mixup.partners.tolist()) == list(range(20_000))
    assert mixup.weights.min() >= 0.5
    assert mixup.weights.mean().item() == pytest.approx(0.75, abs=0.005)
