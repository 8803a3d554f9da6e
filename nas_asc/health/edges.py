"""A check of the axes: whether the front crowds at an axis's end, so that better values may lie beyond."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from nas_asc.errors import SpaceError
from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence
from nas_asc.space import Axis, Candidate, Space

_FEWEST = 3
_MOST_CHANCE = 0.01
_REAL_END = 0.02  # of a real axis's range


def check_edges(evidence: Evidence) -> Card:
    """Whether half of the front or more has one and the same end of an axis, more than chance would put there.

    Chance is the binomial tail of equally likely values. An end that is natural, such as no further layer, is none.
    """
    title = "axes at their ends"
    if evidence.space is None:
        return Card("edges", title, "unknown", "the search space could not be read", "Give the space back its file.")
    members = _candidates(evidence.space, evidence)
    if len(members) < _FEWEST:
        found = f"the front has {len(members)} networks of this space, too few to tell"
        return Card("edges", title, "unknown", found, "Go on with the search.")
    crowded = [text for axis in evidence.space.axes.values() for text in _crowded_ends(axis, members)]
    if not crowded:
        n_axes = len(evidence.space.axes)
        return Card("edges", title, "fine", f"the front crowds at the end of none of {n_axes} axes")
    findings, proposals = zip(*crowded, strict=True)
    return Card("edges", title, "warning", "; ".join(findings), f"Widen the space: {', '.join(proposals)}.")


def binomial_tail(n_hits: int, n: int, share: float) -> float:
    """Probability of `n_hits` or more of n, each with the same probability.

    >>> binomial_tail(2, 2, 0.5), binomial_tail(0, 3, 0.1)
    (0.25, 1.0)
    """
    return min(1.0, sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n_hits, n + 1)))


def _candidates(space: Space, evidence: Evidence) -> list[Candidate]:
    found = []
    for record in evidence.front:
        try:
            found.append(space.candidate_from(record.values))
        except SpaceError:  # of the space as it was before an accepted change
            continue
    return found


def _crowded_ends(axis: Axis, members: Sequence[Candidate]) -> list[tuple[str, str]]:
    """What is found at either end, and the proposal."""
    n_values = axis.n_values
    if not axis.is_ordered or (n_values is not None and n_values < _FEWEST):
        return []
    place = members[0].names.index(axis.name)
    codes = [each.code[place] for each in members if place not in each.inactive]
    if len(codes) < _FEWEST:
        return []
    found = []
    for is_high in (False, True):
        n_there = sum(_is_at_end(axis, code, is_high=is_high) for code in codes)
        share = _REAL_END if n_values is None else 1 / n_values
        beyond = _value_beyond(axis, is_high=is_high)
        if beyond is None or 2 * n_there < len(codes) or binomial_tail(n_there, len(codes), share) > _MOST_CHANCE:
            continue
        end = "largest" if is_high else "smallest"
        where = f"{axis.name} is at its {end} value in {n_there} of {len(codes)} front networks"
        found.append((where, f"let {axis.name} go to {beyond}"))
    return found


def _is_at_end(axis: Any, code: float, *, is_high: bool) -> bool:
    if axis.kind == "choice":
        return bool(code == (axis.n_values - 1 if is_high else 0))
    if axis.kind == "integer":
        return bool(code == (axis.high if is_high else axis.low))
    low, high, at = (math.log(x) if axis.log else x for x in (axis.low, axis.high, code))
    return abs((high if is_high else low) - at) <= _REAL_END * (high - low)


def _value_beyond(axis: Any, *, is_high: bool) -> str | None:
    """A value beyond an end, as a proposal; None where the end is a natural one."""
    if axis.kind == "choice":
        values = list(axis.values)
        is_whole = all(isinstance(value, int) for value in values)
        near, end = (values[-2], values[-1]) if is_high else (values[1], values[0])
        is_even = min(near, end) <= 0 or len({b - a for a, b in pairwise(values)}) == 1
        beyond = 2 * end - near if is_even else end * end / near
    else:
        is_whole = axis.kind == "integer"
        end = axis.high if is_high else axis.low
        ratio = (axis.high / axis.low) ** 0.25 if axis.log else None
        step = max(axis.step if is_whole else 0, (axis.high - axis.low) / 4)
        beyond = (end * ratio if is_high else end / ratio) if ratio else (end + step if is_high else end - step)
    if is_whole:
        beyond = math.ceil(beyond) if is_high else math.floor(beyond)
    least = 1 if is_whole else 0
    return None if beyond < least or beyond == end or (not is_whole and beyond <= 0) else f"{beyond:.4g}"
