from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.budget import Budget
from nas_asc.metrics import Scores
from nas_asc.study import expected_scores, front_of, rank_trials, recommended
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


def repeat(number, index, log_loss):
    scores = None if log_loss is None else Scores(10, log_loss, 0.5, 0.5, ())
    return example_repeat(number, index, scores=scores)


def test_a_mean_over_seeds_decides_where_there_is_one():
    records = [record(0, log_loss=0.8), record(1, log_loss=0.9)]
    repeats = [repeat(0, 0, 0.8), repeat(0, 1, 1.4), repeat(1, 0, 0.9), repeat(1, 1, 0.9), repeat(1, 2, None)]
    assert expected_scores(records, repeats) == pytest.approx({0: 1.1, 1: 0.9})
    assert recommended(records).number == 0
    assert recommended(records, repeats=repeats).number == 1


def test_what_was_trained_once_is_taken_to_be_as_lucky_as_the_finalists_were():
    records = [record(0, log_loss=0.8), record(1, log_loss=0.9), record(2, log_loss=1.0), FAILED]
    repeats = [repeat(0, 0, 0.8), repeat(0, 1, 1.1), repeat(1, 0, 0.9), repeat(1, 1, 1.0)]
    assert expected_scores(records, repeats) == pytest.approx({0: 0.95, 1: 0.95, 2: 1.2})
    unlucky = [repeat(0, 0, 0.8), repeat(0, 1, 0.7)]
    assert expected_scores(records, unlucky) == pytest.approx({0: 0.75, 1: 0.9, 2: 1.0})


def test_own_trainings_alone_change_nothing():
    records = [record(0, log_loss=0.8), record(1, log_loss=0.9)]
    assert expected_scores(records, [repeat(0, 0, 0.8)]) == expected_scores(records) == {0: 0.8, 1: 0.9}


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
