"""A budget: limits on what a network takes, under a rule set or by themselves."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from nas_asc.budget.resource import RESOURCES, Resource
from nas_asc.budget.rules import Rules, find_rules
from nas_asc.cost import Cost
from nas_asc.errors import BudgetError
from nas_asc.frontend import MICROCONTROLLERS
from nas_asc.units import format_count

_BITS = (8, 16, 32)
_ON_TARGET = {
    "c": "arena of the network as C, and buffers of the front end",
    "tflite-micro": "activations of the network in TensorFlow Lite Micro, and buffers of the front end",
}


@dataclass(frozen=True)
class Excess:
    """One limit that a network breaks.

    Args:
        resource: Name of one of `RESOURCES`, or "bits" where the rules fix the precision.
        used: What the network takes of it, as the rule counts.
        limit: The most that is allowed.
        rule: How it is counted, in words.
    """

    resource: str
    used: int
    limit: int
    rule: str

    @property
    def ratio(self) -> float:
        """Use over limit; above 1."""
        return self.used / self.limit


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The deployment limits of one network.

    Parameters are TRAIN (every trainable value, zeros count). MACs are those of one clip as DCASE has counted them
    since 2022 (torchinfo's rule); where the pure count is higher, that one must fit too. Bytes are weights at int8
    with batch norms folded. RAM is the peak of live int8 activations, batch 1. A candidate with a precision of its own
    (`Cost.bits`) counts at that precision, which must be the rules' where these fix one.

    Args:
        max_params: Most parameters; None is no limit.
        max_macs: Most MACs.
        max_bytes: Most int8 bytes.
        max_ram: Most bytes of live activations.
        max_of: Most of each resource that was registered, by its name.
        rules: Name of a rule set whose limits hold as well.
        bits: Bits a parameter where the rules limit bytes and leave the precision free, and the candidate has none of
            its own.
        ram_target: Microcontroller runtime whose memory RAM is, with that of the front end; costs must be counted on
            it (`cost_on_target`). None counts live activations alone.

    Raises:
        BudgetError: A limit is not positive, or the target, the resource, rule set or precision is unknown.
    """

    max_params: int | None = None
    max_macs: int | None = None
    max_bytes: int | None = None
    max_ram: int | None = None
    max_of: Mapping[str, int] = field(default_factory=dict, hash=False)
    rules: str | None = None
    bits: int = 8
    ram_target: str | None = None

    def __post_init__(self) -> None:
        for name, limit in self._own.items():
            if limit is not None and limit < 1:
                raise BudgetError(f"`max_{name}` must be 1 or more, but got max_{name}={limit}.")
        for name in self.max_of:
            if name not in RESOURCES or hasattr(self, f"max_{name}"):
                raise BudgetError(
                    f"`max_of` must limit registered resources, but got {name!r}. Register it before it is limited."
                )
        if self.bits not in _BITS:
            raise BudgetError(f"`bits` must be 8, 16 or 32, but got bits={self.bits}.")
        if self.ram_target not in (None, *MICROCONTROLLERS):
            known = " or ".join(MICROCONTROLLERS)
            raise BudgetError(f"`ram_target` must be {known}, but got ram_target={self.ram_target!r}.")
        rules = self._rules
        if rules is not None and rules.fixed_bits not in (None, self.bits):
            raise BudgetError(f"`bits` must be {rules.fixed_bits} under {rules.name}, but got bits={self.bits}.")

    @cached_property
    def _rules(self) -> Rules | None:
        return None if self.rules is None else find_rules(self.rules)

    @property
    def _own(self) -> dict[str, int | None]:
        return {name: getattr(self, f"max_{name}", None) for name in RESOURCES} | dict(self.max_of)

    @cached_property
    def limits(self) -> dict[str, int]:
        """Resolved limit of every limited resource; the tighter of the rules' and one's own.

        >>> Budget(max_params=64_000, rules="dcase2022").limits
        {'params': 64000, 'macs': 30000000}
        """
        found = {name: _tighter(own, getattr(self._rules, f"max_{name}", None)) for name, own in self._own.items()}
        return {resource: limit for resource, limit in found.items() if limit is not None}

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What it counts, limited or not; what only a rule set knows comes last."""
        known = [resource for resource in RESOURCES.values() if resource.used is not None]
        return (*known, *(RESOURCES[name] for name in self.limits if RESOURCES[name].used is None))

    def used(self, cost: Cost) -> dict[str, int]:
        """What a network takes of every resource, limited or not, as this budget counts.

        Args:
            cost: The cost of the network.
        """
        known = {name: resource.used(cost) for name, resource in RESOURCES.items() if resource.used is not None}
        return known | {name: self._used(name, cost) for name in self.limits if name not in known}

    def _used(self, name: str, cost: Cost) -> int:
        used = RESOURCES[name].used
        if used is not None:
            return used(cost)
        return self._rules.counted_params(cost) * (cost.bits or self.bits) // 8 if self._rules else 0

    def check(self, cost: Cost) -> tuple[Excess, ...]:
        """Every limit that a network breaks; empty when it fits.

        Args:
            cost: The cost of the network.
        """
        bits = cost.bits or self.bits
        uses = [(name, self._used(name, cost), limit) for name, limit in self.limits.items()]
        over = (Excess(name, used, limit, self._counting(name, bits)) for name, used, limit in uses if used > limit)
        return (*over, *self._check_bits(cost))

    def _check_bits(self, cost: Cost) -> tuple[Excess, ...]:
        fixed = self._rules.fixed_bits if self._rules else None
        if fixed is None or cost.bits is None or cost.bits <= fixed:
            return ()
        return (Excess("bits", cost.bits, fixed, f"fixed by {self.rules}"),)

    def share(self, cost: Cost) -> float:
        """Largest share of a limit that a cost uses; 1 where there are no limits."""
        return max((self._used(name, cost) / limit for name, limit in self.limits.items()), default=1.0)

    def fits(self, cost: Cost) -> bool:
        """Whether a network keeps every limit.

        Args:
            cost: The cost of the network.
        """
        is_within = all(self._used(name, cost) <= limit for name, limit in self.limits.items())
        return is_within and not self._check_bits(cost)

    def describe(self) -> str:
        """The resolved budget in full, in one line.

        >>> Budget(max_params=128_000).describe()
        'budget: parameters <= 128,000 (trainable, zeros count)'
        """
        parts = [
            f"{RESOURCES[name].noun} <= {format_count(limit)} ({self._counting(name, self.bits)})"
            for name, limit in self.limits.items()
        ]
        head = "budget" if self.rules is None else f"budget of {self.rules}"
        return f"{head}: {', '.join(parts) or 'no limits'}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without an empty `max_of` or target; `from_dict` gives the budget back."""
        return {name: value for name, value in asdict(self).items() if name not in ("max_of", "ram_target") or value}

    def on_target(self, target: str, objectives: Collection[str] = ()) -> "Budget":
        """The budget with RAM as a target needs it, where that is a microcontroller and RAM is limited or minimised.

        Args:
            target: One of `nas_asc.frontend.TARGETS`.
            objectives: What is minimised.

        >>> Budget(max_ram=65_536).on_target("c").describe()
        'budget: RAM bytes <= 65,536 (arena of the network as C, and buffers of the front end)'
        """
        counts = self.max_ram is not None or RESOURCES["ram"].objective in objectives
        return replace(self, ram_target=target) if counts and target in MICROCONTROLLERS else self

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Budget":
        """Budget of `to_dict`; absent limits are None.

        Raises:
            BudgetError: A limit is out of range.
        """
        return cls(**values)

    def _counting(self, name: str, bits: int) -> str:
        if name == "ram" and self.ram_target is not None:
            return _ON_TARGET[self.ram_target]
        if RESOURCES[name].used is not None or self._rules is None:
            return RESOURCES[name].counting
        return f"{self._rules.counting}, {bits} bits each"


def parse_budget(
    words: Mapping[str, str], *, rules: str | None = None, bits: int | None = None, start: Budget | None = None
) -> Budget:
    """Budget from the command line's words.

    Args:
        words: What the option of each resource says, such as 128k, by the resource's name; absent is no limit.
        rules: A rule set, such as dcase2024.
        bits: Bits a parameter, where the rules limit bytes; None is 8, or what `start` has.
        start: Its limits hold where the words name none, and its rules where none are named; None has none.

    Raises:
        UnitError: A word is no count or size; names the option.
        BudgetError: A limit is not positive, or there is no such rule set.

    >>> parse_budget({"params": "128k", "macs": "30M"}).limits
    {'params': 128000, 'macs': 30000000}
    >>> parse_budget({"params": "64k"}, start=Budget(max_params=128_000, max_macs=30_000_000)).limits
    {'params': 64000, 'macs': 30000000}
    """
    limits = {name: RESOURCES[name].parse(text) for name, text in words.items()}
    known = {each.name for each in fields(Budget)}
    own: dict[str, Any] = {f"max_{name}": limit for name, limit in limits.items() if f"max_{name}" in known}
    others = {name: limit for name, limit in limits.items() if f"max_{name}" not in known}
    start = start or Budget()
    bits = bits or (start.bits if rules is None else 8)
    return replace(start, **own, max_of={**start.max_of, **others}, rules=rules or start.rules, bits=bits)


def _tighter(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return min(known) if known else None
