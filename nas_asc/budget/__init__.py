"""Limits of the deployed network, and the rule sets that say how they are counted.

Conventions:
    A limit is met when the use is at most the limit. None is no limit.
"""

from nas_asc.budget.budget import Budget, Excess, parse_budget
from nas_asc.budget.rules import RULES, Rules, find_rules

__all__ = ["RULES", "Budget", "Excess", "Rules", "find_rules", "parse_budget"]
