"""Published systems: the recipe that they were trained with."""

from dataclasses import replace
from pathlib import Path

import pytest

from nas_asc.errors import SpaceError
from nas_asc.frontend import Task
from nas_asc.recipe import AdamW, Recipe
from nas_asc.space import Space, choice, load_space

VALUES = {"width": 16, "neck": 8, "reach": 3, "depth": 0, "hop_length": 512, "mixup": None, "learning_rate": 2e-3}


def make_space():
    return load_space(Path(__file__).with_name("user_space.py"))


def test_system_without_a_recipe_is_trained_as_the_space_says():
    space = make_space()
    system = space.system("Small", published={}, **VALUES)
    assert system.recipe is None
    design = space.build_system(system)
    assert design == space.build(system.candidate, Task())
    assert design.recipe.optimiser == AdamW(2e-3)


def test_system_is_trained_with_its_own_recipe():
    space, recipe = make_space(), Recipe(epochs=7)
    system = space.system("Small", published={}, recipe=recipe, task=Task(3, 2.0), **VALUES)
    design = space.build_system(system)
    assert design == replace(space.build(system.candidate, Task(3, 2.0)), recipe=recipe)
    assert design.recipe == recipe
    assert design.architecture.n_classes == 3
    assert space.build_system(system, Task(5, 1.0)).architecture.n_classes == 5
    assert space.build(system.candidate, Task()).recipe != recipe


def test_recipe_cannot_name_an_axis():
    with pytest.raises(SpaceError, match="'recipe' is reserved"):
        Space(recipe=choice(1, 2))
