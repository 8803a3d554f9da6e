"""The forecast, measured on a tiny space, against its own measurements."""

import json

import pytest

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.plan import forecast_search
from tests.search.tiny import BUDGET, CPU, prepare, space

_N_EPOCHS = 2  # of the tiny space's recipe


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def forecast(prepared):
    return forecast_search(space, prepared, BUDGET, torch_device=CPU, n_trials=10)


def test_measured_candidates_fit_and_ascend_in_macs(forecast):
    macs = [count for count, _ in forecast.measured]
    assert macs == sorted(macs)
    assert len(set(macs)) >= 3
    assert 0 < macs[0] < macs[-1] <= 100_000
    assert all(seconds > 0 for _, seconds in forecast.measured)


def test_trials_take_the_epochs_of_the_recipe(forecast):
    assert forecast.epochs == _N_EPOCHS
    epoch_s = [seconds for _, seconds in forecast.measured]
    low, middle, high = forecast.trial_s
    assert low <= middle <= high
    assert _N_EPOCHS * min(epoch_s) * 0.5 <= low
    assert high <= _N_EPOCHS * 2 * max(epoch_s)


def test_the_last_training_has_the_validation_clips_too(forecast, prepared):
    assert forecast.development_share == (prepared.n_train + prepared.n_validation) / prepared.n_train > 1


def test_total_is_the_mean_trial_times_the_trials(forecast):
    assert forecast.total_s == pytest.approx(10 * forecast.mean_trial_s)


def test_time_as_the_limit_leaves_the_total_open_and_epochs_asked_for_win(prepared):
    forecast = forecast_search(space, prepared, BUDGET, torch_device=CPU, epochs=7)
    assert (forecast.n_trials, forecast.total_s, forecast.epochs) == (None, None, 7)


def test_candidates_of_one_size_take_one_time(prepared):
    least = space.candidate(width=2, depth=0, kernel_size=1, activation="relu", learning_rate=0.01)
    cost = count_cost(space.architecture(least, prepared.task))
    forecast = forecast_search(space, prepared, Budget(max_params=cost.params), torch_device=CPU)
    assert {macs for macs, _ in forecast.measured} == {cost.macs}
    assert forecast.trial_s == pytest.approx([forecast.mean_trial_s] * 3)


def test_nothing_is_forecast_where_nothing_fits(prepared):
    assert forecast_search(space, prepared, Budget(max_params=1), torch_device=CPU) is None


def test_forecast_is_plain_data(forecast):
    assert json.loads(json.dumps(forecast.to_dict()))["n_trials"] == 10


def test_a_share_of_a_limit_leaves_out_what_uses_less(prepared):
    all_fit = forecast_search(space, prepared, BUDGET, torch_device=CPU)
    some = forecast_search(space, prepared, BUDGET, torch_device=CPU, min_share=0.3)
    assert all_fit.share_enough == 1
    assert 0 < some.share_enough < 1
    assert some.measured[0][0] > all_fit.measured[0][0]
    assert forecast_search(space, prepared, Budget(max_params=10**9), torch_device=CPU, min_share=0.5) is None


def test_rungs_shorten_all_trials_alike(prepared):
    halved = forecast_search(space, prepared, BUDGET, torch_device=CPU, n_trials=10, trained_share=0.5)
    assert halved.total_s == pytest.approx(5 * halved.mean_trial_s)
