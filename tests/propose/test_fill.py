"""Growing the first networks into the limits."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.data import load_synthetic
from nas_asc.propose import Screen, build_proposer, read_history
from nas_asc.propose.fill import N_FIRST, FillStrategy, grow, keeps_kind
from nas_asc.propose.seconds import SecondsModels
from nas_asc.propose.tune import TuneStrategy
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import load_space
from tests.propose.made_up import CONFIG, fake_record

asc = load_space("asc")
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)


def fill_strategy(screen, *, timeout_s):
    seconds = SecondsModels(screen, timeout_s=timeout_s)
    return FillStrategy(column=0, seconds=seconds, tune=TuneStrategy(column=0, n_first=N_FIRST, seconds=seconds))


@cache
def wide():
    return Screen(asc, load_synthetic().task, budget=BUDGET)


def guesses():
    return [start.candidate for start in warm_start(wide(), seed=0)]


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("index", range(N_FIRST))
def test_in_detail_macs_grow_to_the_share_and_parameters_stay(index, share):
    screen, parent = wide(), guesses()[index]
    grown = grow(parent, screen, way="detail", share=share)
    before, after = screen.cost(parent), screen.cost(grown)
    assert 0.6 * share <= BUDGET.used(after)["macs"] / 30e6 <= 1.1 * share
    assert after.params == pytest.approx(before.params, rel=0.2)
    assert keeps_kind(grown, parent, screen)


def test_in_size_parameters_grow_and_the_tightest_limit_is_kept():
    screen, parent = wide(), guesses()[0]
    grown = grow(parent, screen, way="size", share=0.9)
    assert screen.cost(grown).params > 1.5 * screen.cost(parent).params
    assert 0.6 <= screen.share(screen.cost(grown)) <= 1.0


def test_what_uses_the_limit_already_is_not_grown():
    screen, parent = wide(), guesses()[4]
    assert screen.share(screen.cost(parent)) > 0.5
    assert grow(parent, screen, way="size", share=0.5) is None
    without = Screen(asc, screen.task, budget=Budget(max_params=128_000))
    assert grow(parent, without, way="detail", share=0.5) is None


def study(score_of, n=14, budget=BUDGET):
    """Records of a search whose trials score as they are told."""
    screen = Screen(asc, wide().task, budget=budget)
    proposer = build_proposer(screen, replace(CONFIG, sampler="gp", budget=budget, objectives=("log_loss", "macs")))
    records = []
    for number in range(n):
        proposal = proposer.propose(number, records)
        made = fake_record(proposal, number, rng=np.random.default_rng(number))
        scores = replace(made.scores, log_loss=score_of(proposal, number))
        records.append(replace(made, scores=scores, seconds=1.0))
    return records


def test_after_the_first_networks_the_best_two_are_grown_and_what_gained_goes_on():
    records = study(lambda proposal, number: 1.0 - proposal.cost.macs / 60e6, n=14)
    origins = [record.origin for record in records]
    fills = [origin for origin in origins if origin.startswith("fill")]
    untuned = [origin for origin in origins if not origin.startswith("tune")]
    assert untuned[N_FIRST].startswith("fill")
    assert 3 <= len(fills) <= 5
    assert max(BUDGET.used(record.cost)["macs"] for record in records if record.origin in fills) > 0.7 * 30e6


def test_a_way_that_does_not_pay_is_left_alone():
    records = study(lambda proposal, number: 1.0 + proposal.cost.macs / 30e6, n=12)
    used = [BUDGET.used(record.cost)["macs"] / 30e6 for record in records if record.origin.startswith("fill")]
    assert used
    assert max(used) < 0.6


def test_without_limits_nothing_is_grown():
    records = study(lambda proposal, number: 1.0, n=8, budget=Budget())
    assert not any(record.origin.startswith("fill") for record in records)


def test_what_would_take_more_than_a_tenth_of_the_time_is_not_grown():
    records = study(lambda proposal, number: 1.0 - proposal.cost.macs / 60e6, n=N_FIRST)
    history = read_history(records, asc, minimised=("log_loss", "macs"))  # a second each
    for timeout_s, is_grown in ((1_000.0, True), (1.0, False)):
        screen = wide()
        strategy = fill_strategy(screen, timeout_s=timeout_s)
        assert (strategy(screen, history, np.random.default_rng(0)) is not None) == is_grown


def test_a_fill_is_not_proposed_twice():
    screen = wide()
    records = study(lambda proposal, number: 1.0 - proposal.cost.macs / 60e6, n=12)
    history = read_history(records, asc, minimised=("log_loss", "macs"))
    strategy = fill_strategy(screen, timeout_s=None)
    assert strategy(screen, history, np.random.default_rng(0)) is None
