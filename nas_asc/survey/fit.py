"""What a candidate takes, and what a target cannot run of it: the one place where this is asked."""

from nas_asc.cost import Cost, count_pruned_cost, list_obstacles
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.space import Candidate, Space


def count_candidate(space: Space, candidate: Candidate, task: Task) -> Cost | None:
    """Cost of a candidate after its pruning, at its precision; None where a layer cannot take its input.

    Args:
        space: Where the candidate comes from.
        candidate: A point of it.
        task: What it is built for.

    Raises:
        SpaceError: A function of the space raises.
    """
    try:
        recipe = space.training_recipe(candidate, task)
        return count_pruned_cost(space.architecture(candidate, task), recipe.pruning, bits=recipe.bits)
    except LayerError:
        return None


def candidate_obstacles(space: Space, candidate: Candidate, task: Task, target: str) -> tuple[str, ...]:
    """What of a candidate that can be built a target cannot run as integers.

    Args:
        space: Where the candidate comes from.
        candidate: A point of it.
        task: What it is built for.
        target: Of `nas_asc.cost.TARGETS`.
    """
    return () if target == "any" else list_obstacles(space.architecture(candidate, task), target)
