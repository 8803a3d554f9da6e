"""The turns of the samplers, what stands behind their names, and the screen."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nas_asc.cost import count_cost
from nas_asc.errors import StudyError
from nas_asc.propose import Screen, build_proposer, note_on_sampler, resolve_sampler
from nas_asc.search import trial_seed
from nas_asc.study import GONE_SAMPLERS, SAMPLERS, StudyConfig
from tests.propose.made_up import BUDGET, CONFIG, OWN_SAMPLERS, TASK, build, simulate, space

screen = partial(Screen, space, TASK, budget=BUDGET)


def test_hardly_a_training_goes_to_networks_of_less_than_a_hundredth_of_the_limits():
    params, macs = 200, 7_500  # half of the space takes less
    n_negligible = []
    for limits in ((2.0, 100 * macs, 100 * params), ()):
        records = simulate(build("gp", warm_start=False, reference_point=limits), 40)
        costs = [record.cost for record in records if record.origin == "gp"]
        n_negligible.append(sum(cost.params < params and cost.macs < macs for cost in costs))
    with_limits, without = n_negligible
    assert with_limits == 0
    assert without > 3


@pytest.mark.parametrize("sampler", ["gp", "nsga2"])
def test_for_the_best_network_that_fits_the_first_ones_use_the_budget(sampler):
    shares = {
        mode: np.mean([BUDGET.share(record.cost) for record in simulate(build(sampler, mode=mode), 8)[2:]])
        for mode in ("best", "pareto")
    }
    assert shares["best"] > shares["pareto"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_has_a_turn_and_keeps_its_name(sampler):
    assert resolve_sampler(sampler) == ("gp" if sampler == "auto" else sampler)
    assert note_on_sampler(sampler) is None
    assert build(sampler).propose(0, []) is not None


@pytest.mark.parametrize("gone", GONE_SAMPLERS)
def test_a_study_of_a_sampler_that_is_gone_goes_on_with_its_successor_and_says_so(gone):
    successor = GONE_SAMPLERS[gone]
    config = StudyConfig.from_dict(replace(CONFIG, sampler=gone).to_dict())
    assert config.sampler == gone
    records = simulate(build("random"), 20)
    proposals = [
        build_proposer(screen(), each).propose(20, records) for each in (config, replace(config, sampler=successor))
    ]
    assert proposals[0].candidate == proposals[1].candidate
    assert note_on_sampler(gone) == f"the sampler {gone!r} is gone; the study goes on with {successor!r}"


@pytest.mark.parametrize("gone", GONE_SAMPLERS)
def test_a_new_study_cannot_have_a_sampler_that_is_gone(gone):
    assert gone not in OWN_SAMPLERS
    with pytest.raises(StudyError, match=f"`sampler=.{gone}.` is gone. Use `sampler=.{GONE_SAMPLERS[gone]}.`"):
        resolve_sampler(gone)


def test_the_warm_start_is_what_the_space_and_the_model_is_asked_later():
    origins = [record.origin for record in simulate(build("tpe"), 30)]
    assert origins[:2] == ["guess", "system large, shrunk"]
    assert "tpe" not in origins[:8]
    assert {"tpe", "random"} < set(origins)
    assert {"mutation", "crossing"} & set(origins)


def test_the_screen_knows_the_cost_that_the_design_has():
    gate = screen()
    for candidate in space.draw_many(np.random.default_rng(0), 50):
        proposal = gate.admit(candidate, origin="test")
        if proposal is None:
            assert gate.excess(candidate) > 0
        else:
            assert gate.excess(candidate) == 0
            assert proposal.cost == count_cost(proposal.design.architecture)
            assert gate.admit(candidate, origin="test", seen={proposal.design.key}) is None


def test_trial_seeds_differ_and_fit_any_generator():
    seeds = {trial_seed(seed, number) for seed in range(20) for number in range(20)}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**31 for seed in seeds)
