import inspect
from dataclasses import replace

import numpy as np
import pytest
from optuna.samplers import NSGAIISampler, TPESampler

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.errors import StudyError
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.optuna_study import model_distributions
from nas_asc.propose.proposer import resolve_sampler
from nas_asc.propose.repair import repair
from nas_asc.propose.tpe import RankingTpe
from nas_asc.search import trial_seed
from nas_asc.space import Space, choice, integer, load_space
from nas_asc.study import TrialRecord
from tests.search.tiny import BUDGET, LARGE, N_CLASSES, features, network, space
from tests.study.records import example_config

TASK = Task(n_classes=N_CLASSES, clip_s=0.25)
SAMPLERS = ("gp", "tpe", "nsga2", "nsga3", "handover", "random", "optuna:TPESampler")
CONFIG = example_config(budget=BUDGET, objectives=("log_loss", "macs", "params"))


WIDE = Budget(max_params=128_000, max_macs=30_000_000)
cp_mobile = load_space("cp_mobile")
small = Space("small", width=choice(2, 3, 4, 12), depth=integer(0, 2), kernel_size=choice(1, 3))


@small.network
def small_network(width, depth, kernel_size):
    yield from network(width, depth, kernel_size, "relu")


small.features(features)


@pytest.fixture(scope="module")
def long_records():
    """Many trials of a real space, by random search."""
    screen, rng = Screen(cp_mobile, TASK, budget=WIDE), np.random.default_rng(0)
    proposals = screen.admit_all(cp_mobile.draw_many(rng, 4_000), origin="random", n_most=1_101)
    return [fake_record(proposal, number, rng=rng) for number, proposal in enumerate(proposals)]


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


def test_hardly_a_training_goes_to_networks_of_less_than_a_hundredth_of_the_limits():
    params, macs = 200, 7_500  # half of the space takes less
    n_negligible = []
    for limits in ((2.0, 100 * macs, 100 * params), ()):
        records = simulate(build("gp", warm_start=False, reference_point=limits), 40)
        costs = [record.cost for record in records if record.origin == "gp"]
        n_negligible.append(sum(cost.params < params and cost.macs < macs for cost in costs))
    with_limits, without = n_negligible
    assert with_limits < 4 < 12 < without


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


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_small_space_is_tried_to_its_last_candidate_and_no_further(sampler):
    proposer, fitting = build(sampler, space=small), {}
    for candidate in small.draw_many(np.random.default_rng(0), 400):
        proposal = Screen(small, TASK, budget=BUDGET).admit(candidate, origin="all")
        if proposal is not None:
            fitting[proposal.design.key] = proposal
    records = simulate(proposer, len(fitting))
    assert {record.key for record in records} == set(fitting)
    assert proposer.propose(len(records), records) is None


@pytest.mark.parametrize(("sampler", "n"), [("handover", 102), ("nsga2", 62), ("nsga3", 62)])
def test_a_study_resumed_generations_later_goes_on_as_before(sampler, n):
    records = simulate(build(sampler), n)
    assert records[-1].origin.startswith("nsga" if sampler == "handover" else sampler)
    assert simulate(build(sampler), n, records=records[: n - 1]) == records
    assert simulate(build(sampler), n - 20, records=records[: n - 22]) == records[: n - 20]


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_a_long_study_is_resumed_as_it_went_on(sampler, long_records):
    proposer, records = build(sampler, space=cp_mobile, budget=WIDE), list(long_records[:1_098])
    went_on = []
    for number in range(1_098, 1_101):  # over the end of a block
        went_on.append(proposer.propose(number, records))
        records.append(long_records[number])
    resumed = build(sampler, space=cp_mobile, budget=WIDE).propose(1_100, records[:1_100])
    assert resumed.candidate == went_on[-1].candidate
    assert WIDE.fits(resumed.cost)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_candidate_below_the_asked_share_of_a_limit_is_proposed(sampler):
    screen = Screen(space, TASK, budget=BUDGET, min_share=0.4)
    config = replace(CONFIG, sampler=sampler, min_share=0.4)
    for record in simulate(build_proposer(screen, config), 24):
        assert record.cost.params >= 0.4 * 1_500 or max(record.cost.official_macs, record.cost.macs) >= 0.4 * 100_000


@pytest.mark.parametrize("sampler", ["gp", "nsga2"])
def test_for_the_best_network_that_fits_the_first_ones_use_the_budget(sampler):
    shares = {
        mode: np.mean([screen_share(record.cost) for record in simulate(build(sampler, mode=mode), 8)[2:]])
        for mode in ("best", "pareto")
    }
    assert shares["best"] > shares["pareto"]


def screen_share(cost):
    return Screen(space, TASK, budget=BUDGET).share(cost)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_warm_start_can_be_turned_off(sampler):
    assert simulate(build(sampler), 1)[0].origin == "guess"
    assert simulate(build(sampler, warm_start=False), 1)[0].origin not in ("guess", "system large, shrunk")


@pytest.mark.parametrize("name", ["QMCSampler", "GPSampler", "BruteForceSampler"])
def test_any_sampler_of_optunas_proposes_what_fits(name):
    records = simulate(build(f"optuna:{name}"), 6)
    assert all(BUDGET.fits(record.cost) for record in records)
    assert any(record.origin.startswith(name) for record in records)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nothing", "must name a sampler of Optuna's, but got 'Nothing': .*TPESampler"),
        ("GridSampler", "`--sampler optuna:GridSampler` cannot be used here: .*search_space"),
    ],
)
def test_a_sampler_that_cannot_be_used_is_named(name, message):
    with pytest.raises(StudyError, match=message):
        build(f"optuna:{name}")


def test_what_auto_stands_for_is_kept():
    assert resolve_sampler("auto") in SAMPLERS
    assert resolve_sampler("tpe") == "tpe"


def test_optuna_still_has_the_hooks_that_are_used():
    """Private ones, the reason why the version of Optuna is bounded."""
    assert RankingTpe(seed=0)._compute_acquisition_func.__func__ is not TPESampler._compute_acquisition_func
    assert list(inspect.signature(TPESampler._compute_acquisition_func).parameters)[1:] == [
        "samples",
        "mpe_below",
        "mpe_above",
    ]
    sampler = NSGAIISampler(population_size=20, seed=0)
    assert list(inspect.signature(sampler._child_generation_strategy.__call__).parameters) == [
        "study",
        "search_space",
        "parent_population",
    ]
    assert sampler._get_generation_key() == "NSGAIISampler:generation"


def test_the_warm_start_is_what_the_space_and_the_model_is_asked_later():
    origins = [record.origin for record in simulate(build("tpe"), 30)]
    assert origins[:2] == ["guess", "system large, shrunk"]
    assert "tpe" not in origins[:8]
    assert {"tpe", "random"} < set(origins)
    assert {"mutation", "crossing"} & set(origins)


def test_a_network_that_fits_is_not_shrunk():
    screen = Screen(space, TASK, budget=BUDGET)
    guess = space.guesses[0]
    assert repair(guess, screen, np.random.default_rng(0)) is guess


def test_a_shrunk_network_fits_and_stays_near():
    screen = Screen(space, TASK, budget=BUDGET)
    fitting = repair(LARGE, screen, np.random.default_rng(0))
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
