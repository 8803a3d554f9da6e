"""Contract of every packaged space: it loads, its systems are exact, its guesses and enough of its draws fit."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.cost import Cost, count_cost, count_nonzero, receptive_field
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture, parse_architecture
from nas_asc.recipe import RECIPES, MagnitudePruning
from nas_asc.space import list_spaces, load_space

SPACES = {name: load_space(name) for name in list_spaces()}
SYSTEMS = [(space, system) for space, names in SPACES.items() for system in names.systems]
RECIPE_OF = {
    "cp_resnet": "CP-JKU-2021",
    "shared_resnet": "QTI-2020",
    "vgg_inception": "NTU-2020",
    "bc_resnet": "FAU-2022",
    "BC-ResNet-Mod-8": None,
    "design_walk": "KT-2022",
    "Baseline-2022": "DCASE-2022",
    "CP-Mobile-2024": "DCASE-2024",
}
TASKS = {"one second": Task(10, 1.0), "five seconds": Task(10, 5.0)}


def fits(cost: Cost) -> bool:
    return cost.params <= 128_000 and max(cost.official_macs, cost.macs) <= 30_000_000


def costs(space, candidates, task):
    """Costs of the candidates that can be built."""
    for candidate in candidates:
        try:
            yield count_cost(space.architecture(candidate, task))
        except LayerError:
            continue


def test_all_spaces_are_there():
    named = {"asc", "bc_resnet", "cp_mobile", "cp_resnet", "design_walk", "shared_resnet", "vgg_inception"}
    assert named <= set(SPACES)


def test_the_union_is_wide_and_a_quarter_of_its_draws_fit():
    space = SPACES["asc"]
    assert space.n_candidates > 10**12
    found = list(costs(space, space.draw_many(np.random.default_rng(3), 400), TASKS["one second"]))
    assert sum(map(fits, found)) >= 100


@pytest.mark.parametrize(("space", "name"), SYSTEMS)
def test_system_has_its_published_cost_and_receptive_field(space, name):
    system = SPACES[space].systems[name]
    design = SPACES[space].build_system(system)
    architecture = design.architecture
    cost = count_cost(architecture)
    nonzero_params = count_nonzero(architecture, design.recipe.pruning, convention=system.convention)
    assert system.expected_cost or "nonzero_params" in system.published
    assert system.published.get("nonzero_params", nonzero_params) == nonzero_params
    assert {field: getattr(cost, field) for field in system.expected_cost} == system.expected_cost
    if "receptive_field" in system.published:
        assert set(receptive_field(architecture)) == {system.published["receptive_field"]}


@pytest.mark.parametrize(("space", "name"), SYSTEMS)
def test_system_is_trained_as_its_report_says(space, name):
    system = SPACES[space].systems[name]
    recipe = SPACES[space].build_system(system).recipe
    assert {name, space} & set(RECIPE_OF), "RECIPE_OF of this file must say whose recipe it is, or None for its own"
    report = RECIPE_OF[name] if name in RECIPE_OF else RECIPE_OF[space]
    wanted = RECIPES[report] if report else SPACES[space].training_recipe(system.candidate, system.task)
    assert replace(recipe, pruning=wanted.pruning, adaptation=None, band_selection=None) == wanted
    assert (recipe.adaptation is not None) == (name == "DampedR8DA")
    assert (recipe.band_selection is not None) == (name == "FAU-Mod-8-192")
    assert (recipe.pruning is not None) == ("nonzero_params" in system.published)
    if isinstance(recipe.pruning, MagnitudePruning):
        assert recipe.pruning == replace(wanted.pruning, nonzero=system.published["nonzero_params"])
    elif recipe.pruning is not None:
        assert recipe.pruning == wanted.pruning


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_draws_are_valid_and_their_networks_survive_as_text(space):
    for candidate in space.draw_many(np.random.default_rng(0), 50):
        assert space.decode(candidate.code) == candidate
        assert space.candidate_from(candidate.values) == candidate
        architecture = space.architecture(candidate, TASKS["five seconds"])
        assert parse_architecture(format_architecture(architecture)) == architecture


@pytest.mark.parametrize(("task", "share"), [("one second", 1 / 10), ("five seconds", 1 / 20)])
@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_enough_random_candidates_fit_the_budget(space, task, share):
    found = list(costs(space, space.draw_many(np.random.default_rng(1), 200), TASKS[task]))
    assert sum(map(fits, found)) >= 200 * share


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_several_guesses_fit_the_budget_and_are_spread(space, task):
    found = [cost for cost in costs(space, space.guesses, TASKS[task]) if fits(cost)]
    assert len(found) >= 4, "too few guesses fit: add `space.guess(...)`"
    spread = max(cost.params for cost in found) / min(cost.params for cost in found)
    assert spread > 4, "the largest guess must have more than four times the smallest one's parameters"


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_every_axis_changes_a_design_somewhere(space):
    rng = np.random.default_rng(2)
    starts = [system.candidate for system in space.systems.values()] + space.draw_many(rng, 20)
    for position, (name, axis) in enumerate(space.axes.items()):
        changed = (changed_in_one_axis(space, start, position, axis.draw_neighbour(start.code[position], rng))
                   for start in starts if position not in start.inactive)  # fmt: skip
        assert any(changed), name


def changed_in_one_axis(space, candidate, position: int, code) -> bool:
    """Whether another code of one axis gives another design."""
    numbers = [*candidate.code[:position], code, *candidate.code[position + 1 :]]
    task = TASKS["five seconds"]
    return design_text(space, candidate, task) != design_text(space, space.decode(numbers), task)


def design_text(space, candidate, task) -> str:
    parts = (space.log_mel(candidate, task), space.training_recipe(candidate, task))
    return f"{format_architecture(space.architecture(candidate, task))} {parts}"


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_space_describes_itself(space):
    assert "Source:" in space.description, "the docstring of the space file must say `Source:`"
    assert space.n_candidates > 10**6, "a packaged space has more than a million candidates"
    assert [row.axis for row in space.describe()] == list(space.for_target("c").axes)
