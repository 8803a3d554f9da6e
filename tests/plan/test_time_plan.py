"""How a search's time is shared out."""

import pytest

from nas_asc.plan import TimePlan, plan_time
from tests.search.tiny import prepare


@pytest.mark.parametrize("total_s", [20.0, 480.0, 36_000.0])
@pytest.mark.parametrize("trial_s", [1.0, 60.0, 5_000.0])
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_the_parts_never_take_more_than_there_is_unless_the_refit_alone_does(total_s, trial_s, n_seeds):
    plan = TimePlan(total_s, n_seeds, 1.5)
    parts = plan.trials_s(trial_s) + max(plan.repeats_s, plan.refit_s(trial_s)) + plan.report_s
    assert parts == pytest.approx(max(total_s, plan.refit_s(trial_s) + plan.report_s))
    assert plan.after_repeats_s(trial_s) <= plan.after_trials_s(trial_s)


def test_without_a_limit_nothing_is_kept_but_the_refit():
    plan = TimePlan(None, 3, 2.0)
    assert (plan.repeats_s, plan.report_s, plan.trials_s(5.0), plan.refit_s(5.0)) == (0.0, 0.0, None, 10.0)


def test_one_training_each_repeats_nothing():
    assert TimePlan(100.0, 1).repeats_s == 0.0
    assert TimePlan(100.0, 2).repeats_s == 25.0


def test_a_refit_has_the_validation_clips_too_and_is_as_long_as_asked(tmp_path):
    prepared = prepare(tmp_path)
    plan = plan_time(100.0, prepared, n_seeds=1, refits=True, final_length=2.0)
    share = (prepared.n_train + prepared.n_validation) / prepared.n_train
    assert plan.refit_s(10.0) == pytest.approx(1.1 * 2.0 * share * 10.0)
    assert plan_time(100.0, prepared, n_seeds=1, refits=False).refit_s(10.0) == 0.0
