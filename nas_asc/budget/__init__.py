"""Limits of the deployed network, what they are on, and the rule sets that say how they are counted.

Conventions:
    A limit is met when the use is at most the limit. None is no limit.
"""

from nas_asc.budget.budget import Budget, Excess, parse_budget
from nas_asc.budget.resource import (
    RESOURCES,
    Count,
    Resource,
    list_counts,
    register_resource,
    registered_resource,
)
from nas_asc.budget.rules import RULES, Rules, find_rules

__all__ = [
    "RESOURCES",
    "RULES",
    "Budget",
    "Count",
    "Excess",
    "Resource",
    "Rules",
    "find_rules",
    "list_counts",
    "parse_budget",
    "register_resource",
    "registered_resource",
]
