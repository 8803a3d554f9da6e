"""The resources a network takes: each declared here once, with its limit, its option, its objective and its words.

Conventions:
    A budget's own limit of a resource of this file is its field `max_<name>`, that of a rule set likewise; limits of
    resources that are registered later stand in `Budget.max_of`. Counts are whole numbers.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Literal

from nas_asc.cost import Cost
from nas_asc.errors import BudgetError
from nas_asc.units import parse_bytes, parse_count

CostCount = Callable[[Cost], int]


@dataclass(frozen=True)
class Count:
    """One number of a cost that tables show.

    Args:
        column: In front.csv, and in the totals of `nas-asc count`.
        rule: How it is counted, in words.
        value: The value of a network.
        head: In the report's table of trials; None leaves it out there.
    """

    column: str
    rule: str
    value: CostCount
    head: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """What a deployed network takes of one thing, and how every room speaks of it.

    Args:
        name: In limits and tables of limits, such as "ram".
        noun: After a number, such as "RAM bytes".
        title: As a heading, without a unit.
        heading: In narrow tables of a terminal, with its unit.
        label: The label of an axis, with its unit and its counting.
        counting: How a budget counts it, in words; rule sets have words of their own.
        unit: "B" for bytes, "" for a count.
        used: What a network takes, as a budget counts; None where only a rule set knows.
        option: On the command line; None where only rule sets limit it.
        help: The help of the option, with an example.
        objective: Its name among the objectives; None where it is none.
        minimised: Value of the objective; None is what a budget counts.
        counts: Its numbers in tables; empty shows what a budget counts under its name.
    """

    name: str
    noun: str
    title: str
    heading: str
    label: str
    counting: str
    used: CostCount | None
    unit: Literal["", "B"] = ""
    option: str | None = None
    help: str = ""
    objective: str | None = None
    minimised: CostCount | None = None
    counts: tuple[Count, ...] = ()

    def parse(self, text: str) -> int:
        """Limit of a text.

        Raises:
            UnitError: The text is no count, or no size; names the resource.
        """
        return (parse_bytes if self.unit == "B" else parse_count)(text, what=self.name)

    @property
    def shown(self) -> tuple[Count, ...]:
        """Its numbers in tables."""
        if self.counts or self.used is None:
            return self.counts
        return (Count(self.name, self.counting, self.used, head=self.noun),)


def _count(column: str, rule: str, *, head: str | None = None) -> Count:
    return Count(column, rule, attrgetter(column), head)


_resources = {
    resource.name: resource
    for resource in (
        Resource(
            name="params",
            noun="parameters",
            title="parameters",
            heading="params",
            label="parameters (trainable)",
            counting="trainable, zeros count",
            used=lambda cost: cost.params,
            option="--budget",
            help="Most parameters, such as 128k.",
            objective="params",
            counts=(
                _count("params", "TRAIN: every trainable value, zeros count (DCASE since 2022)", head="parameters"),
                _count("all_params", "ALL: with the running means and variances of batch norms"),
                _count("nonzero_params", "ALL without zeros (DCASE 2020 and 2021)"),
                _count("norm_params", "values of norms, buffers included (DCASE 2020 leaves them out)"),
            ),
        ),
        Resource(
            name="macs",
            noun="MACs",
            title="MACs",
            heading="MACs",
            label="MACs per clip (torchinfo’s rule, pure where higher)",
            counting="of one clip, torchinfo's rule as DCASE counts, and pure where higher",
            used=lambda cost: max(cost.official_macs, cost.macs),
            option="--macs",
            help="Most multiply-accumulates of one clip, such as 30M.",
            objective="macs",
            minimised=lambda cost: cost.macs,
            counts=(
                _count("macs", "pure: convolutions and matrix products, no bias", head="MACs"),
                _count("official_macs", "official: torchinfo's rule, DCASE since 2022", head="official MACs"),
            ),
        ),
        Resource(
            name="bytes",
            noun="int8 bytes",
            title="int8 size",
            heading="int8 B",
            label="int8 size (bytes, batch norms folded)",
            counting="int8 weights and 4-byte biases, batch norms folded",
            used=lambda cost: cost.int8_bytes,
            unit="B",
            option="--size",
            help="Most bytes at int8, such as 128kB.",
            objective="int8_bytes",
            counts=(_count("int8_bytes", "batch norms folded, weights 1 byte, biases 4 bytes", head="int8 bytes"),),
        ),
        Resource(
            name="model_bytes",
            noun="model bytes",
            title="model size",
            heading="model B",
            label="model size (bytes, as the rules count)",
            counting="as the rules count",
            used=None,
            unit="B",
        ),
        Resource(
            name="ram",
            noun="RAM bytes",
            title="peak RAM",
            heading="RAM B",
            label="peak RAM (bytes, int8 activations)",
            counting="live int8 activations, batch 1, in order, input counts",
            used=lambda cost: cost.ram_bytes,
            unit="B",
            option="--ram",
            help="Most bytes of live int8 activations, such as 256KiB; with --target tflite-micro or c, of network and"
            " front end there.",
            objective="peak_ram",
            counts=(
                _count(
                    "peak_ram_bytes", "int8 activations, batch 1, in order, the input counts", head="peak RAM (bytes)"
                ),
            ),
        ),
    )
}
RESOURCES: Mapping[str, Resource] = MappingProxyType(_resources)


def list_counts() -> tuple[Count, ...]:
    """The numbers of all resources in tables, in order."""
    return tuple(count for resource in RESOURCES.values() for count in resource.shown)


def register_resource(resource: Resource) -> None:
    """Add a resource: every budget, study, table and command that is made from now on knows it.

    Args:
        resource: A whole number that follows from a `Cost`.

    Raises:
        BudgetError: Its name, option, objective or column is that of another one, or nothing counts it.
    """
    if resource.used is None:
        raise BudgetError(f"`used` must be a function of a cost, but resource {resource.name!r} has none.")
    for what, names in _names(resource).items():
        for other in RESOURCES.values():
            taken = names & _names(other)[what]
            if taken:
                raise BudgetError(f"`{what}` {taken.pop()!r} is taken by resource {other.name!r}. Choose another.")
    _resources[resource.name] = resource


@contextmanager
def registered_resource(resource: Resource) -> Iterator[Resource]:
    """A resource that is registered inside a `with` block alone.

    Args:
        resource: See `register_resource`.
    """
    register_resource(resource)
    try:
        yield resource
    finally:
        del _resources[resource.name]


def _names(resource: Resource) -> dict[str, set[str]]:
    """Its names where no other resource may have them."""
    named = {"name": resource.name, "option": resource.option, "objective": resource.objective}
    found = {what: {name} for what, name in named.items() if name is not None}
    return {"option": set(), "objective": set(), **found, "column": {count.column for count in resource.shown}}
