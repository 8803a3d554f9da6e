"""All checks of a study, in the order in which they are shown."""

from collections.abc import Sequence

from nas_asc.health.card import Card
from nas_asc.health.edges import check_edges
from nas_asc.health.evidence import Evidence
from nas_asc.health.front_end import check_front_end
from nas_asc.health.limits import check_fit, check_limits
from nas_asc.health.noise import check_clips, check_noise
from nas_asc.health.trials import check_failures, check_gain, check_rungs
from nas_asc.health.validation import check_constant, check_coverage, check_groups, check_labels


def diagnose(evidence: Evidence) -> tuple[Card, ...]:
    """One card a check, one a limit.

    Args:
        evidence: The evidence of the study.
    """
    return (
        check_noise(evidence),
        check_clips(evidence),
        check_groups(evidence),
        check_coverage(evidence),
        *check_labels(evidence),
        check_constant(evidence),
        check_gain(evidence),
        check_fit(evidence),
        *check_limits(evidence),
        check_front_end(evidence),
        check_edges(evidence),
        check_failures(evidence),
        check_rungs(evidence),
    )


def count_warnings(cards: Sequence[Card]) -> int:
    """Number of cards that warn."""
    return sum(card.verdict == "warning" for card in cards)
