"""The recipe of the best first network, one change at a time."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.data import load_synthetic
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.fill import N_FIRST
from nas_asc.propose.tune import raises_rate, stops_mixing
from nas_asc.recipe import Adam, AdamW, CutMix, FreqMask, Mixup, Recipe, TimeRoll
from nas_asc.space import load_space
from tests.propose.made_up import CONFIG, build, fake_record, simulate, small

asc = load_space("asc")
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
usual = Recipe(optimiser=AdamW(5e-3), augmentation=(TimeRoll(1.0), Mixup(0.3)))


@pytest.fixture(scope="module")
def screen():
    return Screen(asc, load_synthetic().task, budget=BUDGET)


def study(screen, score_of, n=N_FIRST + 4):
    """Records of a search whose trials score as they are told."""
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=BUDGET, objectives=("log_loss", "macs")))
    records = []
    for number in range(n):
        made = fake_record(proposer.propose(number, records), number, rng=np.random.default_rng(number))
        scores = replace(made.scores, log_loss=score_of(made))
        records.append(replace(made, scores=scores, seconds=1.0))
    return records


def is_mixed(recipe):
    return any(isinstance(part, Mixup | CutMix) for part in recipe.augmentation)


def is_tuned(record):
    return not is_mixed(record.recipe) or record.recipe.optimiser.learning_rate > 5e-3


@pytest.mark.parametrize(
    ("changed", "raises", "stops"),
    [
        (usual, False, False),
        (replace(usual, optimiser=AdamW(1e-2)), True, False),
        (replace(usual, optimiser=AdamW(2e-3)), False, False),
        (replace(usual, optimiser=AdamW(1e-2, 0.1)), False, False),
        (replace(usual, optimiser=Adam(1e-2)), False, False),
        (replace(usual, augmentation=(TimeRoll(1.0),)), False, True),
        (replace(usual, augmentation=(TimeRoll(1.0), CutMix(0.3))), False, False),
        (replace(usual, augmentation=(Mixup(0.3),)), False, False),
        (replace(usual, augmentation=(TimeRoll(1.0), FreqMask(0.2))), False, False),
        (replace(usual, optimiser=AdamW(1e-2), augmentation=(TimeRoll(1.0),)), False, False),
    ],
)
def test_a_change_is_one_thing_alone(changed, raises, stops):
    assert raises_rate(usual, changed) == raises
    assert stops_mixing(usual, changed) == stops


@pytest.mark.parametrize("pays", [True, False])
def test_the_best_first_network_is_tuned_before_anything_grows(screen, pays):
    records = study(screen, lambda record: 1.0 + record.cost.macs / 30e6 + (-0.1 if pays else 0.1) * is_tuned(record))
    best = min(records[:N_FIRST], key=lambda record: record.scores.log_loss)
    tuned = [record for record in records if record.origin.startswith("tune")]
    assert [record.origin for record in tuned] == ["tune, rate and mixing", "tune, rate"][: 1 if pays else 2]
    assert tuned == records[N_FIRST:][: len(tuned)]
    for record in tuned:
        assert (record.architecture, record.log_mel, record.cost) == (best.architecture, best.log_mel, best.cost)
    assert is_mixed(best.recipe)
    assert not is_mixed(tuned[0].recipe)
    for record in tuned[1:]:
        assert raises_rate(best.recipe, record.recipe)


@pytest.mark.parametrize("pays", [True, False])
def test_what_grows_keeps_a_change_that_paid(screen, pays):
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6 + (-0.1 if pays else 0.1) * is_tuned(record))
    best = min(records[:N_FIRST], key=lambda record: record.scores.log_loss)
    grown = next(record for record in records if record.origin.startswith("fill"))
    assert grown.recipe == (records[N_FIRST] if pays else best).recipe


def test_a_space_without_such_axes_is_not_tuned():
    records = simulate(build("gp", space=small), N_FIRST + 4)
    assert not any(record.origin.startswith("tune") for record in records)
