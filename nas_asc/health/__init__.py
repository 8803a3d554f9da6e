"""Whether a study can be trusted, and what to do: pure checks of its records, its space and its validation clips.

Conventions:
    A check gives one card: a verdict, one line with numbers, one line of what to do. What cannot be known from what is
    there is "unknown", never "fine". Thresholds are named at the top of each module.
"""

from nas_asc.health.card import Card, Verdict
from nas_asc.health.diagnosis import count_warnings, diagnose
from nas_asc.health.edges import check_edges
from nas_asc.health.effects import AxisEffect, AxisImportance, ValueEffect, axis_effects
from nas_asc.health.evidence import Evidence, Validation, count_validation, gather_evidence, pair_rungs
from nas_asc.health.front_end import check_front_end
from nas_asc.health.limits import check_fit, check_limits
from nas_asc.health.noise import check_clips, check_noise
from nas_asc.health.trials import check_failures, check_gain, check_rungs
from nas_asc.health.twin import Comparison, compare_at_seconds, compare_at_trials, is_twin, twin_dir
from nas_asc.health.validation import check_constant, check_coverage, check_groups, check_labels

__all__ = [
    "AxisEffect",
    "AxisImportance",
    "Card",
    "Comparison",
    "Evidence",
    "Validation",
    "ValueEffect",
    "Verdict",
    "axis_effects",
    "check_clips",
    "check_constant",
    "check_coverage",
    "check_edges",
    "check_failures",
    "check_fit",
    "check_front_end",
    "check_gain",
    "check_groups",
    "check_labels",
    "check_limits",
    "check_noise",
    "check_rungs",
    "compare_at_seconds",
    "compare_at_trials",
    "count_validation",
    "count_warnings",
    "diagnose",
    "gather_evidence",
    "is_twin",
    "pair_rungs",
    "twin_dir",
]
