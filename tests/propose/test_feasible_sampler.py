"""A sampler of Optuna's kind in studies that know nothing of this package."""

import optuna
import pytest

import nas_asc
from nas_asc.cost import count_cost
from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import Recipe
from nas_asc.space import Space, choice, integer

BUDGET = nas_asc.Budget(max_params=2_000, max_macs=3_000_000)
SAMPLERS = ["gp", "tpe", "nsga2", "random"]

space = Space("net", width=choice(2, 3, 4, 6, 8, 12, 16), depth=integer(0, 4), kernel_size=choice(1, 3, 5))


@space.require
def deep_nets_have_small_kernels(depth, kernel_size):
    return depth < 3 or kernel_size < 5


@space.network
def network(width, depth, kernel_size):
    yield Conv(width, kernel_size=3, stride=4, norm="batch", activation="relu")
    for _ in range(depth):
        yield Conv(width, kernel_size=kernel_size, padding="same", norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(n_mels=32)


@space.recipe
def recipe():
    return Recipe(epochs=1)


def loss(candidate):
    """A plain function: 12 wide, 2 deep, with kernels of 3 is best, but is over the budget."""
    values = candidate.values
    return abs(values["width"] - 12) / 4 + abs(values["depth"] - 2) + abs(values["kernel_size"] - 3)


def best_that_fits(sampler):
    """The least loss of all candidates that fit, by going through all of them."""
    found = []
    for width in (2, 3, 4, 6, 8, 12, 16):
        for depth in range(5):
            for kernel_size in (1, 3, 5):
                if depth < 3 or kernel_size < 5:
                    candidate = space.candidate(width=width, depth=depth, kernel_size=kernel_size)
                    design = space.build(candidate, Task())
                    cost = count_cost(design.architecture)
                    if BUDGET.fits(cost):
                        found.append(loss(candidate))
    return min(found)


def tell_until_none_is_left(study, sampler):
    for _ in range(100):
        study.tell(study.ask(sampler.distributions), 0.0)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_trial_fits_and_is_new_and_the_best_is_found(name):
    sampler = nas_asc.FeasibleSampler(space, BUDGET, sampler=name)
    study = optuna.create_study(sampler=sampler)
    keys = set()
    for _ in range(30):
        trial = study.ask(sampler.distributions)
        assert BUDGET.fits(sampler.cost(trial))
        assert space.broken_requirement(sampler.candidate(trial)) is None
        keys.add(sampler.design(trial).key)
        study.tell(trial, loss(sampler.candidate(trial)))
    assert len(keys) == 30
    if name != "random":
        assert study.best_value == best_that_fits(sampler)


def test_a_maximised_score_is_proposed_for_as_its_negative_is_minimised():
    params = []
    for direction, sign in (("minimize", 1.0), ("maximize", -1.0)):
        sampler = nas_asc.FeasibleSampler(space, BUDGET)
        study = optuna.create_study(direction=direction, sampler=sampler)
        for _ in range(14):
            trial = study.ask(sampler.distributions)
            study.tell(trial, sign * loss(sampler.candidate(trial)))
        params.append([trial.params for trial in study.trials])
    assert params[0] == params[1]


@pytest.mark.parametrize("name", SAMPLERS)
def test_many_are_asked_before_any_is_told(name):
    sampler = nas_asc.FeasibleSampler(space, BUDGET, sampler=name, seed=3)
    study = optuna.create_study(sampler=sampler)
    asked = [study.ask(sampler.distributions) for _ in range(12)]
    assert len({sampler.design(trial).key for trial in asked}) == 12
    for trial in reversed(asked):
        study.tell(trial, loss(sampler.candidate(trial)))
    again = study.ask(sampler.distributions)
    assert sampler.design(again).key not in {sampler.design(trial).key for trial in asked}


def test_a_sampler_that_is_made_again_knows_in_which_order_trials_were_told():
    params = []
    for is_made_again in (False, True):
        sampler = nas_asc.FeasibleSampler(space, BUDGET)
        study = optuna.create_study(sampler=sampler)
        asked = [study.ask(sampler.distributions) for _ in range(7)]
        for trial in reversed(asked):
            study.tell(trial, loss(sampler.candidate(trial)))
            study.ask(sampler.distributions)
        if is_made_again:
            study.sampler = nas_asc.FeasibleSampler(space, BUDGET)
        params.append([study.ask(sampler.distributions).params for _ in range(3)])
    assert params[0] == params[1]


def test_what_was_pruned_is_not_proposed_again():
    sampler = nas_asc.FeasibleSampler(space, nas_asc.Budget(max_params=100))
    study = optuna.create_study(sampler=sampler)
    study.tell(study.ask(sampler.distributions), state=optuna.trial.TrialState.PRUNED)
    with pytest.raises(NothingFitsError):
        tell_until_none_is_left(study, sampler)
    keys = [sampler.design(trial).key for trial in study.trials[:-1]]
    assert len(set(keys)) == len(keys) > 3


def test_costs_are_further_values_and_the_front_is_of_both(tmp_path):
    sampler = nas_asc.FeasibleSampler(space, BUDGET, costs=("macs",))
    storage = f"sqlite:///{tmp_path / 'any.db'}"
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler, storage=storage)
    for _ in range(12):
        trial = study.ask(sampler.distributions)
        study.tell(trial, [loss(sampler.candidate(trial)), sampler.cost(trial).macs])
    assert len(study.best_trials) > 1
    again = optuna.load_study(study_name=study.study_name, storage=storage, sampler=sampler)
    assert sampler.cost(again.ask(sampler.distributions)).params <= 2_000


def test_a_study_that_is_loaded_again_proposes_what_it_would_have(tmp_path):
    def ask_some(n, make):
        for _ in range(n):
            sampler = make()
            study = optuna.create_study(
                study_name="s", storage=f"sqlite:///{tmp_path / 'a.db'}", load_if_exists=True, sampler=sampler
            )
            trial = study.ask(sampler.distributions)
            study.tell(trial, loss(sampler.candidate(trial)))
        return [trial.params for trial in study.trials]

    ask_some(11, lambda: nas_asc.FeasibleSampler(space, BUDGET))
    sampler = nas_asc.FeasibleSampler(space, BUDGET)
    whole = optuna.create_study(sampler=sampler)
    whole.optimize(lambda trial: loss(sampler.candidate(_suggested(trial, sampler))), n_trials=12)
    assert ask_some(1, lambda: nas_asc.FeasibleSampler(space, BUDGET)) == [trial.params for trial in whole.trials]


def _suggested(trial, sampler):
    """The trial after all axes were suggested one by one."""
    for name, distribution in sampler.distributions.items():
        trial.suggest_int(name, distribution.low, distribution.high)
    return trial


def test_a_parameter_of_the_users_own_is_drawn_beside_the_axes():
    sampler = nas_asc.FeasibleSampler(space, BUDGET)
    study = optuna.create_study(sampler=sampler)
    own = {"dropout": optuna.distributions.FloatDistribution(0.0, 0.5)}
    trial = study.ask(sampler.distributions | own)
    assert 0 <= trial.params["dropout"] <= 0.5
    assert BUDGET.fits(sampler.cost(trial))


def test_what_cannot_be_is_named():
    sampler = nas_asc.FeasibleSampler(space, BUDGET, costs=("macs",))
    with pytest.raises(StudyError, match=r"the study must have the values a score, macs, costs minimised"):
        optuna.create_study(sampler=sampler).ask(sampler.distributions)
    wide = {"width": optuna.distributions.IntDistribution(50, 99)}
    with pytest.raises(StudyError, match=r"`width` is an axis of space 'net', but was asked with IntDistribution"):
        optuna.create_study(sampler=nas_asc.FeasibleSampler(space, BUDGET)).ask(wide)
    with pytest.raises(StudyError, match=r"`costs` must be among params, macs, .* but got 'weight'"):
        nas_asc.FeasibleSampler(space, BUDGET, costs=("weight",))


def test_a_used_up_space_says_so_and_leaves_no_trial_running():
    sampler = nas_asc.FeasibleSampler(space, nas_asc.Budget(max_params=100))
    study = optuna.create_study(sampler=sampler)
    with pytest.raises(NothingFitsError, match="no new candidate of space 'net' fits the budget: parameters <= 100"):
        tell_until_none_is_left(study, sampler)
    assert {trial.state.name for trial in study.trials} == {"COMPLETE", "FAIL"}


def test_a_space_of_which_nothing_can_be_built_says_why():
    bare = Space("bare", width=choice(2, 3))

    @bare.network
    def network(width):
        yield Conv(width, kernel_size=3)
        yield Classifier()

    sampler = nas_asc.FeasibleSampler(bare, BUDGET)
    with pytest.raises(NothingFitsError, match="space 'bare' has no features"):
        optuna.create_study(sampler=sampler).ask(sampler.distributions)
