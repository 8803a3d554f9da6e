"""What a survey finds, against the cost of every candidate of a small space."""

import json

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.errors import NothingFitsError
from nas_asc.frontend import Task
from nas_asc.space import load_space
from nas_asc.survey import survey_space
from tests.survey.small import TASK, cost_all, space

_BUDGET = Budget(max_params=400, max_macs=40_000)
_RESOURCES = {"params": "params", "macs": "official_macs", "bytes": "int8_bytes", "ram": "peak_ram_bytes"}


@pytest.fixture(scope="module")
def every_cost():
    return cost_all()


@pytest.fixture(scope="module")
def survey():
    return survey_space(space, TASK, _BUDGET, n_draws=4_000)


def _row(survey, resource):
    (row,) = [row for row in survey.rows if row.resource == resource]
    return row


@pytest.mark.parametrize(("resource", "field"), _RESOURCES.items())
def test_extremes_are_those_of_the_whole_space(survey, every_cost, resource, field):
    values = [getattr(cost, field) for cost in every_cost.values() if cost is not None]
    row = _row(survey, resource)
    assert (row.minimum, row.maximum) == (min(values), max(values))
    assert getattr(every_cost[tuple(row.smallest.items())], field) == row.minimum


@pytest.mark.parametrize(("resource", "field"), _RESOURCES.items())
def test_median_is_near_that_of_the_whole_space(survey, every_cost, resource, field):
    values = sorted(getattr(cost, field) for cost in every_cost.values() if cost is not None)
    low, high = values[int(0.45 * len(values))], values[int(0.55 * len(values))]
    assert low <= _row(survey, resource).median <= high


def test_shares_are_near_those_of_the_whole_space(survey, every_cost):
    costs = list(every_cost.values())
    deviation = 5 * np.sqrt(0.25 / survey.n_drawn)
    fits = np.mean([cost is not None and _BUDGET.fits(cost) for cost in costs])
    assert survey.share_fits == pytest.approx(fits, abs=deviation)
    keeps = np.mean([cost is not None and cost.params <= 400 for cost in costs])
    assert _row(survey, "params").share == pytest.approx(keeps, abs=deviation)
    assert survey.n_unbuildable / survey.n_drawn == pytest.approx(np.mean([c is None for c in costs]), abs=deviation)


def test_fitting_macs_are_those_of_fitting_candidates(survey, every_cost):
    fitting = {cost.macs for cost in every_cost.values() if cost is not None and _BUDGET.fits(cost)}
    assert set(survey.macs) == fitting
    assert list(survey.macs) == sorted(survey.macs)
    assert len(survey.macs) == round(survey.share_fits * survey.n_drawn)


def test_limits_stand_in_the_rows_and_absent_ones_are_reachable(survey):
    assert {row.resource: row.limit for row in survey.rows} == {
        "params": 400,
        "macs": 40_000,
        "bytes": None,
        "ram": None,
    }
    assert all(row.is_reachable for row in survey.rows)
    assert _row(survey, "ram").share is None
    survey.validate()


def test_few_draws_still_find_the_least_of_the_space(every_cost):
    least = min(cost.params for cost in every_cost.values() if cost is not None)
    found = survey_space(space, TASK, Budget(), n_draws=1)
    assert _row(found, "params").minimum == least


def test_nearest_has_the_smallest_worst_excess_of_the_whole_space(every_cost):
    budget = Budget(max_params=30, max_macs=2_000)
    known = [cost for cost in every_cost.values() if cost is not None]
    least = min(max(cost.params / 30, cost.official_macs / 2_000) for cost in known)
    survey = survey_space(space, TASK, budget, n_draws=200)
    assert survey.nearest.ratio == pytest.approx(least)
    assert not survey.fits_any
    with pytest.raises(NothingFitsError, match=r"nearest takes params \d+ of 30, macs .* of 2,000: width=2") as caught:
        survey.validate()
    assert "\n" not in str(caught.value)


def test_only_the_limit_that_no_candidate_keeps_is_unreachable():
    survey = survey_space(space, TASK, Budget(max_params=10, max_macs=10**9), n_draws=200)
    assert [row.resource for row in survey.rows if not row.is_reachable] == ["params"]


def test_rules_add_the_bytes_that_they_count():
    survey = survey_space(space, TASK, Budget(rules="dcase2024", bits=16), n_draws=200)
    bytes_row, params_row = _row(survey, "model_bytes"), _row(survey, "params")
    assert (bytes_row.minimum, bytes_row.limit) == (2 * params_row.minimum, 128_000)


def test_same_seed_gives_the_same_survey():
    one, two, other = (survey_space(space, TASK, _BUDGET, n_draws=300, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_survey_is_plain_data(survey):
    values = json.loads(json.dumps(survey.to_dict()))
    assert values["fits_any"] is True
    assert values["rows"][0]["resource"] == "params"


def test_space_that_cannot_take_the_clips_is_refused():
    with pytest.raises(
        NothingFitsError, match=r"none of 50 candidates of space 'small' can be built for clips of 0\.05 s"
    ):
        survey_space(space, Task(n_classes=4, clip_s=0.05), Budget(), n_draws=50)


@pytest.mark.parametrize("name", ["cp_mobile", "cp_resnet"])
def test_packaged_space_reaches_the_dcase_limits(name):
    survey = survey_space(load_space(name), Task(10, 1.0), Budget(rules="dcase2024"), n_draws=1_000)
    assert survey.fits_any
    assert survey.share_fits > 0.2 * (1 - survey.left_out.n / survey.n_drawn)
