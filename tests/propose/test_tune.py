"""The recipe of the best first network, one change at a time."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.data import load_synthetic
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.fill import N_FIRST
from nas_asc.propose.tune import raises_rate, stops_mixing, stops_shifting
from nas_asc.recipe import Adam, AdamW, CutMix, FreqMask, Mixup, PitchShift, Recipe, TimeRoll
from nas_asc.space import load_space
from nas_asc.study import Ask
from tests.propose.made_up import CONFIG, build, fake_record, simulate, small

asc = load_space("asc")
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
usual = Recipe(optimiser=AdamW(5e-3), augmentation=(TimeRoll(1.0), PitchShift(6_000), Mixup(0.3)))


@pytest.fixture(scope="module")
def screen():
    return Screen(asc, load_synthetic().task, budget=BUDGET)


def study(screen, score_of, n=N_FIRST + 6):
    """Records of a search whose trials score as they are told."""
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=BUDGET, objectives=("log_loss", "macs")))
    records = []
    for number in range(n):
        made = fake_record(proposer.propose(number, records), number, rng=np.random.default_rng(number))
        scores = replace(made.scores, log_loss=score_of(made))
        records.append(replace(made, scores=scores, seconds=1.0))
    return records


def is_tuned(record):
    kinds = {type(part) for part in record.recipe.augmentation}
    return Mixup not in kinds or PitchShift not in kinds or record.recipe.optimiser.learning_rate > 5e-3


@pytest.mark.parametrize(
    ("changed", "is_change"),
    [
        (usual, None),
        (replace(usual, optimiser=AdamW(1e-2)), raises_rate),
        (replace(usual, optimiser=AdamW(2e-3)), None),
        (replace(usual, optimiser=AdamW(1e-2, 0.1)), None),
        (replace(usual, optimiser=Adam(1e-2)), None),
        (replace(usual, augmentation=(TimeRoll(1.0), PitchShift(6_000))), stops_mixing),
        (replace(usual, augmentation=(TimeRoll(1.0), Mixup(0.3))), stops_shifting),
        (replace(usual, augmentation=(TimeRoll(1.0), PitchShift(6_000), CutMix(0.3))), None),
        (replace(usual, augmentation=(PitchShift(6_000), Mixup(0.3))), None),
        (replace(usual, augmentation=(TimeRoll(1.0), PitchShift(6_000), FreqMask(0.2))), None),
        (replace(usual, optimiser=AdamW(1e-2), augmentation=(TimeRoll(1.0), PitchShift(6_000))), None),
    ],
)
def test_a_change_is_one_thing_alone(changed, is_change):
    kinds = [kind for kind in (raises_rate, stops_mixing, stops_shifting) if kind(usual, changed)]
    assert kinds == ([] if is_change is None else [is_change])


def test_the_best_first_network_is_tuned_before_anything_grows(screen):
    """Here nothing pays."""
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6 + 0.3 * is_tuned(record))
    best = min(records[:N_FIRST], key=lambda record: record.scores.log_loss)
    both, hotter, unmixed, unshifted, after = records[N_FIRST:][:5]
    tried = (both, hotter, unmixed, unshifted)
    assert [each.origin.removeprefix("tune, ") for each in tried] == ["rate and mixing", "rate", "mixing", "pitch"]
    assert not after.origin.startswith("tune")
    for record in tried:
        assert (record.architecture, record.log_mel, record.cost) == (best.architecture, best.log_mel, best.cost)
    assert stops_mixing(replace(best.recipe, optimiser=both.recipe.optimiser), both.recipe)
    assert raises_rate(best.recipe, hotter.recipe)
    assert stops_mixing(best.recipe, unmixed.recipe)
    assert stops_shifting(best.recipe, unshifted.recipe)


def test_a_space_that_offers_one_change_alone_is_asked_that_one():
    """The tiny space has learning rates, and mixes nothing."""
    records = simulate(build("gp"), N_FIRST + 4)
    origins = {record.origin for record in records if record.origin.startswith("tune")}
    assert origins == {"tune, rate"}


def test_what_pays_stays_in_what_grows(screen):
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6 - 0.1 * is_tuned(record))
    both, unshifted, grown = records[N_FIRST:][:3]
    assert [both.origin, unshifted.origin] == ["tune, rate and mixing", "tune, pitch"]
    assert stops_shifting(both.recipe, unshifted.recipe)
    assert grown.origin.startswith("fill")
    assert grown.recipe == both.recipe  # the second did not gain


def test_what_paid_for_the_best_changes_the_recipe_of_the_second_too(screen):
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6 - 0.1 * is_tuned(record), n=N_FIRST + 8)
    tuned = records[N_FIRST].recipe
    fills = [record for record in records if record.origin.startswith("fill")]
    assert len(fills) >= 3
    for record in fills:
        kinds = {type(part) for part in record.recipe.augmentation}
        assert Mixup not in kinds
        assert record.recipe.optimiser.learning_rate == tuned.optimiser.learning_rate


@pytest.mark.parametrize(("worse", "stays"), [(1.08, True), (1.12, False)])
def test_clips_that_are_not_mixed_have_the_benefit_of_the_doubt(screen, worse, stays):
    records = study(screen, lambda record: (2.0 - record.cost.macs / 60e6) * (worse if is_tuned(record) else 1.0))
    origins = [record.origin for record in records[N_FIRST:][:2]]
    assert origins == ["tune, rate and mixing", "tune, pitch" if stays else "tune, rate"]
    grown = next(record for record in records if record.origin.startswith("fill"))
    assert (grown.recipe == records[N_FIRST].recipe) == stays


def test_what_does_not_pay_is_taken_back(screen):
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6 + 0.3 * is_tuned(record))
    best = min(records[:N_FIRST], key=lambda record: record.scores.log_loss)
    grown = next(record for record in records if record.origin.startswith("fill"))
    assert grown.recipe == best.recipe


def test_a_change_in_training_counts_as_one_that_pays_until_its_score_is_known(screen):
    """Three workers: one trains the last of the first networks, two what is proposed beside it."""
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=BUDGET, objectives=("log_loss", "macs")))
    first = study(screen, lambda record: 1.0 - record.cost.macs / 60e6, n=N_FIRST)
    records, last = first[:-1], first[-1]
    best = min(records, key=lambda record: record.scores.log_loss)
    running = {last.key}
    found = []
    for number in range(N_FIRST, N_FIRST + 3):
        found.append(proposer.propose(number, records, avoid=running, running=running))
        running.add(found[-1].design.key)
    assert [each.origin.split(",")[0] for each in found] == ["tune", "tune", "fill"]
    both, unshifted, grown = (each.design.recipe for each in found)
    assert stops_mixing(replace(best.recipe, optimiser=both.optimiser), both)
    assert stops_shifting(both, unshifted)
    assert grown == unshifted
    made = fake_record(found[0], N_FIRST, rng=np.random.default_rng(0))
    worse = replace(made, scores=replace(made.scores, log_loss=2.0 * best.scores.log_loss), seconds=1.0)
    running.remove(worse.key)
    after = proposer.propose(N_FIRST + 3, [*records, worse], avoid=running, running=running)
    assert after.origin == "tune, rate"
    assert raises_rate(best.recipe, after.design.recipe)


def test_a_change_that_there_was_no_time_for_does_not_count_as_one_that_pays(screen):
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=BUDGET, objectives=("log_loss", "macs")))
    records = study(screen, lambda record: 1.0 - record.cost.macs / 60e6, n=N_FIRST)
    both = proposer.propose(N_FIRST, records)
    other = proposer.propose(N_FIRST, records, avoid={both.design.key})
    assert [both.origin, other.origin] == ["tune, rate and mixing", "tune, rate"]


def test_a_space_without_such_axes_is_not_tuned():
    records = simulate(build("gp", space=small), N_FIRST + 4)
    assert not any(record.origin.startswith("tune") for record in records)


def test_what_is_tuned_and_grown_does_not_depend_on_the_order_in_which_trainings_end(screen):
    """Of two workers one trains the slow last guess, while the other has tuned the best one already."""

    def score_of(record):
        return 1.0 - record.cost.macs / 60e6 - 0.1 * is_tuned(record)

    records = study(screen, score_of, n=N_FIRST + 5)
    assert [record.origin.split(",")[0] for record in records[N_FIRST:]] == ["tune"] * 2 + ["fill"] * 3
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=BUDGET, objectives=("log_loss", "macs")))
    asked = [replace(record, asked=Ask(index=record.number, n_known=0)) for record in records]
    swapped = [*asked[: N_FIRST - 1], asked[N_FIRST], asked[N_FIRST - 1], *asked[N_FIRST + 1 :]]
    for n in range(N_FIRST + 1, len(records)):
        arrived = [replace(record, number=number) for number, record in enumerate(swapped[:n])]
        assert proposer.propose(n, arrived).design.key == records[n].key
