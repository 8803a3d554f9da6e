"""What a candidate takes, and what stands against training it: the one place where this is asked."""

import math
from collections.abc import Callable

import numpy as np

from nas_asc.budget import Budget
from nas_asc.cost import Cost, cost_on_target, count_pruned_cost, list_obstacles
from nas_asc.errors import LayerError, SpaceError
from nas_asc.frontend import LogMel, Task
from nas_asc.recipe import DeviceResponse, WeightPruning
from nas_asc.space import Candidate, Space

Refuse = Callable[[LogMel], str | None]

_N_DRAWN = 200  # random candidates that tell what every candidate of a space has


def _builds(space: Space, candidate: Candidate, task: Task) -> bool:
    """Whether all functions of the space give something for a candidate."""
    try:
        space.training_recipe(candidate, task)
        space.architecture(candidate, task)
        space.log_mel(candidate, task)
    except (LayerError, SpaceError):
        return False
    return True


def count_candidate(space: Space, candidate: Candidate, task: Task, *, ram_target: str | None = None) -> Cost | None:
    """Cost of a candidate after its pruning, at its precision; None where a layer cannot take its input.

    Args:
        space: Where the candidate comes from.
        candidate: A point of it.
        task: What it is built for.
        ram_target: Where the budget's RAM is counted; None counts activations alone.

    Raises:
        SpaceError: A function of the space raises.
    """
    try:
        recipe, architecture = space.training_recipe(candidate, task), space.architecture(candidate, task)
        cost = count_pruned_cost(architecture, recipe.pruning, bits=recipe.bits)
    except LayerError:
        return None
    return count_on_target(space, candidate, task, cost, ram_target)


def count_on_target(space: Space, candidate: Candidate, task: Task, cost: Cost, ram_target: str | None) -> Cost:
    """Cost of a candidate with its RAM on a target, which takes far longer to count than all else.

    Args:
        space: Where the candidate comes from.
        candidate: A point of it, which can be built.
        task: What it is built for.
        cost: What `count_candidate` found without a target.
        ram_target: Where the budget's RAM is counted; None leaves the cost as it is.
    """
    if ram_target is None:
        return cost
    return cost_on_target(cost, space.architecture(candidate, task), space.log_mel(candidate, task), ram_target)


class Obstacles:
    """What stands against training a candidate: a target that cannot run it, features for which there is no room, and
    parts of it that cannot pay.

    Nothing is gained by a sample rate above the recordings' own, by masked weights where zeros count like other values,
    or by responses of other recording devices where all recordings are of one. Where every candidate of a space has
    such a part, it is let be.

    Args:
        space: Where candidates come from.
        task: What they are built for.
        budget: What they must fit.
        target: One of `nas_asc.frontend.TARGETS`; "any" runs everything.
        refuse: Tells of a front end why its features cannot be kept; None where they can.
    """

    def __init__(
        self, space: Space, task: Task, budget: Budget, *, target: str = "any", refuse: Refuse | None = None
    ) -> None:
        self._space = space
        self._refuse = refuse
        self._task = task
        self._budget = budget
        self.target = target
        drawn = [each for each in space.draw_many(np.random.default_rng(0), _N_DRAWN) if _builds(space, each, task)]
        rates = {space.log_mel(each, task).sample_rate for each in drawn} or {0}
        recorded = task.sample_rate or max(rates)
        most = max((rate for rate in rates if rate <= recorded), default=min(rates))
        self._most_rate = most or math.inf  # where no candidate can be built, nothing is known
        self._idle = [find for find in (self._masks, self._devices) if not all(find(each) for each in drawn)]

    def __call__(self, candidate: Candidate) -> tuple[str, ...]:
        """What stands against a candidate that can be built, a few words each; empty where nothing does.

        Raises:
            SpaceError: A function of the space raises.
        """
        space, task = self._space, self._task
        runs = () if self.target == "any" else list_obstacles(space.architecture(candidate, task), self.target)
        found = [self._room(candidate), self._rates(candidate), *(find(candidate) for find in self._idle)]
        return (*runs, *(reason for reason in found if reason is not None))

    def excess(self, candidate: Candidate) -> float:
        """How much stands against a candidate: one for each thing, more the higher a sample rate is; 0 for nothing."""
        found = self(candidate)
        rate = self._space.log_mel(candidate, self._task).sample_rate
        return len(found) + (math.log(max(1.0, rate / self._most_rate)) if found else 0.0)

    def _room(self, candidate: Candidate) -> str | None:
        return self._refuse and self._refuse(self._space.training_log_mel(candidate, self._task))

    def _rates(self, candidate: Candidate) -> str | None:
        rate = self._space.log_mel(candidate, self._task).sample_rate
        return None if rate <= self._most_rate else "a sample rate above the recordings' own"

    def _masks(self, candidate: Candidate) -> str | None:
        recipe = self._space.training_recipe(candidate, self._task)
        if not isinstance(recipe.pruning, WeightPruning) or not self._budget.limits:
            return None
        architecture = self._space.architecture(candidate, self._task)
        try:
            pruned = self._budget.used(count_pruned_cost(architecture, recipe.pruning, bits=recipe.bits))
            whole = self._budget.used(count_pruned_cost(architecture, None, bits=recipe.bits))
        except LayerError:
            return None
        saves = any(pruned[name] < whole[name] for name in self._budget.limits)
        return None if saves else "masked weights, where the limits count zeros too"

    def _devices(self, candidate: Candidate) -> str | None:
        parts = self._space.training_recipe(candidate, self._task).augmentation
        if self._task.n_devices != 1 or not any(isinstance(part, DeviceResponse) for part in parts):
            return None
        return "responses of other devices, where all recordings are of one"
