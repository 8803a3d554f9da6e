"""How many trainings at a time are chosen, on machines whose shares of the cores are as fast as a test says."""

import math

import pytest
import torch

from nas_asc.evaluation import Worker
from nas_asc.plan import TimePlan, WorkersForecast, choose_workers, forecast_workers
from nas_asc.propose import Screen
from nas_asc.training import peak_bytes
from tests.search.tiny import BUDGET, CPU, ask, prepare, space

_EPOCHS = 10


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


class Shares(Worker):
    """Of a machine on which an epoch takes `seconds` of the number of cores that a training has."""

    def __init__(self, prepared, seconds, torch_device=CPU):
        super().__init__(prepared, torch_device=torch_device)
        self.seconds, self.measured = seconds, []

    def measure_shares(self, designs, shares, *, most_s):
        self.measured.append(sorted(shares))
        return [{n: self.seconds(n) for n in shares} for _ in designs]


def alone(n_cores):
    """A training uses one core, as small networks do."""
    return 10.0


def halves(n_cores):
    """A training uses two cores, at nine tenths of their worth."""
    return 10.0 if n_cores > 1 else 18.0


def all_of_them(n_cores):
    """A training uses all cores to the full."""
    return 80.0 / n_cores


def choose(prepared, seconds, *, n_cores, timeout_s=None, torch_device=CPU, free_bytes=math.inf, **changes):
    worker = Shares(prepared, seconds, torch_device)
    config = ask(prepared, epochs=_EPOCHS, **changes)
    options = {"plan": TimePlan(timeout_s), "n_cores": n_cores, "free_bytes": free_bytes}
    return choose_workers(config, screen(prepared), worker, **options), worker.measured


def screen(prepared):
    return Screen(space, prepared.task, budget=BUDGET)


@pytest.mark.parametrize(
    ("seconds", "n_cores", "n_workers"),
    [(alone, 2, 2), (halves, 2, 1), (all_of_them, 2, 1), (alone, 8, 8), (halves, 8, 8), (all_of_them, 8, 1)],
)
def test_as_many_train_at_a_time_as_are_fastest(prepared, seconds, n_cores, n_workers):
    found, _ = choose(prepared, seconds, n_cores=n_cores, n_trials=100)
    assert found.n_workers == n_workers
    assert (found.speed_up > 1) == (n_workers > 1)


def test_of_numbers_that_are_alike_the_least_is_chosen(prepared):
    found, _ = choose(prepared, lambda n_cores: 10.0 if n_cores > 1 else 19.5, n_cores=8, n_trials=100)
    assert found.n_workers == 4


def test_what_starting_the_processes_takes_comes_off(prepared):
    long, _ = choose(prepared, alone, n_cores=2, timeout_s=3600.0)
    short, _ = choose(prepared, alone, n_cores=2, timeout_s=60.0)
    shorter, _ = choose(prepared, alone, n_cores=2, timeout_s=8.0)
    assert 1.9 < long.speed_up < 2
    assert 1.5 < short.speed_up < 1.9
    assert shorter.n_workers == 1
    assert shorter.reason == "2 would make 0.79 times as many trials"


@pytest.mark.parametrize(("n_trials", "n_workers"), [(7, 1), (8, 2), (20, 5), (100, 16)])
def test_each_of_them_has_some_trials_of_those_that_are_asked_for(prepared, n_trials, n_workers):
    assert choose(prepared, alone, n_cores=16, n_trials=n_trials)[0].n_workers == n_workers


def test_there_are_not_more_than_memory_has_room_for(prepared):
    room = 3.5 * peak_bytes(CPU)
    assert choose(prepared, alone, n_cores=16, n_trials=100, free_bytes=room)[0].n_workers == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_cores": 1}, "this machine has one core"),
        ({"n_trials": 7}, "more need 8 trials or more"),
        ({"free_bytes": 1e6}, "there is memory for no more"),
        ({"torch_device": torch.device("cuda")}, "several on a GPU are not measured"),
    ],
)
def test_nothing_is_measured_where_more_cannot_pay(prepared, changes, reason):
    found, measured = choose(prepared, alone, **{"n_cores": 8, "n_trials": 100} | changes)
    assert found == WorkersForecast(1, reason=reason)
    assert measured == []


def test_one_trains_where_steps_fail(prepared):
    class Failing(Shares):
        def measure_shares(self, designs, shares, *, most_s):
            return []

    config = ask(prepared, n_trials=100)
    found = choose_workers(config, screen(prepared), Failing(prepared, alone), plan=TimePlan(None), n_cores=8)
    assert found == WorkersForecast(1, reason="their steps fail")


def test_a_number_that_is_asked_for_is_forecast(prepared):
    worker, known = Shares(prepared, halves), screen(prepared)
    assert forecast_workers(1, known, worker, n_cores=8) == WorkersForecast(1)
    assert worker.measured == []
    assert forecast_workers(4, known, worker, n_cores=8).speed_up == 4
    assert forecast_workers(16, known, worker, n_cores=8).speed_up == pytest.approx(8 / 1.8)
    on_gpu = forecast_workers(4, known, Shares(prepared, halves, torch.device("cuda")), n_cores=8)
    assert on_gpu == WorkersForecast(4, None, "several on a GPU are not measured")


def test_shares_of_this_machine_are_measured_and_all_cores_are_there_afterwards(prepared):
    n_threads = torch.get_num_threads()
    worker = Worker(prepared)
    designs = [space.build(candidate, prepared.task) for candidate in space.guesses[:2]]
    every = worker.measure_shares(designs, {1, 2}, most_s=60.0)
    assert len(every) == len(designs)
    assert all(seconds > 0 for row in every for seconds in row.values())
    assert len(worker.measure_shares(designs * 2, [1], most_s=0.0)) == 1
    assert torch.get_num_threads() == n_threads
