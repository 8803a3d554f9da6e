"""What every sampler keeps to, by the table of samplers: a new one is tested without being named here."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.propose import Screen
from nas_asc.space import load_space
from tests.propose.made_up import (
    BUDGET,
    EVERY_SAMPLER,
    OWN_SAMPLERS,
    TASK,
    build,
    fake_record,
    reread,
    simulate,
    simulate_with_rungs,
    small,
    space,
)

SETTINGS = {"three objectives": {}, "one objective": {"objectives": ("log_loss",), "mode": "best"}}
N = 26  # the second generation of genetic samplers has begun
WIDE = Budget(max_params=128_000, max_macs=30_000_000)


@cache
def asked_of(sampler, setting):
    """What a study's trials were proposed, and from what."""
    return simulate_with_rungs(build(sampler, **SETTINGS[setting]), N)


@pytest.mark.parametrize("sampler", EVERY_SAMPLER)
class TestEverySampler:
    @pytest.mark.parametrize("setting", SETTINGS)
    def test_every_proposal_fits_is_new_and_of_the_space(self, sampler, setting):
        proposals = [proposal for proposal, _ in asked_of(sampler, setting)]
        assert all(BUDGET.fits(proposal.cost) for proposal in proposals)
        assert len({proposal.design.key for proposal in proposals}) == N
        assert all(space.broken_requirement(proposal.candidate) is None for proposal in proposals)

    def test_a_study_resumed_at_any_trial_proposes_what_it_would_have_proposed(self, sampler):
        for number, (proposal, records) in enumerate(asked_of(sampler, "three objectives")):
            again = build(sampler).propose(number, reread(records))
            assert (number, again.candidate) == (number, proposal.candidate)

    def test_another_seed_proposes_other_networks(self, sampler):
        keys = [{record.key for record in simulate(build(sampler, seed=seed), 12)} for seed in (0, 1)]
        assert keys[0] != keys[1]

    def test_nothing_is_proposed_where_nothing_fits(self, sampler):
        assert build(sampler, space=small, budget=Budget(max_params=5)).propose(0, []) is None

    def test_trials_that_failed_or_are_of_another_space_do_no_harm(self, sampler):
        records = simulate(build("random"), 12)
        foreign = [replace(record, values={"gone": 3}) for record in records]
        failed = [replace(record, state="failed", scores=None, reason="diverged") for record in records]
        for known in (foreign, failed):
            assert build(sampler).propose(12, known).design.key not in {record.key for record in records}

    @pytest.mark.parametrize("setting", SETTINGS)
    def test_a_small_space_is_tried_to_its_last_candidate_and_no_further(self, sampler, setting):
        drawn = small.draw_many(np.random.default_rng(0), 400)
        fitting = Screen(small, TASK, budget=BUDGET).admit_all(drawn, origin="all", n_most=400)
        proposer = build(sampler, space=small, **SETTINGS[setting])
        records = simulate(proposer, len(fitting))
        assert {record.key for record in records} == {proposal.design.key for proposal in fitting}
        assert proposer.propose(len(records), records) is None

    def test_no_candidate_below_the_asked_share_of_a_limit_is_proposed(self, sampler):
        proposer = build(sampler, min_share=0.4)
        shares = [BUDGET.share(record.cost) for record in simulate(proposer, 12)]
        assert min(shares) >= 0.4

    def test_the_warm_start_can_be_turned_off(self, sampler):
        assert simulate(build(sampler), 1)[0].origin == "guess"
        assert simulate(build(sampler, warm_start=False), 1)[0].origin not in ("guess", "system large, shrunk")


def propose_once(samplers):
    """The candidate that each sampler proposes after the random trials of a study."""
    records = simulate(build("random"), N)
    return {sampler: dict(build(sampler).propose(N, records).candidate.values) for sampler in samplers}


def test_another_process_proposes_the_same():
    script = f"from {__name__} import *\nprint(propose_once(OWN_SAMPLERS))"
    root = Path(__file__).parent.parent.parent
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "7"}
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == str(propose_once(OWN_SAMPLERS))


@pytest.fixture(scope="module")
def long_records():
    """More trials of a real space than any model is given, by random search."""
    drawn, rng = load_space("cp_mobile").draw_many(np.random.default_rng(0), 900), np.random.default_rng(0)
    screen = Screen(load_space("cp_mobile"), TASK, budget=WIDE)
    proposals = screen.admit_all(drawn, origin="random", n_most=430)
    return [fake_record(proposal, number, rng=rng) for number, proposal in enumerate(proposals)]


@pytest.mark.parametrize("sampler", OWN_SAMPLERS)
def test_a_long_study_is_resumed_as_it_went_on(sampler, long_records):
    cp_mobile, last = load_space("cp_mobile"), len(long_records)
    proposer = build(sampler, space=cp_mobile, budget=WIDE)
    proposer.propose(last - 1, long_records[:-1])
    went_on = proposer.propose(last, long_records)
    resumed = build(sampler, space=cp_mobile, budget=WIDE).propose(last, long_records)
    assert resumed.candidate == went_on.candidate
    assert WIDE.fits(resumed.cost)
