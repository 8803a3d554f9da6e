"""The order of trials and the one to ship, against the search's own choice."""

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.report.ranking import first_that_fits, front_numbers, rank_trials
from nas_asc.search import front_of, recommended
from tests.report.example_study import BUDGET, make_records


@pytest.mark.parametrize("objective", ["log_loss", "error"])
@pytest.mark.parametrize("budget", [BUDGET, Budget(max_params=10_000), Budget(max_params=1)])
def test_trial_to_ship_is_the_one_the_search_recommends(objective, budget):
    records = make_records(20)
    expected = recommended(records, budget=budget, objective=objective)
    assert first_that_fits(rank_trials(records, objective), budget) == expected


@pytest.mark.parametrize("objectives", [("log_loss",), ("error", "params"), ("log_loss", "macs", "int8_bytes")])
def test_front_is_the_one_the_search_has(objectives):
    records = make_records(20)
    assert front_numbers(records, objectives) == {record.number for record in front_of(records, objectives)}


def test_ranking_does_not_depend_on_the_order_of_trials():
    records = make_records(20)
    shuffled = [records[row] for row in np.random.default_rng(0).permutation(len(records))]
    assert rank_trials(shuffled, "log_loss") == rank_trials(records, "log_loss")


def test_nothing_complete_gives_nothing():
    failed = [record for record in make_records(13) if not record.is_complete]
    assert rank_trials(failed, "log_loss") == ()
    assert front_numbers(failed, ("log_loss",)) == frozenset()
    assert first_that_fits((), BUDGET) is None
