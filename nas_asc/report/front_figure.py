"""One score against one cost: dominated trials faint, the front as a line, limits and published systems as marks."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from nas_asc.pareto import non_dominated
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.mark import Mark
from nas_asc.report.quantity import Resource, Score, used_of
from nas_asc.report.text import escape
from nas_asc.report.theme import DOMINATED, FRONT, LIMIT, RECOMMENDED, REFERENCE, Drawing, empty_figure
from nas_asc.study import TrialRecord

_SLACK = 4.0  # systems this many times beyond the trials and the limit are left to the caption
_PADDING = 1.25


def draw_front(facts: Facts, resource: Resource, score: Score) -> Drawing:
    """Scatter of the complete trials; both axes in units, the cost logarithmic.

    Args:
        facts: Of the study, with one complete trial or more.
        resource: Of the horizontal axis.
        score: Of the vertical axis.
    """
    records = facts.ranked
    costs = np.array([used_of(resource, record.cost, facts.config.budget) for record in records], float)
    values = np.array([score.value(scores_of(record)) for record in records])
    on_line = non_dominated(np.column_stack([costs, score.sign * values]))
    figure = empty_figure(height=380)
    in_study = np.array([record.number in facts.front for record in records])
    _add_points(figure, records, costs, values, ~in_study & ~on_line, name="dominated", faint=True)
    _add_points(figure, records, costs, values, in_study & ~on_line, name="on the study’s front", faint=False)
    _add_line(figure, records, costs, values, on_line)
    if facts.recommended in records:
        row = records.index(facts.recommended)
        _add_star(figure, facts.recommended, costs[row], values[row])
    low, high = cost_range(facts, resource)
    _add_limit(figure, facts.config.budget.limits.get(resource.name), resource)
    _add_marks(figure, marks_within(facts, resource), resource, facts)
    edges = [math.log10(low), math.log10(high)]
    figure.update_xaxes(type="log", title=resource.axis_title, tickformat="~s", range=edges, nticks=6)
    figure.update_yaxes(title=score.title, tickformat=score.tick_format, range=_score_range(values, on_line, score))
    label = f"{score.title} against {resource.title} of {len(records)} trials, {int(on_line.sum())} on the front"
    return Drawing(f"front-{score.name}-{resource.name}", label, figure)


def cost_range(facts: Facts, resource: Resource) -> tuple[float, float]:
    """Ends of the cost axis: all trials, the limit, and systems that are not far beyond them."""
    budget = facts.config.budget
    costs = [used_of(resource, record.cost, budget) for record in facts.ranked]
    limit = budget.limits.get(resource.name)
    known = [max(1.0, float(cost)) for cost in [*costs, *([limit] if limit else [])]]
    low, high = min(known), max(known)
    near = [
        used
        for mark in facts.marks
        if mark.cost and low / _SLACK <= (used := used_of(resource, mark.cost, budget)) <= high * _SLACK
    ]
    return min([low, *near]) / _PADDING, max([high, *near]) * _PADDING


def marks_within(facts: Facts, resource: Resource) -> list[Mark]:
    """Published systems whose cost is on the axis."""
    low, high = cost_range(facts, resource)
    budget = facts.config.budget
    return [mark for mark in facts.marks if mark.cost and low <= used_of(resource, mark.cost, budget) <= high]


def _score_range(values: np.ndarray, on_line: np.ndarray, score: Score) -> list[float]:
    """From the best to the worse of the front and of nine tenths of the trials, with room around."""
    signed = score.sign * values
    best, worst = signed.min(), max(signed[on_line].max(), np.quantile(signed, 0.9))
    room = max(0.08 * (worst - best), 0.005)
    edges = [score.sign * (best - 2 * room), score.sign * (worst + room)]
    low, high = min(edges), max(edges)
    return [low, min(high, 1.02)] if score.name == "accuracy" else [max(low, 0.0), high]


def _add_points(
    figure: go.Figure,
    records: Sequence[TrialRecord],
    costs: np.ndarray,
    values: np.ndarray,
    chosen: np.ndarray,
    *,
    name: str,
    faint: bool,
) -> None:
    if not chosen.any():
        return
    marker = {"color": DOMINATED, "size": 7} if faint else {"color": FRONT, "size": 8, "symbol": "circle-open"}
    figure.add_scatter(
        x=costs[chosen].tolist(),
        y=values[chosen].tolist(),
        mode="markers",
        name=name,
        marker=marker,
        customdata=[record.number for record, take in zip(records, chosen, strict=True) if take],
    )


def _add_line(
    figure: go.Figure, records: Sequence[TrialRecord], costs: np.ndarray, values: np.ndarray, on_line: np.ndarray
) -> None:
    rows = np.flatnonzero(on_line)
    rows = rows[np.argsort(costs[rows], kind="stable")]
    figure.add_scatter(
        x=costs[rows].tolist(),
        y=values[rows].tolist(),
        mode="lines+markers",
        name="front of these two",
        line={"color": FRONT, "width": 2, "shape": "hv"},
        marker={"color": FRONT, "size": 9},
        customdata=[records[row].number for row in rows],
    )


def _add_star(figure: go.Figure, record: TrialRecord, cost: float, value: float) -> None:
    figure.add_scatter(
        x=[float(cost)],
        y=[float(value)],
        mode="markers",
        name="recommended",
        marker={"color": RECOMMENDED, "size": 16, "symbol": "star", "line": {"width": 1, "color": "white"}},
        customdata=[record.number],
    )


def _add_limit(figure: go.Figure, limit: int | None, resource: Resource) -> None:
    if limit is None:
        return
    text = f"limit {resource.text(limit)}"
    figure.add_vline(x=limit, line={"color": LIMIT, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=math.log10(limit), y=1, yref="paper", yanchor="top", xanchor="right", text=text, showarrow=False,
        textangle=-90, xshift=-2, font={"color": LIMIT, "size": 11},
    )  # fmt: skip


def _add_marks(figure: go.Figure, marks: Sequence[Mark], resource: Resource, facts: Facts) -> None:
    """Triangles on the cost axis, by a second vertical axis from 0 to 1 that is not drawn."""
    if not marks:
        return
    costs = [used_of(resource, mark.cost, facts.config.budget) for mark in marks if mark.cost]
    hover = [f"{mark.name}: {resource.text(cost)}<br>{mark.source}" for mark, cost in _escaped(marks, costs)]
    figure.add_scatter(
        x=costs, y=[0.0] * len(costs), yaxis="y2", mode="markers", name="published system", hovertext=hover,
        hoverinfo="text", cliponaxis=False, marker={"color": REFERENCE, "size": 12, "symbol": "triangle-up"},
    )  # fmt: skip
    figure.update_layout(yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})
    for mark, cost in zip(marks, costs, strict=True):
        figure.add_annotation(
            x=math.log10(cost), y=0, yref="paper", yanchor="bottom", xanchor="center", yshift=8, showarrow=False,
            text=escape(mark.name), textangle=-90, font={"color": REFERENCE, "size": 10},
        )  # fmt: skip


def _escaped(marks: Sequence[Mark], costs: Sequence[int]) -> list[tuple[Mark, int]]:
    safe = [Mark(escape(mark.name), escape(mark.source), mark.cost) for mark in marks]
    return list(zip(safe, costs, strict=True))
