"""What a cost axis is read against: its ends, the limit, and the published systems as marks."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from nas_asc.budget import Resource
from nas_asc.report.facts import Facts
from nas_asc.report.mark import Mark
from nas_asc.report.quantity import use_text, used_of
from nas_asc.report.text import escape
from nas_asc.report.theme import LIMIT, REFERENCE

_SLACK = 4.0  # systems this many times beyond the trials and the limit are left to the caption
_PADDING = 1.25
_NEAR = 0.035  # of the axis: marks nearer than that share one label


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


def add_references(figure: go.Figure, facts: Facts, resource: Resource, *, labels_on_top: bool) -> None:
    """Draw the limit as a line, and each published system as a triangle on the axis below a labelled dotted line.

    Args:
        figure: Whose horizontal axis is the resource, logarithmic.
        facts: The facts of the study.
        resource: The resource of the horizontal axis.
        labels_on_top: Whether the systems' names stand at the top, else at the bottom: where no good trial is.
    """
    limit = facts.config.budget.limits.get(resource.name)
    if limit is not None:
        figure.add_vline(x=limit, line={"color": LIMIT, "width": 1.5, "dash": "dash"})
        figure.add_annotation(
            x=math.log10(limit), y=1, yref="paper", yanchor="bottom", xanchor="center", showarrow=False,
            text=f"limit {use_text(resource, limit)}", font={"color": LIMIT, "size": 11},
        )  # fmt: skip
    marks = marks_within(facts, resource)
    costs = [used_of(resource, mark.cost, facts.config.budget) for mark in marks if mark.cost]
    _add_triangles(figure, marks, costs, resource)
    width = math.log10(cost_range(facts, resource)[1] / cost_range(facts, resource)[0])
    for text, cost in _labels(marks, costs, _NEAR * width):
        figure.add_vline(x=cost, line={"color": REFERENCE, "width": 1, "dash": "dot"}, opacity=0.6, layer="below")
        figure.add_annotation(
            x=math.log10(cost), y=float(labels_on_top), yref="paper", yanchor="top" if labels_on_top else "bottom",
            xanchor="right", yshift=-4 if labels_on_top else 10, xshift=1, showarrow=False, textangle=-90, text=text,
            font={"color": REFERENCE, "size": 10},
        )  # fmt: skip


def _add_triangles(figure: go.Figure, marks: Sequence[Mark], costs: Sequence[int], resource: Resource) -> None:
    """On a second vertical axis, from 0 to 1, that is not drawn."""
    if not marks:
        return
    texts = [
        f"{escape(mark.name)}: {use_text(resource, cost)}<br>{escape(mark.source)}"
        for mark, cost in zip(marks, costs, strict=True)
    ]
    figure.add_scatter(
        x=list(costs), y=[0.0] * len(costs), yaxis="y2", mode="markers", name="published system", hovertext=texts,
        hoverinfo="text", cliponaxis=False, marker={"color": REFERENCE, "size": 11, "symbol": "triangle-up"},
    )  # fmt: skip
    figure.update_layout(
        yaxis2={
            "overlaying": "y", "anchor": "x", "range": [0, 1], "showgrid": False, "zeroline": False,
            "showticklabels": False, "ticks": "", "fixedrange": True,
        }
    )  # fmt: skip


def _labels(marks: Sequence[Mark], costs: Sequence[int], near: float) -> list[tuple[str, int]]:
    """One label for all marks that are near one another, at the first of them."""
    labels: list[tuple[str, int]] = []
    for cost, name in sorted(zip(costs, (escape(mark.name) for mark in marks), strict=True)):
        if labels and math.log10(cost / labels[-1][1]) < near:
            labels[-1] = (f"{labels[-1][0]}, {name}", labels[-1][1])
        else:
            labels.append((name, cost))
    return labels
