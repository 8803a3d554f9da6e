"""Checks of the budget: whether a limit leaves too little, or is of no account."""

from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence
from nas_asc.units import format_count, format_short

_RARE = 0.01  # share of draws below which a search spends itself on fitting
_IDLE = 0.5  # of a limit: a front that stays below has no use for it
_NEAR = 0.9


def check_fit(evidence: Evidence) -> Card:
    """Whether enough random candidates fit the whole budget."""
    title, survey = "room under the limits", evidence.survey
    if survey is None:
        return Card("fit", title, "unknown", "the space could not be drawn from", "Give the space back its file.")
    found = f"{100 * survey.share_fits:.1f} % of {format_count(survey.n_drawn)} random candidates fit all limits"
    if survey.share_fits < _RARE:
        advice = "Loosen the tightest limit, or narrow the axes: `nas-asc plan` shows what each takes."
        return Card("fit", title, "warning", found, advice)
    return Card("fit", title, "fine", found)


def check_limits(evidence: Evidence) -> tuple[Card, ...]:
    """One card a limit: the share of draws that keep it, and what the front takes of it."""
    return tuple(_check_limit(evidence, resource, limit) for resource, limit in evidence.config.budget.limits.items())


def _check_limit(evidence: Evidence, resource: str, limit: int) -> Card:
    name, title = f"limit {resource}", f"limit on {resource}, {format_short(limit)}"
    budget, rows = evidence.config.budget, evidence.survey.rows if evidence.survey else ()
    share = next((row.share for row in rows if row.resource == resource), None)
    drawn = "" if share is None else f"{100 * share:.1f} % of random candidates keep it; "
    uses = [budget.used(record.cost)[resource] / limit for record in evidence.front]
    if not uses:
        return Card(name, title, "unknown", f"{drawn}there is no front yet", "Go on with the search.")
    n_near = sum(use >= _NEAR for use in uses)
    found = (
        f"{drawn}the front takes {100 * min(uses):.0f} to {100 * max(uses):.0f} % of it,"
        f" {n_near} of {len(uses)} members over {100 * _NEAR:.0f} %"
    )
    if share is not None and share < _RARE:
        return Card(name, title, "warning", found, "Too tight for this space: loosen it, or make the axes smaller.")
    if max(uses) < _IDLE:
        return Card(name, title, "warning", found, _advise_on_idle(evidence, resource, limit))
    return Card(name, title, "fine", found)


def _advise_on_idle(evidence: Evidence, resource: str, limit: int) -> str:
    """What to do about a limit that the front leaves unused: it did not pay, or nothing larger was trained."""
    used = {
        record.number: evidence.config.budget.used(record.cost)[resource] / limit
        for record in evidence.records
        if record.is_complete
    }
    large = sorted((number for number, share in used.items() if share >= _IDLE), key=lambda number: -used[number])
    if not large:
        return "Nothing larger was trained: go on with the search, or ask for it with `min_share=0.5`."
    told = f"trial {large[0]} takes {100 * used[large[0]]:.0f} % of it"
    return (
        f"It decides nothing: larger networks did not pay here ({told}). Tighten it, train longer, or widen the space."
    )
