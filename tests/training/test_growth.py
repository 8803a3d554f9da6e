"""Trainings that begin with a share of the clips."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nas_asc.errors import RecipeError
from nas_asc.recipe import ClipGrowth, Recipe
from nas_asc.training import CPU, Clips, Trainer, Way, train_model
from tests.training.halves import IN_HALVES

N_CLIPS, N_CLASSES, BATCH = 60, 3, 6
GROWTH = ClipGrowth(stops=(2, 3), shares=(0.25, 0.5))


def make_clips():
    features = torch.arange(N_CLIPS, dtype=torch.float32).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 5).clone()
    return Clips(features, torch.arange(N_CLIPS) % N_CLASSES)


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(20, N_CLASSES))


def make_trainer(growth, n_epochs=5):
    recipe = Recipe(batch_size=BATCH, augmentation=(), growth=growth)
    options = {"n_classes": N_CLASSES, "n_epochs": n_epochs, "seed": 3, "torch_device": CPU, "way": Way.HALVES}
    return Trainer(make_model(), make_clips(), recipe=recipe, **options)


def run_epochs(trainer):
    """Rows and learning rates of each epoch."""
    found = []
    for _ in range(trainer.n_epochs):
        with trainer.epoch() as batches:
            rates = []
            for batch in batches:
                rates.append(trainer.learning_rate)
                trainer.step(*trainer.build_batch(batch))
            found.append((torch.cat([batch.rows for batch in batches]), rates))
    return found


def test_epochs_see_nested_shares_of_every_class_and_the_last_ones_all_clips():
    epochs = [rows for rows, _ in run_epochs(make_trainer(GROWTH))]
    assert [len(rows) for rows in epochs] == [15, 15, 30, 60, 60]
    assert all(len(set(rows.tolist())) == len(rows) for rows in epochs)
    assert set(epochs[0].tolist()) == set(epochs[1].tolist()) < set(epochs[2].tolist())
    for rows in epochs:
        counts = torch.bincount(rows % N_CLASSES, minlength=N_CLASSES)
        assert counts.max() - counts.min() <= 1


def test_the_learning_rate_goes_by_epochs():
    whole, grown = run_epochs(make_trainer(None)), run_epochs(make_trainer(GROWTH))
    assert [rates[0] for _, rates in grown] == pytest.approx([rates[0] for _, rates in whole])
    assert [len(rates) for _, rates in grown] == [2, 2, 5, 10, 10]
    assert [rates for _, rates in grown[3:]] == [rates for _, rates in whole[3:]]


def test_a_share_of_one_changes_nothing():
    recipe = Recipe(epochs=3, batch_size=BATCH, augmentation=())
    states = []
    for growth in (None, ClipGrowth((2,), (1.0,))):
        model = make_model()
        made = Recipe(**{**vars(recipe), "growth": growth})
        train_model(model, make_clips(), replace(IN_HALVES, seed=1), recipe=made, n_classes=N_CLASSES)
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_stopped_and_gone_on_with_it_is_as_if_never_stopped():
    recipe = Recipe(epochs=5, batch_size=BATCH, growth=GROWTH, augmentation=())
    run, common = replace(IN_HALVES, seed=1), {"recipe": recipe, "n_classes": N_CLASSES}
    whole = make_model()
    curve = train_model(whole, make_clips(), run, **common).curve
    model = make_model()
    first = train_model(model, make_clips(), replace(run, stop_after=2), **common)
    resumed = make_model()
    rest = train_model(resumed, make_clips(), run, checkpoint=first.checkpoint, **common)
    assert [row.loss for row in rest.curve] == [row.loss for row in curve]
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())
    assert all(math.isfinite(row.loss) for row in curve)


@given(st.lists(st.integers(0, 9), max_size=3), st.data(), st.integers(0, 12))
def test_passes_are_the_sum_of_the_shares_and_what_is_left_is_after_what_was(stops, data, n_done):
    stops = tuple(sorted(stops))
    shares = tuple(sorted(data.draw(st.lists(st.floats(0.01, 1), min_size=len(stops), max_size=len(stops)))))
    growth, n_epochs = ClipGrowth(stops, shares), 12
    first, rest = growth.n_passes(n_done), growth.n_passes(n_epochs, first=n_done)
    assert first + rest == pytest.approx(growth.n_passes(n_epochs))
    assert growth.after(n_done).n_passes(n_epochs - n_done) == pytest.approx(rest)
    assert Recipe(growth=growth).n_passes(n_epochs) == pytest.approx(growth.n_passes(n_epochs))
    assert Recipe.from_dict(Recipe(growth=growth).to_dict()).growth == growth


@pytest.mark.parametrize(
    ("stops", "shares"),
    [((3, 2), (0.1, 0.2)), ((2,), (0.0,)), ((2,), (1.5,)), ((2, 3), (0.5, 0.2)), ((2,), ()), ([2], (0.5,))],
)
def test_stops_and_shares_that_make_no_sense_are_refused(stops, shares):
    with pytest.raises(RecipeError, match="ClipGrowth"):
        ClipGrowth(stops, shares)
