"""Optuna's samplers behind the filter: what they are shown, what they wish for, and which cannot be used."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.errors import StudyError
from nas_asc.propose import Screen, read_history
from nas_asc.propose.optuna_sampler import POPULATION, OptunaStrategy
from nas_asc.propose.optuna_study import model_distributions, model_trials
from nas_asc.space import load_space
from tests.propose.made_up import BUDGET, CONFIG, TASK, build, fake_record, simulate

cp_mobile = load_space("cp_mobile")
WIDE = Budget(max_params=128_000, max_macs=30_000_000)


def draw_history(n, *, minimised):
    """Random trials of a real space."""
    screen, rng = Screen(cp_mobile, TASK, budget=WIDE), np.random.default_rng(0)
    proposals = screen.admit_all(cp_mobile.draw_many(rng, 4 * n), origin="random", n_most=n)
    records = [fake_record(proposal, number, rng=rng) for number, proposal in enumerate(proposals)]
    return screen, read_history(records, cp_mobile, minimised=minimised)


@pytest.mark.parametrize("sampler", ["nsga2", "nsga3", "optuna:NSGAIISampler"])
def test_the_children_of_a_genetic_sampler_are_of_the_best_trials(sampler):
    """Shown trials without a generation, it would draw at random for ever."""
    screen, history = draw_history(60, minimised=("log_loss",))
    strategy = OptunaStrategy(screen, replace(CONFIG, sampler=sampler, objectives=("log_loss",)))
    n_parents = 50 if sampler.startswith("optuna") else POPULATION
    best = np.array([history.candidates[row].code for row in np.argsort(history.values[:, 0])[:n_parents]])
    children = [strategy(screen, history, np.random.default_rng(seed)).candidate.code for seed in range(10)]
    assert np.mean([share_of_two(child, best) for child in children]) > 0.9


def share_of_two(child, parents):
    """Largest share of a child's axes that are as in one of two parents."""
    is_same = parents == np.array(child)
    return (is_same[:, None] | is_same[None]).mean(axis=2).max()


def test_every_axis_and_every_candidate_is_in_optunas_space():
    distributions = model_distributions(cp_mobile)
    assert list(distributions) == list(cp_mobile.axes)
    _, history = draw_history(20, minimised=("log_loss", "macs"))
    trials = list(model_trials(history, range(20), distributions))  # refuses what is out of range
    assert [tuple(trial.params.values()) for trial in trials] == [tuple(one.code) for one in history.candidates]
    assert np.array([trial.values for trial in trials]) == pytest.approx(history.values)


def test_wishes_that_do_not_fit_are_shrunk():
    tight = Budget(max_params=100)
    records = simulate(build("optuna:TPESampler", budget=tight), 12)
    assert all(tight.fits(record.cost) for record in records)
    assert "TPESampler, shrunk" in {record.origin for record in records}


@pytest.mark.slow
def test_a_costly_sampler_of_optunas_proposes_what_fits():
    records = simulate(build("random"), 11)  # its model begins with the tenth
    proposal = build("optuna:GPSampler", objectives=("log_loss",)).propose(11, records)
    assert BUDGET.fits(proposal.cost)
    assert proposal.origin.startswith("GPSampler")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nothing", "must name a sampler of Optuna, but got 'Nothing': BruteForceSampler, .*TPESampler"),
        ("GridSampler", "`sampler=.optuna:GridSampler.` cannot be used here: .*search_space"),
        ("BaseSampler", "`sampler=.optuna:BaseSampler.` cannot be used here: .*abstract"),
    ],
)
def test_a_sampler_that_cannot_be_used_is_named(name, message):
    with pytest.raises(StudyError, match=message):
        build(f"optuna:{name}")
