from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.budget import Budget
from nas_asc.metrics import Scores
from nas_asc.study import front_of, rank_by_evidence, rank_trials, recommended
from tests.study.records import example_record, example_repeat

OBJECTIVES = ("log_loss", "macs")


def record(number, *, log_loss=1.0, accuracy=0.5, macs=1000, params=100):
    base = example_record(number)
    return replace(
        base,
        cost=replace(base.cost, macs=macs, params=params),
        scores=Scores(10, log_loss, accuracy, accuracy, ()),
        objectives=(log_loss, float(macs)),
    )


FAILED = replace(example_record(9), state="failed", scores=None, objectives=(), reason="diverged")


def test_the_best_log_loss_is_recommended():
    assert recommended([record(0, log_loss=1.2), record(1, log_loss=0.8), FAILED]).number == 1


def test_of_equal_scores_the_cheaper_is_recommended():
    assert recommended([record(0, macs=2000), record(1, macs=1000), record(2, macs=1000, params=90)]).number == 2


def test_the_error_may_decide():
    records = [record(0, log_loss=0.8, accuracy=0.6), record(1, log_loss=1.2, accuracy=0.7)]
    assert recommended(records, objective="error").number == 1


def test_what_does_not_fit_is_not_recommended():
    records = [record(0, log_loss=1.2), record(1, log_loss=0.8, params=10**6)]
    assert recommended(records, budget=Budget(max_params=1000)).number == 0


def repeat(number, index, log_loss, epochs=None):
    scores = None if log_loss is None else Scores(10, log_loss, 0.5, 0.5, ())
    made = example_repeat(number, index, scores=scores)
    return made if epochs is None else replace(made, recipe=replace(made.recipe, epochs=epochs))


EPOCHS = example_record(0).epochs


def standings(records, repeats=()):
    return [(each.record.number, each.n_trainings, each.epochs, each.n_compared) for each in rank(records, repeats)]


def rank(records, repeats):
    return rank_by_evidence(records, repeats=repeats)


def test_without_repeats_the_trials_own_scores_decide():
    records = [record(0, log_loss=0.9), record(1, log_loss=0.8), FAILED]
    assert standings(records) == [(1, 1, EPOCHS, 2), (0, 1, EPOCHS, 2)]
    assert standings(records, [repeat(1, 0, 0.8)]) == standings(records)  # that is the trial's own training


def test_a_mean_over_seeds_decides_where_there_is_one():
    records = [record(0, log_loss=0.8), record(1, log_loss=0.9)]
    repeats = [repeat(0, 0, 0.8), repeat(0, 1, 1.4), repeat(1, 0, 0.9), repeat(1, 1, 0.9), repeat(1, 2, None)]
    assert standings(records, repeats) == [(1, 2, EPOCHS, 2), (0, 2, EPOCHS, 2)]
    assert rank(records, repeats)[1].score == pytest.approx(1.1)
    assert recommended(records).number == 0
    assert recommended(records, repeats=repeats).number == 1


def test_what_was_trained_less_often_is_not_recommended_before_what_it_beats():
    records = [record(0, log_loss=0.31), record(1, log_loss=0.35)]
    repeats = [repeat(0, 1, 0.45), repeat(0, 2, 0.58)]
    assert standings(records, repeats) == [(0, 3, EPOCHS, 1), (1, 1, EPOCHS, 1)]


def test_networks_are_compared_at_the_longest_length_that_two_have_had():
    records = [record(number, log_loss=1 + number) for number in range(3)]
    longer, longest = 3 * EPOCHS, 6 * EPOCHS
    repeats = [repeat(0, 1, 0.7, longer), repeat(1, 1, 0.6, longer), repeat(0, 2, 0.5, longest)]
    assert standings(records, repeats) == [(1, 1, longer, 2), (0, 1, longer, 2), (2, 1, EPOCHS, 1)]
    assert standings(records, repeats[:1]) == standings(records)  # alone it says nothing


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 3, 6]), st.integers(1, 9)), max_size=8),
)
def test_the_recommended_was_trained_no_less_often_than_any_it_is_compared_with(own, further):
    records = [record(number, log_loss=float(value)) for number, value in enumerate(own)]
    repeats = [
        repeat(number, index, float(value), length * EPOCHS)
        for index, (number, length, value) in enumerate(further, start=1)
        if number < len(own)
    ]
    first, *others = rank(records, repeats)
    assert all(first.n_trainings >= other.n_trainings for other in others if other.epochs == first.epochs)
    assert all(first.epochs >= other.epochs for other in others)
    assert all(
        first.score <= other.score
        for other in others
        if (other.epochs, other.n_trainings) == (first.epochs, first.n_trainings)
    )
    alike = [each for each in (first, *others) if (each.epochs, each.n_trainings) == (first.epochs, first.n_trainings)]
    assert first.n_compared == len(alike)


def test_without_a_complete_trial_nothing_is_recommended():
    assert recommended([FAILED]) is None
    assert front_of([FAILED], OBJECTIVES) == []


def test_ranking_does_not_depend_on_the_order_of_trials():
    records = [record(0), record(1), record(2, log_loss=0.5), record(3, macs=500), FAILED]
    assert [each.number for each in rank_trials(records)] == [2, 3, 0, 1]
    assert rank_trials(records[::-1]) == rank_trials(records)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_the_front_is_what_no_other_trial_beats(points):
    records = [record(number, log_loss=float(a), macs=b) for number, (a, b) in enumerate(points)]
    beaten = {
        number
        for number, point in enumerate(points)
        for other in points
        if other != point and other[0] <= point[0] and other[1] <= point[1]
    }
    front = front_of([*records, FAILED], OBJECTIVES)
    numbers = [each.number for each in front]
    assert not beaten & set(numbers)
    assert {points[number] for number in numbers} == {points[n] for n in range(len(points)) if n not in beaten}
    assert front_of(front, OBJECTIVES) == front
