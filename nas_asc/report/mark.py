"""Published systems of the space, costed on the study's own task: reference marks on the cost axes."""

from dataclasses import dataclass

from nas_asc.cost import Cost, cost_on_target, count_pruned_cost
from nas_asc.errors import NasAscError
from nas_asc.frontend import Task
from nas_asc.space import Space, System


@dataclass(frozen=True)
class Mark:
    """One published system.

    Args:
        name: As its report names it.
        source: The report.
        cost: At the study's number of classes and clip length; None where it cannot take such clips.
    """

    name: str
    source: str
    cost: Cost | None


def mark_systems(space: Space | None, task: Task, *, ram_target: str | None = None) -> tuple[Mark, ...]:
    """Every published system of a space.

    Args:
        space: The space of the study; None has none.
        task: The task of the study.
        ram_target: Where its budget's RAM is counted.
    """
    systems = () if space is None else space.systems.values()
    return tuple(
        Mark(system.name, system.source, _cost(space, system, task, ram_target)) for system in systems if space
    )


def _cost(space: Space, system: System, task: Task, ram_target: str | None) -> Cost | None:
    try:
        design = space.build_system(system, task)
        cost = count_pruned_cost(design.architecture, design.recipe.pruning, bits=design.recipe.bits)
        return cost_on_target(cost, design.architecture, design.log_mel, ram_target)
    except NasAscError:
        return None
