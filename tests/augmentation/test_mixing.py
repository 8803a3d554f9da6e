"""Mixing of bands, rectangles, blocks and styles, against slow loops over clips and against their distributions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.augmentation import (
    StyleDraw,
    apply_augmentation,
    apply_blocks,
    apply_cuts,
    apply_styles,
    draw_augmentation,
    draw_bands,
    draw_blocks,
    draw_rectangles,
    draw_styles,
)
from nas_asc.recipe import BlockMix, FreqMixStyle
from tests.augmentation.facts import make_batch, make_facts


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))
@pytest.mark.parametrize("draw_cuts", [draw_bands, draw_rectangles])
@settings(max_examples=25, deadline=None)
def test_cut_is_the_partner_inside_and_the_clip_outside(draw_cuts, seed, n_clips, n_bands, n_frames):
    features, targets = make_batch((n_clips, 2, n_bands, n_frames), seed)
    cuts = draw_cuts(n_clips, n_bands, n_frames, alpha=1.0, generator=torch.Generator().manual_seed(seed))
    changed, weights = apply_cuts(features, targets, cuts)
    for clip in range(n_clips):
        partner, expected, n_taken = cuts.partners[clip], features[clip].clone(), 0
        for band in range(*cuts.bands[clip].tolist()):
            for frame in range(*cuts.frames[clip].tolist()):
                expected[:, band, frame] = features[partner, :, band, frame]
                n_taken += 1
        share = n_taken / (n_bands * n_frames)
        assert torch.equal(changed[clip], expected)
        torch.testing.assert_close(weights[clip], share * targets[partner] + (1 - share) * targets[clip])


def test_drawn_bands_fit_and_are_uniform_in_width_at_alpha_one():
    cuts = draw_bands(40_000, 100, 7, alpha=1.0, generator=torch.Generator().manual_seed(0))
    widths = cuts.bands.diff(dim=1).flatten()
    assert sorted(cuts.partners.tolist()) == list(range(40_000))
    assert (cuts.bands.min(), cuts.bands.max()) == (0, 100)
    assert (widths.min(), widths.max()) == (0, 100)
    assert torch.equal(cuts.frames, torch.tensor([[0, 7]]).expand(40_000, 2))
    counts = torch.bincount(widths, minlength=101)[1:100] / 400  # in percent; a share of 1 % each
    assert counts.min() > 0.75
    assert counts.max() < 1.3
    middles = cuts.bands.sum(dim=1)[(widths > 40) & (widths < 60)] / 2
    assert middles.float().mean().item() == pytest.approx(50, abs=0.5)


def test_small_alpha_takes_nearly_nothing_or_nearly_all():
    cuts = draw_bands(4_000, 100, 7, alpha=0.05, generator=torch.Generator().manual_seed(0))
    widths = cuts.bands.diff(dim=1).flatten()
    assert ((widths <= 5) | (widths >= 95)).float().mean() > 0.8


def test_uncut_rectangles_have_the_drawn_area_and_the_clips_proportions():
    cuts = draw_rectangles(40_000, 200, 100, alpha=1.0, generator=torch.Generator().manual_seed(0))
    heights, widths = cuts.bands.diff(dim=1).flatten(), cuts.frames.diff(dim=1).flatten()
    assert (cuts.bands.min(), cuts.bands.max()) == (0, 200)
    assert (cuts.frames.min(), cuts.frames.max()) == (0, 100)
    edges = torch.cat([cuts.bands[:, :1], 200 - cuts.bands[:, 1:], cuts.frames[:, :1], 100 - cuts.frames[:, 1:]], dim=1)
    is_whole = (edges > 0).all(dim=1)
    assert (heights[is_whole] - 2 * widths[is_whole]).abs().max() <= 2
    # a rectangle of side s has the centre in a given quarter of either axis whatever s is: areas there are as drawn
    small = is_whole & ((cuts.bands.sum(dim=1) - 200).abs() < 100) & ((cuts.frames.sum(dim=1) - 100).abs() < 50)
    areas = (heights * widths)[small] / 20_000
    assert areas.max() < 1
    inner = areas[areas < 0.2]
    assert inner.mean().item() == pytest.approx(0.1, abs=0.004)


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 9), st.integers(1, 12), st.booleans())
@settings(max_examples=40, deadline=None)
def test_blocks_come_from_the_same_class_and_place_and_from_another_city_where_there_is_one(
    seed, n_clips, n_frames, n_blocks, knows_cities
):
    generator = torch.Generator().manual_seed(seed)
    labels, cities = (torch.randint(3, (n_clips,), generator=generator) for _ in range(2))
    sources = draw_blocks(labels, cities if knows_cities else None, n_blocks=n_blocks, generator=generator)
    features = torch.randn(n_clips, 2, 3, n_frames, generator=generator)
    targets = torch.rand(n_clips, 4, generator=generator)
    changed, weights = apply_blocks(features, targets, sources)
    for clip in range(n_clips):
        allowed = {other for other in range(n_clips) if labels[other] == labels[clip]}
        elsewhere = {other for other in allowed if cities[other] != cities[clip]}
        if knows_cities and elsewhere:
            allowed = elsewhere
        assert set(sources[clip].tolist()) <= allowed
        total = torch.zeros(4)
        for frame in range(n_frames):
            source = sources[clip, frame * n_blocks // n_frames]
            assert torch.equal(changed[clip, :, :, frame], features[source, :, :, frame])
            total += targets[source]
        torch.testing.assert_close(weights[clip], total / n_frames)


def test_blocks_of_one_class_keep_its_target():
    features, targets = make_batch((12, 1, 4, 65))
    drawn = draw_augmentation((BlockMix(),), make_facts(features.shape), torch.Generator().manual_seed(0))
    changed, kept = apply_augmentation(features, targets, drawn)
    assert not torch.equal(changed, features)
    torch.testing.assert_close(kept, targets)


def test_clip_that_is_alone_of_its_class_stays():
    features = torch.randn(3, 1, 4, 20)
    sources = draw_blocks(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 2]), n_blocks=10, generator=torch.Generator())
    changed, _ = apply_blocks(features, torch.eye(3), sources)
    assert torch.equal(changed[0], features[0])
    assert torch.equal(changed[1:], features[1:].flip(0))


def test_blocks_are_uniform_over_the_clips_that_fit():
    labels, cities = torch.zeros(5, dtype=torch.int64), torch.tensor([0, 0, 1, 1, 2])
    sources = draw_blocks(labels, cities, n_blocks=30_000, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(sources[0], minlength=5) / 30_000
    torch.testing.assert_close(shares, torch.tensor([0, 0, 1 / 3, 1 / 3, 1 / 3]), atol=0.01, rtol=0)


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 3), st.integers(12, 20))
@settings(max_examples=25, deadline=None)
def test_style_is_that_of_both_clips_mixed_band_by_band(seed, n_clips, n_channels, n_frames):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n_clips, n_channels, 4, n_frames, generator=generator)
    styles = draw_styles(n_clips, alpha=0.3, generator=generator)
    changed = apply_styles(features, styles)
    for clip in range(n_clips):
        partner, share = styles.partners[clip], styles.weights[clip]
        for band in range(4):
            own, other = features[clip, :, band], features[partner, :, band]
            mean = share * own.mean() + (1 - share) * other.mean()
            std = share * own.std(correction=0) + (1 - share) * other.std(correction=0)
            expected = (own - own.mean()) / own.std(correction=0) * std + mean
            torch.testing.assert_close(changed[clip, :, band], expected, atol=2e-3, rtol=2e-3)


def test_style_mixing_and_standardising_can_change_places():
    features = torch.randn(6, 1, 8, 20) * 3 + 2
    mean, std = torch.randn(8).view(-1, 1), (torch.rand(8) + 0.5).view(-1, 1)
    styles = draw_styles(6, alpha=0.3, generator=torch.Generator().manual_seed(0))
    after = (apply_styles(features, styles) - mean) / std
    torch.testing.assert_close(apply_styles((features - mean) / std, styles), after, atol=1e-4, rtol=1e-4)


def test_own_style_alone_changes_nothing():
    features = torch.randn(3, 1, 8, 20)
    kept = apply_styles(features, StyleDraw(torch.tensor([1, 2, 0]), torch.ones(3)))
    torch.testing.assert_close(kept, features)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_batches_change_style_with_their_probability(p):
    features, targets = make_batch((4, 1, 3, 5))
    generator = torch.Generator().manual_seed(0)
    facts, n_changed = make_facts(features.shape), 0
    for _ in range(1_000):
        drawn = draw_augmentation((FreqMixStyle(p=p),), facts, generator)
        changed, kept = apply_augmentation(features, targets, drawn)
        n_changed += not torch.equal(changed, features)
        assert kept is targets
    assert n_changed / 1_000 == pytest.approx(p, abs=0.05)
