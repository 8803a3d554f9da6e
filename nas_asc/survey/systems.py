"""Published counts beside reproduced ones."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nas_asc.cost import count_cost, count_nonzero, receptive_field
from nas_asc.recipe import Recipe
from nas_asc.space import CONVENTIONS, Slip, Space, System, load_space


@dataclass(frozen=True)
class SystemRow:
    """One published number of one system.

    Args:
        space: Space the system is a point of.
        system: Its name.
        quantity: "params", "nonzero_params", "macs", "official_macs" or "receptive_field".
        published: In the report, or as its other numbers show.
        reproduced: Counted from the architecture.
        convention: What was counted.
        source: The report.
        slip: What the report printed instead, by mistake; None where it did not.
    """

    space: str
    system: str
    quantity: str
    published: int
    reproduced: int
    convention: str
    source: str
    slip: Slip | None = None

    @property
    def matches(self) -> bool:
        """Whether the two numbers are the same integer."""
        return self.published == self.reproduced

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        slip = None if self.slip is None else self.slip._asdict()
        return asdict(self) | {"matches": self.matches, "slip": slip}


_COUNTING = {
    "macs": "pure: convolutions and matrix products, no bias",
    "official_macs": "official: torchinfo's rule",
    "receptive_field": "input bins, frequency",
}


def systems_table(spaces: Iterable[str]) -> tuple[SystemRow, ...]:
    """Every published number of every system that follows from its architecture.

    Args:
        spaces: Names or paths.

    Raises:
        SpaceError: A space cannot be read.
        LayerError: A system cannot be built.
    """
    found = [load_space(name) for name in spaces]
    return tuple(row for space in found for system in space.systems.values() for row in _rows(space, system))


def _rows(space: Space, system: System) -> list[SystemRow]:
    design = space.build_system(system)
    architecture, cost = design.architecture, count_cost(design.architecture)
    reproduced = {
        "params": cost.params if system.convention == "TRAIN" else cost.all_params,
        "nonzero_params": count_nonzero(architecture, design.recipe.pruning, convention=system.convention),
        "macs": cost.macs,
        "official_macs": cost.official_macs,
        "receptive_field": receptive_field(architecture)[0],
    }
    counting = _COUNTING | {
        "params": f"{system.convention}: {CONVENTIONS[system.convention]}",
        "nonzero_params": f"{system.convention} without what {_format_pruning(design.recipe)} sets to zero",
    }
    return [
        SystemRow(
            space=space.name,
            system=system.name,
            quantity=quantity,
            published=int(system.published[quantity]),
            reproduced=value,
            convention=counting[quantity],
            source=system.source,
            slip=system.slips.get(quantity),
        )
        for quantity, value in reproduced.items()
        if quantity in system.published
    ]


def _format_pruning(recipe: Recipe) -> str:
    return "nothing" if recipe.pruning is None else type(recipe.pruning).__name__
