"""The comparison of search strategies runs: the committed table answers, every kind of contestant spends its time."""

import contextlib
import math

import numpy as np
import pytest

from nas_asc.data import load_synthetic
from nas_asc.space import load_space
from tests.benchmarks.strategies import race
from tests.benchmarks.strategies.compare import build_durations, build_surrogate, build_world
from tests.benchmarks.strategies.contestants import CONTESTANTS, our_config
from tests.benchmarks.strategies.resume import run
from tests.benchmarks.strategies.trainings import (
    BUDGET,
    COMMITTED,
    LONG,
    RUNGS,
    TableScreen,
    Training,
    propose,
    read_trainings,
)
from tests.benchmarks.strategies.world import SHARES, SpentError, share_of_limits

N_TRAININGS = 8


def test_table_holds_whole_curves_of_real_trainings():
    trainings = read_trainings()
    complete = [one for one in trainings if one.reason is None]
    assert len(complete) > 0.9 * len(trainings)
    assert all(len(one.curve) == len(RUNGS) for one in complete)
    assert len({(one.index, one.seed) for one in trainings}) == len(trainings)


def test_candidates_of_the_long_table_are_new_and_most_are_near_the_best():
    task = load_synthetic().task
    screen = TableScreen(load_space(LONG.space), task, LONG)
    done = []
    for index in range(14):
        proposal = propose(index, 20, done, screen)
        cost = screen.cost(proposal.candidate)
        assert BUDGET.fits(cost)
        curve = ((1.0 - cost.official_macs / 60e6, 0.5),) * len(LONG.rungs)
        values = dict(proposal.candidate.values)
        done.append(
            Training(index, 0, proposal.origin, values, cost.params, cost.official_macs, cost.int8_bytes, curve, 1.0)
        )
    assert len({str(one.values) for one in done}) == len(done)
    assert [one.origin for one in done[:5]] == ["guess"] * 5
    assert [one.origin for one in done[5:9]] == ["random"] * 4
    assert {one.origin.split(",")[0] for one in done[9:]} <= {"mutation", "fill"}


@pytest.mark.parametrize(
    "name",
    ["ours", "ours, rung at a third", "guesses, then mutations", "TPE, log loss alone", "successive halving"],
)
def test_contestant_spends_its_time_and_no_more(name):
    mean_s = build_durations(COMMITTED).mean
    world = build_world(COMMITTED, n_seconds=N_TRAININGS * mean_s, seed=3)
    with contextlib.suppress(SpentError):
        CONTESTANTS[name](world, 3)
    assert 0.5 * world.n_seconds < world.spent_s <= world.n_seconds
    history = world.history(4)
    assert history.shape == (4, len(SHARES))
    assert 0 < history[-1, 0] < np.log(10)


def test_the_best_is_of_what_had_ended_and_keeps_the_part_of_the_limits():
    world = build_world(COMMITTED, n_seconds=N_TRAININGS * build_durations(COMMITTED).mean, seed=1)
    with contextlib.suppress(SpentError):
        CONTESTANTS["feasible random"](world, 1)
    for step, row in enumerate(world.history(4), start=1):
        ended = [one for one in world.finished if one.at_s <= step * world.n_seconds / 4]
        for share, found in zip(SHARES, row, strict=True):
            inside = [(one.seen, one.true) for one in ended if share_of_limits(one.cost) <= share]
            assert found == (min(inside)[1] if inside else np.log(10))


def test_noise_is_that_of_a_seed_and_design_and_the_truth_has_none():
    surrogate = build_surrogate(COMMITTED)
    assert np.array_equal(surrogate.draw_noise("a", 1), surrogate.draw_noise("a", 1))
    assert len({tuple(surrogate.draw_noise("a", seed)) for seed in range(20)}) > 1


@pytest.mark.parametrize("seed", [0, 1])
def test_search_resumed_from_its_database_proposes_what_it_would_have_proposed(seed):
    whole = run(COMMITTED, seed, sampler="auto", n_trials=N_TRAININGS, stop_at=None)
    resumed = run(COMMITTED, seed, sampler="auto", n_trials=N_TRAININGS, stop_at=3 + seed)
    assert resumed == whole
    assert len(set(resumed[1])) == len(resumed[1])


def test_no_rule_recommends_better_than_the_best_of_the_trials_and_the_race_keeps_its_time():
    found = race.run(5, n_trials=8, clip_noise=0.2, table=COMMITTED)
    for best, *recommended in found.values():
        assert best <= min(recommended[:2])
    world, config = build_world(COMMITTED, n_seconds=math.inf, seed=5), our_config("gp", 5)
    track = race.Track(world, config, clip_noise=0.0)
    search = race.TrackedSearch(track, config, epochs=race.TRIAL)
    search.run(6)
    assert {record.epochs for record in search.records} == {race.TRIAL}
    nothing = race.race(track, search.records, 0.0)
    assert nothing.number == min(search.records, key=lambda one: one.scores.log_loss).number
