import pytest

from nas_asc.propose import Screen, reference_point
from nas_asc.study import OBJECTIVES
from tests.propose.made_up import BUDGET, TASK, space


@pytest.fixture
def screen():
    return Screen(space, TASK, budget=BUDGET)


def test_a_cost_has_its_limit_and_a_score_what_no_network_of_use_exceeds(screen):
    log_loss, error, params, ram = reference_point(("log_loss", "error", "params", "peak_ram"), screen, seed=0)
    assert 2 < log_loss < 2.1  # of a guess among four classes 1.386
    assert (error, params) == (1.0, 1_500)
    assert ram > max(screen.cost(guess).peak_ram_bytes for guess in space.guesses)


def test_every_objective_has_one(screen):
    values = dict(zip(OBJECTIVES, reference_point(tuple(OBJECTIVES), screen, seed=0), strict=True))
    assert all(value > 0 for value in values.values())
