"""The last training has as many epochs as there is time for, as its own epochs tell."""

import csv
import shutil

import pytest

from nas_asc.clock import TimeLimit
from nas_asc.handover import refit_recommended
from nas_asc.search import SilentListener
from nas_asc.study import load_config, load_records, load_refit_card, recommend
from tests.clocks import ManualClock
from tests.search.tiny import SteadyWorker, ask, prepare, run, space

LENGTH = 4  # of the refit by the forecast, in trials


class Machine(SilentListener):
    """A machine on which epochs take as long as it is told, whatever was forecast."""

    def __init__(self, epoch_s):
        self.clock, self.epoch_s = ManualClock(), epoch_s
        self.notes, self.epochs = [], []

    def on_note(self, text):
        self.notes.append(text)

    def on_epoch(self, number, row, n_epochs):
        self.clock.seconds += self.epoch_s(row.epoch)
        self.epochs.append((row.epoch, n_epochs))


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    root = tmp_path_factory.mktemp("refit")
    prepared = prepare(root / "cache")
    config = ask(prepared, sampler="random", n_workers=2, epochs=6)
    run(config, space, prepared, n_trials=2, folder=root / "study", refit=False)
    return root / "study", prepared


@pytest.fixture
def refit(searched, tmp_path):
    """Refits a copy of the study on a machine whose epochs take a factor of what was forecast, by their number.

    Gives the epochs of a trial, those by the forecast and those of the refit, its learning rates, the machine, and the
    share of the time that was used.
    """
    source, prepared = searched

    def refit_at(factor):
        folder = shutil.copytree(source, tmp_path / "study")
        best = recommend(folder, load_config(folder), load_records(folder))
        measured_s = best.seconds / best.epochs / LENGTH
        epoch_s = measured_s * (prepared.n_train + prepared.n_validation) / prepared.n_train
        machine = Machine(lambda epoch: factor(epoch) * epoch_s)
        whole_s = 1.201 * LENGTH * best.epochs * epoch_s
        limit = TimeLimit.after(whole_s, clock=machine.clock)
        refit_recommended(folder, SteadyWorker(prepared, epoch_s=measured_s), limit=limit, listener=machine)
        n_epochs = load_refit_card(folder)["recipe"]["epochs"]
        with (folder / "final" / "curve.csv").open() as file:
            rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
        return best.epochs, LENGTH * best.epochs, n_epochs, rates, machine, machine.clock.seconds / whole_s

    return refit_at


MACHINES = {
    "as forecast": lambda epoch: 1.0,
    "slower": lambda epoch: 1.6,
    "faster": lambda epoch: 0.6,
    "slow at first": lambda epoch: 1.6 if epoch < 6 else 1.0,
    "fast at first": lambda epoch: 0.7 if epoch < 6 else 1.2,
}


@pytest.mark.parametrize("name", list(MACHINES))
def test_it_uses_the_time_that_is_left_and_no_more(refit, name):
    _, forecast, n_epochs, rates, machine, used = refit(MACHINES[name])
    assert 0.85 < used <= 1
    assert [epoch for epoch, _ in machine.epochs] == list(range(1, n_epochs + 1))
    assert machine.epochs[0] == (1, forecast)
    assert machine.epochs[-1] == (n_epochs, n_epochs)
    assert len(rates) == n_epochs
    assert rates[-1] < 0.05 * max(rates)
    assert (n_epochs == forecast) == (machine.notes[-1] != f"there was time for {n_epochs} epochs")


def test_it_is_never_shorter_than_the_trial(refit):
    own, _, n_epochs, _, _, used = refit(lambda epoch: 20.0)
    assert n_epochs == own
    assert used > 1


def test_a_length_that_was_asked_for_stays(searched, tmp_path):
    prepared, folder = searched[1], tmp_path / "study"
    run(ask(prepared, final_length=2.0), space, prepared, n_trials=2, folder=folder, refit=False)
    machine = Machine(lambda epoch: 1_000.0)
    limit = TimeLimit.after(1.0, clock=machine.clock)
    best = refit_recommended(folder, SteadyWorker(prepared, epoch_s=1.0), limit=limit, listener=machine)
    assert load_refit_card(folder)["recipe"]["epochs"] == 2 * best.epochs
