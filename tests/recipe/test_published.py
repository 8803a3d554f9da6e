"""Recipes of published systems against sentences of their reports."""

import json
import math
from itertools import pairwise

import pytest

from nas_asc.errors import RecipeError
from nas_asc.recipe import RECIPES, FocalLoss, Recipe


def rate(recipe, epoch, *, n_steps=10):
    """Learning rate of the last step of an epoch."""
    step = epoch * n_steps - 1
    return recipe.optimiser.learning_rate * recipe.schedule.factor_at(step, recipe.epochs * n_steps)


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_comes_back_from_json(name):
    assert Recipe.from_dict(json.loads(json.dumps(RECIPES[name].to_dict()))) == RECIPES[name]


def test_recipes_cannot_be_changed():
    with pytest.raises(TypeError):
        RECIPES["DCASE-2022"] = Recipe()


def test_unknown_recipe_is_named_with_the_nearest():
    with pytest.raises(RecipeError, match=r"no published recipe named 'DCASE2024'. Did you mean 'DCASE-2024'\?"):
        RECIPES["DCASE2024"]


def test_cp_jku_prunes_until_epoch_200_and_averages_the_last_ten():
    recipe = RECIPES["CP-JKU-2021"]
    kept = [recipe.pruning.n_kept(10**9, 10_000, share=epoch / recipe.epochs) for epoch in range(recipe.epochs + 1)]
    removed = [before - after for before, after in pairwise(kept)]
    assert kept[200] == 54_000
    assert kept[199] > 54_000
    assert set(removed[200:]) == {0}
    ratios = [after / before for before, after in pairwise(removed[:200])]
    assert max(ratios) - min(ratios) < 1e-4  # an exponential decay
    averaged = [epoch for epoch in range(1, 251) if recipe.averaging.is_averaged(epoch, recipe.epochs)]
    assert averaged == list(range(241, 251))


def test_qti_fine_tunes_for_200_epochs_from_1e_4_straight_to_1e_6():
    recipe = RECIPES["QTI-2020"]
    assert isinstance(recipe.loss, FocalLoss)
    kept = [recipe.pruning.n_kept(593_792, 0, share=epoch / recipe.epochs) for epoch in (199, 200, 400)]
    assert kept == [593_792, 237_517, 237_517]
    assert rate(recipe, 200) == pytest.approx(1e-4)
    assert rate(recipe, 300) == pytest.approx((1e-4 + 1e-6) / 2, rel=0.01)
    assert rate(recipe, 400) == pytest.approx(1e-6, rel=0.1)


def test_ntu_prunes_by_the_published_polynomial():
    recipe = RECIPES["NTU-2020"]
    assert recipe.epochs == 400
    for epoch in range(0, 401, 10):
        step = min(max(epoch - 100, 0) / (20 * 10), 1.0)
        sparsity = 0.8 + (0.1 - 0.8) * (1 - step) ** 3 if epoch >= 100 else 0.0
        assert recipe.pruning.n_kept(10_000, 0, share=epoch / 400) == round((1 - sparsity) * 10_000)


def test_baseline_of_2024_warms_up_for_2000_steps_of_all_its_clips():
    recipe = RECIPES["DCASE-2024"]
    n_steps = recipe.epochs * math.ceil(139_620 / recipe.batch_size)
    factors = [recipe.schedule.factor_at(step, n_steps) for step in (999, 1_999, 2_000, n_steps - 1)]
    assert factors[:3] == pytest.approx([0.5, 1.0, 1.0])
    assert factors[3] < 1e-6
    roll, mask, _ = recipe.augmentation
    assert (roll.max_share * 44_100, mask.max_share * 256) == (4_410, 48)
