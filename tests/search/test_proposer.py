import time
from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.search import Screen, build_proposer
from nas_asc.search.optuna_study import model_distributions
from nas_asc.search.shrink import shrink
from nas_asc.search.trial import trial_seed
from nas_asc.space import load_space
from nas_asc.study import TrialRecord
from tests.search.tiny import BUDGET, LARGE, N_CLASSES, space
from tests.study.records import example_config

TASK = Task(n_classes=N_CLASSES, clip_s=0.25)
SAMPLERS = ("gp", "tpe", "nsga2", "nsga3", "handover", "random", "optuna:TPESampler")
CONFIG = example_config(budget=BUDGET, objectives=("log_loss", "macs", "params"))


def fake_record(proposal, number, *, rng):
    """What training might have found: wider is better, and luck."""
    cost = proposal.cost
    log_loss = 3 - 0.2 * np.log(cost.params) + 0.1 * rng.random()
    return TrialRecord(
        number=number,
        state="complete",
        values=proposal.candidate.values,
        key=proposal.design.key,
        architecture=format_architecture(proposal.design.architecture),
        log_mel=proposal.design.log_mel,
        recipe=proposal.design.recipe,
        cost=cost,
        scores=Scores(10, log_loss, 0.5, 0.5, ()),
        origin=proposal.origin,
    )


def simulate(proposer, n, *, records=()):
    records = list(records)
    for number in range(len(records), n):
        proposal = proposer.propose(number, records)
        assert proposal is not None
        records.append(fake_record(proposal, number, rng=np.random.default_rng(number)))
    return records


def build(sampler, *, space=space, task=TASK, budget=BUDGET, **changes):
    config = replace(CONFIG, sampler=sampler, budget=budget, **changes)
    return build_proposer(Screen(space, task, budget=budget), config)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("mode", ["pareto", "best"])
class TestEveryProposer:
    def test_every_proposal_fits_is_new_and_of_the_space_and_a_resumed_study_goes_on_as_before(self, sampler, mode):
        records = simulate(build(sampler, mode=mode), 30)
        assert all(BUDGET.fits(record.cost) for record in records)
        assert len({record.key for record in records}) == 30
        assert all(space.broken_requirement(space.candidate_from(record.values)) is None for record in records)
        resumed = simulate(build(sampler, mode=mode), 26, records=records[:24])
        assert resumed == records[:26]

    def test_another_seed_proposes_other_networks(self, sampler, mode):
        keys = [{record.key for record in simulate(build(sampler, mode=mode, seed=seed), 12)} for seed in (0, 1)]
        assert keys[0] != keys[1]

    def test_nothing_is_proposed_where_nothing_fits(self, sampler, mode):
        assert build(sampler, mode=mode, budget=Budget(max_params=5)).propose(0, []) is None

    def test_records_of_another_space_do_no_harm(self, sampler, mode):
        records = simulate(build(sampler, mode=mode), 12)
        foreign = [replace(record, values={"gone": 3}) for record in records]
        proposal = build(sampler, mode=mode).propose(12, foreign)
        assert proposal.design.key not in {record.key for record in records}

    def test_failed_trials_are_not_proposed_again(self, sampler, mode):
        records = simulate(build(sampler, mode=mode), 12)
        failed = [replace(record, state="failed", scores=None, reason="diverged") for record in records]
        proposal = build(sampler, mode=mode).propose(12, failed)
        assert proposal.design.key not in {record.key for record in records}


def test_the_warm_start_is_what_the_space_and_the_model_is_asked_later():
    origins = [record.origin for record in simulate(build("tpe"), 30)]
    assert origins[:2] == ["guess", "system large, shrunk"]
    assert "tpe" not in origins[:8]
    assert {"tpe", "random"} < set(origins)
    assert {"mutation", "crossing"} & set(origins)


def test_an_ask_takes_less_than_a_third_of_a_second_in_a_real_space():
    space, task, budget = load_space("cp_mobile"), Task(10, 1.0), Budget(max_params=128_000, max_macs=30_000_000)
    proposer = build("tpe", space=space, task=task, budget=budget)
    records = simulate(proposer, 60)
    seconds = []
    for number in range(61, 64):
        started = time.process_time()
        proposer.propose(number, records)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.3


def test_a_network_that_fits_is_not_shrunk():
    screen = Screen(space, TASK, budget=BUDGET)
    guess = space.guesses[0]
    assert shrink(guess, screen, np.random.default_rng(0)) is guess


def test_a_shrunk_network_fits_and_stays_near():
    screen = Screen(space, TASK, budget=BUDGET)
    fitting = shrink(LARGE, screen, np.random.default_rng(0))
    cost = screen.cost(fitting)
    assert BUDGET.fits(cost)
    assert not BUDGET.fits(screen.cost(LARGE))
    assert sum(a == b for a, b in zip(fitting.code, LARGE.code, strict=True)) >= 2


def test_the_screen_knows_the_cost_that_the_design_has():
    screen = Screen(space, TASK, budget=BUDGET)
    for candidate in space.draw_many(np.random.default_rng(0), 50):
        proposal = screen.admit(candidate, origin="test")
        if proposal is None:
            assert screen.excess(candidate) > 0
        else:
            assert screen.excess(candidate) == 0
            assert proposal.cost == count_cost(proposal.design.architecture)
            assert screen.admit(candidate, origin="test", seen={proposal.design.key}) is None


def test_the_model_sees_every_axis_once():
    cp_mobile = load_space("cp_mobile")
    distributions = model_distributions(cp_mobile)
    assert list(distributions) == list(cp_mobile.axes)
    for candidate in cp_mobile.draw_many(np.random.default_rng(0), 20):
        for distribution, code in zip(distributions.values(), candidate.code, strict=True):
            assert distribution._contains(distribution.to_internal_repr(code))


def test_trial_seeds_differ_and_fit_any_generator():
    seeds = {trial_seed(seed, number) for seed in range(20) for number in range(20)}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**31 for seed in seeds)
