"""Published counts beside reproduced ones."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nas_asc.cost import count_cost, receptive_field
from nas_asc.space import CONVENTIONS, Space, System, load_space


@dataclass(frozen=True)
class SystemRow:
    """One published number of one system.

    Args:
        space: Space the system is a point of.
        system: Its name.
        quantity: "params", "macs", "official_macs" or "receptive_field".
        published: In the report.
        reproduced: Counted from the architecture.
        convention: What was counted.
        source: The report.
    """

    space: str
    system: str
    quantity: str
    published: int
    reproduced: int
    convention: str
    source: str

    @property
    def matches(self) -> bool:
        """Whether the two numbers are the same integer."""
        return self.published == self.reproduced

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"matches": self.matches}


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
    architecture = space.build(system.candidate, system.task).architecture
    cost = count_cost(architecture)
    reproduced = {
        "params": cost.params if system.convention == "TRAIN" else cost.all_params,
        "macs": cost.macs,
        "official_macs": cost.official_macs,
        "receptive_field": receptive_field(architecture)[0],
    }
    counting = _COUNTING | {"params": f"{system.convention}: {CONVENTIONS[system.convention]}"}
    return [
        SystemRow(
            space.name, system.name, quantity, int(system.published[quantity]), value, counting[quantity], system.source
        )
        for quantity, value in reproduced.items()
        if quantity in system.published
    ]
