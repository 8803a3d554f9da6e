"""The forecast, measured on a tiny space, against its own measurements."""

import json

import pytest

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.evaluation import Speed, Worker
from nas_asc.layers import Classifier, Conv
from nas_asc.plan import TimePlan, forecast_search
from nas_asc.propose import Screen
from nas_asc.recipe import QuantisedTraining, Recipe
from nas_asc.space import Space, choice
from tests.search.tiny import BUDGET, ask, features, prepare, space

_N_EPOCHS = 2  # of the tiny space's recipe


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


class LineWorker(Worker):
    """Of a machine on which an epoch takes a tenth of a second, and a microsecond a MAC."""

    def measure_speed(self, design, *, n_steps=3):
        return Speed(0.1 + 1e-6 * count_cost(design.architecture).macs)


def forecast_of(prepared, *, budget=BUDGET, **changes):
    config = ask(prepared, budget=budget, **changes)
    screen = Screen(space, prepared.task, budget=budget)
    return forecast_search(config, screen, LineWorker(prepared), plan=TimePlan(changes.get("timeout_s")))


@pytest.fixture(scope="module")
def forecast(prepared):
    return forecast_of(prepared, n_trials=10)


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
    assert _N_EPOCHS * min(epoch_s) <= low
    assert high <= _N_EPOCHS * max(epoch_s)


def test_total_is_the_mean_trial_times_the_trials(forecast):
    assert forecast.total_s == pytest.approx(10 * forecast.mean_trial_s)


def test_time_as_the_limit_leaves_the_total_open_and_epochs_asked_for_win(prepared):
    forecast = forecast_of(prepared, epochs=7)
    assert (forecast.n_trials, forecast.total_s, forecast.epochs) == (None, None, 7)


def test_candidates_of_one_size_take_one_time(prepared):
    least = space.candidate(width=2, depth=0, kernel_size=1, activation="relu", learning_rate=0.01)
    cost = count_cost(space.architecture(least, prepared.task))
    forecast = forecast_of(prepared, budget=Budget(max_params=cost.params))
    assert {macs for macs, _ in forecast.measured} == {cost.macs}
    assert forecast.trial_s == pytest.approx([forecast.mean_trial_s] * 3)


def test_nothing_is_forecast_where_nothing_fits(prepared):
    assert forecast_of(prepared, budget=Budget(max_params=1)) is None


def test_forecast_is_plain_data(forecast):
    assert json.loads(json.dumps(forecast.to_dict()))["n_trials"] == 10


def test_a_share_of_a_limit_leaves_out_what_uses_less(prepared):
    all_fit = forecast_of(prepared)
    some = forecast_of(prepared, min_share=0.3)
    assert all_fit.share_enough == 1
    assert 0 < some.share_enough < 1
    assert some.measured[0][0] > all_fit.measured[0][0]
    assert forecast_of(prepared, budget=Budget(max_params=10**9), min_share=0.5) is None


def test_rungs_shorten_all_trials_alike(prepared):
    halved = forecast_of(prepared, n_trials=10, rungs=(0.25, 0.5), eta=2.0)
    assert halved.trained_share == 0.5
    assert halved.total_s == pytest.approx(5 * halved.mean_trial_s)


def test_files_and_epochs_in_8_bits_are_in_the_time_of_a_trial(prepared):
    class Known(Worker):
        """Of a machine on which an epoch takes a second, one in 8 bits three, and a file ten."""

        def measure_speed(self, design, *, n_steps=3):
            return Speed(1.0, 3.0, 10.0)

    own = Space("own", width=choice(2, 4, 6))
    own.network(network)
    own.features(features)
    own.recipe(lambda: Recipe(epochs=4, quantisation=QuantisedTraining(0.5)))
    screen = Screen(own, prepared.task, budget=Budget())
    found = forecast_search(ask(prepared), screen, Known(prepared), plan=TimePlan(None))
    assert found.mean_trial_s == pytest.approx(4 * 1 + 2 * 3 + 10)


def network(width):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()
