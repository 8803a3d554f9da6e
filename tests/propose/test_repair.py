"""Over-sized candidates made to fit: by little, along what costs."""

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.frontend import Task
from nas_asc.propose import Screen
from nas_asc.propose.repair import repair
from nas_asc.space import load_space

TASK = Task(n_classes=10, clip_s=1.0)
BUDGETS = [Budget(max_params=128_000, max_macs=30_000_000), Budget(max_params=10_000, max_macs=1_000_000)]


def wishes(screen, n=12):
    drawn = screen.space.draw_many(np.random.default_rng(0), 300)
    return [each for each in drawn if 0 < screen.excess(each) < np.inf][:n]


@pytest.mark.parametrize("budget", BUDGETS, ids=["wide", "tight"])
@pytest.mark.parametrize("name", ["asc", "cp_mobile", "cp_resnet"])
def test_what_comes_back_fits_and_is_near(name, budget):
    screen = Screen(load_space(name), TASK, budget=budget)
    found = [(wish, repair(wish, screen, np.random.default_rng(1))) for wish in wishes(screen)]
    assert all(fitting is not None and screen.excess(fitting) == 0 for _, fitting in found)
    assert all(screen.space.broken_requirement(fitting) is None for _, fitting in found)
    changed = [sum(a != b for a, b in zip(wish.code, fitting.code, strict=True)) for wish, fitting in found]
    assert np.mean(changed) < 0.4 * len(screen.space.axes)
    assert np.mean([budget.share(screen.cost(fitting)) for _, fitting in found]) > 0.4


def test_axes_that_cost_nothing_stay_as_they_were():
    screen = Screen(load_space("asc"), TASK, budget=BUDGETS[0])
    for wish in wishes(screen):
        fitting = repair(wish, screen, np.random.default_rng(1))
        both = set(wish.values) & set(fitting.values)
        costless = {"learning_rate", "weight_decay", "label_smoothing", "freq_mask", "time_mask", "time_roll"}
        assert all(wish.values[name] == fitting.values[name] for name in both & costless)


def test_what_fits_stays_and_what_cannot_fit_is_none():
    screen = Screen(load_space("cp_mobile"), TASK, budget=BUDGETS[0])
    fitting = next(each for each in screen.space.draw_many(np.random.default_rng(0), 50) if screen.excess(each) == 0)
    assert repair(fitting, screen, np.random.default_rng(0)) is fitting
    hopeless = Screen(load_space("cp_mobile"), TASK, budget=Budget(max_params=5))
    assert repair(fitting, hopeless, np.random.default_rng(0)) is None
