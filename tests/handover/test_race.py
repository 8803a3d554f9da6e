"""Which training of the leaders comes next, and how long the refit is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.clock import TimeLimit
from nas_asc.handover import race_leaders
from nas_asc.handover.race import next_leg
from nas_asc.handover.refit import choose_length
from nas_asc.metrics import Scores
from nas_asc.study import load_predictions, load_records, load_refit_card, load_repeats, recommend
from tests.clocks import ManualClock
from tests.search.tiny import ask, prepare, run, space, worker
from tests.study.records import example_config, example_record, example_repeat

CONFIG = example_config(objectives=("log_loss", "macs"))
EPOCHS = example_record(0).epochs


def with_loss(log_loss):
    return Scores(10, log_loss, 0.5, 0.5, ())


RECORDS = [replace(example_record(number), scores=with_loss(0.1 + 0.01 * number)) for number in range(5)]


def race(score_of, *, n_seeds=3):
    """Trainings (trial, length) of a whole race, where `score_of` tells what each reaches."""
    legs, repeats = [], []
    while (leg := next_leg(CONFIG, RECORDS, repeats, n_seeds=n_seeds)) is not None:
        record, epochs = leg
        length = epochs // EPOCHS
        legs.append((record.number, length))
        found = score_of(record.number, length)
        made = example_repeat(record.number, len(legs), scores=None if found is None else with_loss(found))
        repeats.append(replace(made, recipe=replace(made.recipe, epochs=epochs)))
        assert len(legs) < 50
    return legs


def test_every_leader_runs_twice_as_long_then_the_best_of_them_goes_on_while_it_gains():
    scores = {(0, 2): 0.9, (1, 2): 0.7, (2, 2): 0.8, (1, 5): 0.6, (1, 10): 0.65}
    legs = race(lambda number, length: scores[number, length], n_seeds=1)
    assert legs == [(0, 2), (1, 2), (2, 2), (1, 5), (1, 10)]


def test_where_more_does_not_gain_it_is_not_trained_for_longer_yet():
    legs = race(lambda number, length: 0.7 if length == 2 else 0.8, n_seeds=1)
    assert legs == [(0, 2), (1, 2), (2, 2), (0, 5)]


def test_the_best_mean_is_trained_again_and_one_that_falls_behind_lets_the_next_one_come():
    seen = []

    def score_of(number, length):
        seen.append((number, length))
        if length > 2:
            return 2.0
        return {0: 0.5, 1: 0.6, 2: 0.9}[number] + (0.5 if number == 0 and seen.count((0, 2)) > 1 else 0.0)

    assert race(score_of)[3:] == [(0, 5), (0, 2), (1, 5), (1, 2), (1, 2)]


def test_without_a_limit_on_time_a_race_takes_half_as_long_as_the_trials():
    legs, repeats = [], []
    while (leg := next_leg(CONFIG, RECORDS, repeats, n_seeds=3, most=6.5)) is not None:
        legs.append((leg[0].number, leg[1] // EPOCHS))
        made = example_repeat(leg[0].number, len(legs), scores=with_loss(0.5))
        repeats.append(replace(made, recipe=replace(made.recipe, epochs=leg[1])))
    assert legs == [(0, 2), (1, 2), (2, 2)]


def test_failed_trainings_are_not_tried_again():
    assert race(lambda number, length: None) == [(0, 2), (1, 2), (2, 2)]


@given(st.dictionaries(st.sampled_from([10, 30, 60, 100]), st.floats(0.1, 2.0), min_size=1), st.floats(0.0, 40.0))
def test_a_refit_is_never_shorter_than_its_trial_nor_longer_than_there_is_time_for(scores, affordable):
    length = choose_length({10: 1.0, **scores}, own=10, affordable=affordable)
    assert 1 <= length <= max(1.0, min(10.0, affordable))


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    root = tmp_path_factory.mktemp("race")
    prepared = prepare(root / "cache")
    run(ask(prepared, sampler="random"), space, prepared, n_trials=3, folder=root / "study", refit=False)
    return root / "study", prepared


def test_no_training_of_a_race_begins_for_which_there_is_no_time(searched):
    folder, prepared = searched
    result = race_leaders(folder, worker(prepared), limit=TimeLimit.after(1e-6, clock=ManualClock()))
    assert (result.n_trained, result.n_left, result.was_interrupted) == (0, 2, False)
    assert load_repeats(folder) == []


def test_a_race_trains_for_longer_with_other_seeds_and_what_is_shipped_is_compared_at_that_length(searched):
    folder, prepared = searched
    result = race_leaders(folder, worker(prepared), n_seeds=1)
    records, repeats = load_records(folder), load_repeats(folder)
    own = {record.number: record for record in records}
    assert {each.epochs // own[each.number].epochs for each in repeats} >= {2}
    assert {each.number for each in repeats} <= set(own)
    assert sum(each.epochs / own[each.number].epochs for each in repeats) == 4  # two of them, twice as long
    assert not {each.seed for each in repeats} & {record.seed for record in records}
    best = recommend(folder, ask(prepared, sampler="random"), records)
    assert result.summary.trials[0].number == best.number
    assert race_leaders(folder, worker(prepared), n_seeds=1).n_trained == 0


def test_a_study_whose_refit_length_is_given_has_it(tmp_path):
    prepared = prepare(tmp_path / "cache")
    for name, asked in (("auto", None), ("given", 2.0)):
        folder = tmp_path / name
        run(ask(prepared, sampler="random", final_length=asked), space, prepared, n_trials=1, folder=folder)
        card, (record,) = load_refit_card(folder), load_records(folder)
        assert card["recipe"]["epochs"] == round((asked or 3.0) * record.epochs)


def test_where_few_groups_validate_each_further_seed_holds_out_others(searched):
    folder, prepared = searched
    assert prepared.few_validate
    race_leaders(folder, worker(prepared), n_seeds=3, limit=TimeLimit.after(1e6, clock=ManualClock()))
    repeats = load_repeats(folder)
    turns = {}
    for each in repeats:
        turns.setdefault((each.number, each.epochs), []).append(each.turn)
    assert all(found == list(range(len(found))) for found in turns.values())
    assert max(map(len, turns.values())) == 3
    for each in repeats:
        clips = prepared.turn(each.turn).validation_clips(each.log_mel)
        assert np.array_equal(load_predictions(folder, each).labels, clips.labels)
        assert each.scores.n_clips == len(clips.labels)


def test_only_what_is_inside_the_region_races():
    accurate = [replace(each, scores=replace(each.scores, accuracy=0.4 + 0.1 * each.number)) for each in RECORDS]
    config = replace(CONFIG, min_accuracy=0.55)
    record, _ = next_leg(config, accurate, [], n_seeds=1)
    assert record.number == 2
