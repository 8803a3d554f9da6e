"""The rule sets of DCASE Task 1, 2020 to 2025: limits, and what they count.

Conventions:
    KB is 1,024 bytes in 2020 and 2021, kB is 1,000 bytes from 2022 on.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nas_asc.cost import Cost
from nas_asc.errors import BudgetError, nearest


@dataclass(frozen=True)
class Rules:
    """A named budget with its counting convention.

    Args:
        name: As a user spells it.
        max_params: Most parameters (TRAIN, zeros count); None is no limit.
        max_macs: Most MACs of one clip; None is no limit.
        max_model_bytes: Most bytes of counted parameters at the precision in use; None is no limit.
        counted_params: Parameters of a cost that `max_model_bytes` counts.
        counting: What is counted, in words.
        fixed_bits: Bits a parameter that the rules prescribe; None leaves the precision free.
        source: Where it is written.
    """

    name: str
    max_params: int | None
    max_macs: int | None
    max_model_bytes: int | None
    counted_params: Callable[[Cost], int]
    counting: str
    fixed_bits: int | None
    source: str


def _train(cost: Cost) -> int:
    return cost.params


def _nonzero(cost: Cost) -> int:
    return cost.nonzero_params


def _nonzero_without_norms(cost: Cost) -> int:
    return cost.nonzero_params - cost.norm_params


_SINCE_2023 = "trainable parameters, zeros count"

RULES = {
    rules.name: rules
    for rules in (
        Rules(
            "dcase2020-1b",
            max_params=None,
            max_macs=None,
            max_model_bytes=500 * 1024,
            counted_params=_nonzero_without_norms,
            counting="non-zero parameters without batch norms, KB = 1,024",
            fixed_bits=None,
            source="DCASE 2020 Task 1B baseline, README and model_size_calculation.py",
        ),
        Rules(
            "dcase2021",
            max_params=None,
            max_macs=None,
            max_model_bytes=128 * 1024,
            counted_params=_nonzero,
            counting="non-zero parameters, batch norms with their four vectors, KB = 1,024 (strictly 128,000 bytes)",
            fixed_bits=None,
            source="DCASE 2021 Task 1A baseline: its calculator has KB = 1,024, its README says 128,000 bytes",
        ),
        Rules(
            "dcase2022",
            max_params=128_000,
            max_macs=30_000_000,
            max_model_bytes=None,
            counted_params=_train,
            counting="all parameters, zeros count, int8",
            fixed_bits=8,
            source="DCASE 2022 Task 1 baseline README; arXiv 2206.03835",
        ),
        Rules(
            "dcase2023",
            max_params=None,
            max_macs=30_000_000,
            max_model_bytes=128_000,
            counted_params=_train,
            counting=_SINCE_2023,
            fixed_bits=None,
            source="DCASE 2023 Task 1 page; NeSsi limits 128e3 and 30e6",
        ),
        Rules(
            "dcase2024",
            max_params=None,
            max_macs=30_000_000,
            max_model_bytes=128_000,
            counted_params=_train,
            counting=_SINCE_2023,
            fixed_bits=None,
            source="DCASE 2024 Task 1 baseline, helpers/nessi.py",
        ),
        Rules(
            "dcase2025",
            max_params=None,
            max_macs=30_000_000,
            max_model_bytes=128_000,
            counted_params=_train,
            counting=_SINCE_2023 + ", each device's model by itself",
            fixed_bits=None,
            source="DCASE 2025 Task 1 baseline, helpers/complexity.py",
        ),
    )
}


def find_rules(name: str) -> Rules:
    """The rule set of that name.

    Raises:
        BudgetError: There is none; names the nearest.

    >>> find_rules("dcase2024").max_macs
    30000000
    """
    if name in RULES:
        return RULES[name]
    remedy = nearest(name, RULES, what="rule sets")
    raise BudgetError(f"`rules` must be a known rule set, but got {name!r}. {remedy}")
