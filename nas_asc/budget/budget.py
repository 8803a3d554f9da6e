"""A budget: limits on parameters, MACs, int8 bytes and RAM, under a rule set or by themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from nas_asc.budget.rules import Rules, find_rules
from nas_asc.cost import Cost
from nas_asc.errors import BudgetError
from nas_asc.units import format_count, parse_bytes, parse_count

_BITS = (8, 16, 32)
_LIMITS = ("max_params", "max_macs", "max_bytes", "max_ram")


@dataclass(frozen=True)
class Excess:
    """One limit that a network breaks.

    Args:
        resource: "params", "macs", "bytes", "model_bytes", "ram", or "bits" where the rules fix the precision.
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
        rules: Name of a rule set whose limits hold as well.
        bits: Bits a parameter where the rules limit bytes and leave the precision free, and the candidate has none of
            its own.

    Raises:
        BudgetError: A limit is not positive, or the rule set or precision is unknown.
    """

    max_params: int | None = None
    max_macs: int | None = None
    max_bytes: int | None = None
    max_ram: int | None = None
    rules: str | None = None
    bits: int = 8

    def __post_init__(self) -> None:
        for name in _LIMITS:
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise BudgetError(f"`{name}` must be 1 or more, but got {name}={limit}.")
        if self.bits not in _BITS:
            raise BudgetError(f"`bits` must be 8, 16 or 32, but got bits={self.bits}.")
        rules = self._rules
        if rules is not None and rules.fixed_bits not in (None, self.bits):
            raise BudgetError(f"`bits` must be {rules.fixed_bits} under {rules.name}, but got bits={self.bits}.")

    @cached_property
    def _rules(self) -> Rules | None:
        return None if self.rules is None else find_rules(self.rules)

    @cached_property
    def limits(self) -> dict[str, int]:
        """Resolved limit of every limited resource; the tighter of the rules' and one's own.

        >>> Budget(max_params=64_000, rules="dcase2022").limits
        {'params': 64000, 'macs': 30000000}
        """
        rules = self._rules
        found = {
            "params": _tighter(self.max_params, rules.max_params if rules else None),
            "macs": _tighter(self.max_macs, rules.max_macs if rules else None),
            "bytes": self.max_bytes,
            "model_bytes": rules.max_model_bytes if rules else None,
            "ram": self.max_ram,
        }
        return {resource: limit for resource, limit in found.items() if limit is not None}

    def used(self, cost: Cost) -> dict[str, int]:
        """What a network takes of every resource, limited or not, as this budget counts.

        Args:
            cost: Of the network.
        """
        rules = self._rules
        found = {
            "params": cost.params,
            "macs": max(cost.official_macs, cost.macs),
            "bytes": cost.int8_bytes,
            "ram": cost.peak_ram_bytes,
        }
        if rules is not None and rules.max_model_bytes is not None:
            found["model_bytes"] = rules.counted_params(cost) * (cost.bits or self.bits) // 8
        return found

    def check(self, cost: Cost) -> tuple[Excess, ...]:
        """Every limit that a network breaks; empty when it fits.

        Args:
            cost: Of the network.
        """
        used, counting = self.used(cost), self._counting(cost.bits or self.bits)
        over = tuple(
            Excess(resource, used[resource], limit, counting[resource])
            for resource, limit in self.limits.items()
            if used[resource] > limit
        )
        return over + self._check_bits(cost)

    def _check_bits(self, cost: Cost) -> tuple[Excess, ...]:
        fixed = self._rules.fixed_bits if self._rules else None
        if fixed is None or cost.bits is None or cost.bits <= fixed:
            return ()
        return (Excess("bits", cost.bits, fixed, f"fixed by {self.rules}"),)

    def share(self, cost: Cost) -> float:
        """Largest share of a limit that a cost uses; 1 where there are no limits."""
        used = self.used(cost)
        return max((used[resource] / limit for resource, limit in self.limits.items()), default=1.0)

    def fits(self, cost: Cost) -> bool:
        """Whether a network keeps every limit.

        Args:
            cost: Of the network.
        """
        used = self.used(cost)
        return all(used[resource] <= limit for resource, limit in self.limits.items()) and not self._check_bits(cost)

    def describe(self) -> str:
        """The resolved budget in full, in one line.

        >>> Budget(max_params=128_000).describe()
        'budget: parameters <= 128,000 (trainable, zeros count)'
        """
        counting = self._counting(self.bits)
        parts = [f"{_WORDS[name]} <= {format_count(limit)} ({counting[name]})" for name, limit in self.limits.items()]
        head = "budget" if self.rules is None else f"budget of {self.rules}"
        return f"{head}: {', '.join(parts) or 'no limits'}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `from_dict` gives the budget back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Budget":
        """Budget of `to_dict`; absent limits are None.

        Raises:
            BudgetError: A limit is out of range.
        """
        return cls(**values)

    def _counting(self, bits: int) -> dict[str, str]:
        rules = self._rules
        return {
            "params": "trainable, zeros count",
            "macs": "of one clip, torchinfo's rule as DCASE counts, and pure where higher",
            "bytes": "int8 weights and 4-byte biases, batch norms folded",
            "model_bytes": f"{rules.counting}, {bits} bits each" if rules else "",
            "ram": "live int8 activations, batch 1, in order, input counts",
        }


_WORDS = {
    "params": "parameters",
    "macs": "MACs",
    "bytes": "int8 bytes",
    "model_bytes": "model bytes",
    "ram": "RAM bytes",
}


def parse_budget(
    *,
    params: str | None = None,
    macs: str | None = None,
    size: str | None = None,
    ram: str | None = None,
    rules: str | None = None,
    bits: int = 8,
) -> Budget:
    """Budget from the command line's words.

    Args:
        params: `--budget`, such as 128k.
        macs: `--macs`, such as 30M.
        size: `--size`, such as 128kB.
        ram: `--ram`, such as 256KiB.
        rules: `--rules`, such as dcase2024.
        bits: `--bits` a parameter, where the rules limit bytes.

    Raises:
        UnitError: A word is no count or size; names the option.
        BudgetError: A limit is not positive, or there is no such rule set.

    >>> parse_budget(params="128k", macs="30M").limits
    {'params': 128000, 'macs': 30000000}
    """
    return Budget(
        max_params=None if params is None else parse_count(params, what="--budget"),
        max_macs=None if macs is None else parse_count(macs, what="--macs"),
        max_bytes=None if size is None else parse_bytes(size, what="--size"),
        max_ram=None if ram is None else parse_bytes(ram, what="--ram"),
        rules=rules,
        bits=bits,
    )


def _tighter(one: int | None, other: int | None) -> int | None:
    known = [limit for limit in (one, other) if limit is not None]
    return min(known) if known else None
