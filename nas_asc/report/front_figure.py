"""One score against one cost: dominated trials faint, the front as a line, limits and published systems as marks."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from nas_asc.budget import Resource
from nas_asc.pareto import non_dominated
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.quantity import Score, used_of
from nas_asc.report.reference import add_references, cost_range
from nas_asc.report.theme import DOMINATED, FRONT, RECOMMENDED, Drawing, empty_figure
from nas_asc.study import TrialRecord


def draw_front(facts: Facts, resource: Resource, score: Score) -> Drawing:
    """Scatter of the complete trials; both axes in units, the cost logarithmic.

    Args:
        facts: The facts of the study, with one complete trial or more.
        resource: The resource of the horizontal axis.
        score: The score of the vertical axis.
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
    add_references(figure, facts, resource, labels_on_top=score.sign > 0)
    low, high = cost_range(facts, resource)
    edges = [math.log10(low), math.log10(high)]
    figure.update_xaxes(
        type="log", title=resource.label, tickformat="~s", range=edges, tickvals=ticks_between(low, high)
    )
    span = score_range(values, on_line, score)
    figure.update_layout(yaxis={"title": score.title, "tickformat": score.tick_format, "range": span})
    label = f"{score.title} against {resource.title} of {len(records)} trials, {int(on_line.sum())} on the front"
    return Drawing(f"front-{score.name}-{resource.name}", label, figure)


def ticks_between(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: 1, 2 and 5 of every decade; where they are few, round steps."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    if len(inside) > 2:
        return inside
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    step *= max(1, round((high - low) / step / 5))
    return [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]


def score_range(values: np.ndarray, on_line: np.ndarray, score: Score) -> list[float]:
    """From the best to the worse of the front and of nine tenths of the trials, with room around."""
    signed = score.sign * values
    best, worst = signed.min(), max(signed[on_line].max(), np.quantile(signed, 0.9))
    room = max(0.08 * (worst - best), 0.015)
    edges = [score.sign * (best - 2 * room), score.sign * (worst + room)]
    low, high = min(edges), max(edges)
    return [low, min(high, 1.02)] if score.sign < 0 else [max(low, 0.0), high]


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
    rows = rows[np.argsort(costs[rows], kind="stable")].tolist()
    figure.add_scatter(
        x=costs[rows].tolist(),
        y=values[rows].tolist(),
        mode="lines+markers",
        name="front of these two",
        line={"color": FRONT, "width": 2, "shape": "hv"},
        marker={"color": FRONT, "size": 9},
        customdata=[records[int(row)].number for row in rows],
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
