"""Small moves around the best networks, and how long they are expected to take."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.propose import Screen, read_history
from nas_asc.propose.fill import keeps_kind
from nas_asc.propose.local import LocalStrategy
from nas_asc.propose.pool import fitting
from nas_asc.propose.score_model import ScoreModels
from nas_asc.propose.seconds import MOST_TIME, SecondsModel, SecondsModels
from nas_asc.space import load_space
from tests.propose.made_up import BUDGET, TASK, build, simulate, space

SCREEN = Screen(space, TASK, budget=BUDGET)
NAMES = ("log_loss", "macs", "params")


def with_seconds(records, seconds_of):
    return [replace(record, seconds=seconds_of(record.cost.macs)) for record in records]


def history_of(n=12, seconds_of=lambda macs: 1.0, seed=0):
    return read_history(with_seconds(simulate(build("random", seed=seed), n), seconds_of), space, minimised=NAMES)


def strategy(timeout_s=None):
    return LocalStrategy(ScoreModels(space, column=0), column=0, seconds=SecondsModels(SCREEN, timeout_s=timeout_s))


def n_changed(one, other):
    return sum(a != b for a, b in zip(one.code, other.code, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_move_changes_one_or_two_axes_of_one_of_the_best_three(seed):
    history = history_of(seed=seed)
    proposal = strategy()(SCREEN, history, np.random.default_rng(seed))
    best = [history.candidates[row] for row in np.argsort(history.values[:, 0])[:3]]
    assert min(n_changed(proposal.candidate, parent) for parent in best) in (1, 2)
    assert proposal.design.key not in history.seen
    assert BUDGET.fits(proposal.cost)


def test_while_a_study_is_young_front_end_recipe_and_members_stay():
    asc = load_space("asc")
    screen = Screen(asc, replace(TASK, clip_s=1.0), budget=BUDGET)
    models = ScoreModels(asc, column=0)
    records = simulate(build("random", space=asc, task=screen.task), 8)
    history = read_history(records, asc, minimised=NAMES)
    proposal = LocalStrategy(models, column=0, seconds=SecondsModels(screen, timeout_s=None))(
        screen, history, np.random.default_rng(0)
    )
    best = [history.candidates[row] for row in np.argsort(history.values[:, 0])[:3]]
    near = [parent for parent in best if n_changed(proposal.candidate, parent) <= 4]
    assert any(
        keeps_kind(proposal.candidate, parent, screen)
        and asc.log_mel(proposal.candidate, screen.task) == asc.log_mel(parent, screen.task)
        for parent in near
    )


def test_seconds_are_learned_from_trials_that_take_time_with_their_macs():
    history = history_of(n=25, seconds_of=lambda macs: 1e-3 * (macs + 3e5) ** 0.9)
    pool = fitting(space.draw_many(np.random.default_rng(9), 60), SCREEN)
    expected = SecondsModel(SCREEN, history).predict(pool)
    true = np.array([1e-3 * (max(cost.macs, 3e5)) ** 0.9 for cost in pool.values()])
    assert np.median(np.abs(np.log(expected / true))) < 0.3


def test_without_a_time_limit_seconds_change_nothing():
    slow, fast = (history_of(seconds_of=lambda macs, factor=factor: factor * macs) for factor in (1.0, 50.0))
    proposals = [strategy()(SCREEN, each, np.random.default_rng(1)).candidate for each in (slow, fast)]
    assert proposals[0] == proposals[1]


def test_what_takes_more_than_a_tenth_of_the_time_is_left_out():
    history = history_of(seconds_of=lambda macs: macs / 1_000)
    pool = fitting(space.draw_many(np.random.default_rng(9), 60), SCREEN)
    seconds = SecondsModel(SCREEN, history).predict(pool)
    timeout_s = float(np.median(seconds)) / MOST_TIME
    kept = SecondsModels(SCREEN, timeout_s=timeout_s).affordable(pool, history)
    assert set(kept) == {each for each, taken in zip(pool, seconds, strict=True) if taken <= MOST_TIME * timeout_s}
    assert SecondsModels(SCREEN, timeout_s=1e-9).affordable(pool, history) == {}
    assert SecondsModels(SCREEN, timeout_s=None).affordable(pool, history) == pool
