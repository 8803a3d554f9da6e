"""Fronts of several studies in one figure; colour, symbol and dashes each tell the studies apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from nas_asc.budget import Resource
from nas_asc.pareto import non_dominated
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.front_figure import score_range, ticks_between
from nas_asc.report.quantity import Score, use_text, used_of
from nas_asc.report.theme import LIMIT, Drawing, empty_figure

# Apart for the colour-blind, and from white and dark grey alike.
COLOURS = ("#3b7dd8", "#e8833a", "#1f9e89", "#c2569f", "#b59a00", "#7f8ea3")
MARKERS = (
    ("circle", "solid"),
    ("square", "dash"),
    ("diamond", "dot"),
    ("triangle-up", "dashdot"),
    ("cross", "longdash"),
    ("x", "longdashdot"),
)
_PADDING = 1.25


@dataclass(frozen=True)
class Study:
    """One study of a comparison.

    Args:
        label: Its name, or its folder where two have one name.
        facts: The facts of the study.
        colour: The colour of its front.
        marker: Symbol and dashes of its front.
    """

    label: str
    facts: Facts
    colour: str
    marker: tuple[str, str]


_SHAPES = {
    "circle": '<circle cx="16" cy="7" r="4.5"/>',
    "square": '<rect x="12" y="3" width="8" height="8"/>',
    "diamond": '<path d="M16 1l6 6-6 6-6-6z"/>',
    "triangle-up": '<path d="M16 1l6 11H10z"/>',
    "cross": '<path d="M14 1h4v4h4v4h-4v4h-4V9h-4V5h4z"/>',
    "x": '<path d="M11.5 1L16 5.5 20.5 1 22 2.5 17.5 7 22 11.5 20.5 13 16 8.5 11.5 13 10 11.5 14.5 7 10 2.5z"/>',
}
_DASHES = {"solid": "", "dash": "5 3", "dot": "2 2", "dashdot": "5 2 2 2", "longdash": "8 3", "longdashdot": "8 2 2 2"}


def key_html(study: Study) -> str:
    """Line and symbol of a study for the legend, as HTML."""
    symbol, dash = study.marker
    return (
        f'<svg width="32" height="14" aria-hidden="true" fill="{study.colour}">'
        f'<path d="M0 7h32" stroke="{study.colour}" stroke-width="2" stroke-dasharray="{_DASHES[dash]}"/>'
        f"{_SHAPES[symbol]}</svg>"
    )


def draw_fronts(studies: Sequence[Study], resource: Resource, score: Score) -> Drawing:
    """One score against one resource: the front of each study, its recommended network as a large mark.

    Args:
        studies: Each with a complete trial.
        resource: The resource of the horizontal axis, logarithmic.
        score: The score of the vertical axis.
    """
    figure = empty_figure(height=380)
    all_costs, all_values, all_fronts = [], [], []
    for place, study in enumerate(studies):
        costs, values = _points(study, resource, score)
        on_line = non_dominated(np.column_stack([costs, score.sign * values]))
        _add_front(figure, place, study, costs, values, on_line)
        all_costs.append(costs)
        all_values.append(values)
        all_fronts.append(on_line)
    limits = sorted({each for study in studies if (each := study.facts.config.budget.limits.get(resource.name))})
    for limit in limits:
        figure.add_vline(x=limit, line={"color": LIMIT, "width": 1.5, "dash": "dash"})
        figure.add_annotation(
            x=np.log10(limit), y=1, yref="paper", yanchor="bottom", xanchor="center", showarrow=False,
            text=f"limit {use_text(resource, limit)}", font={"color": LIMIT, "size": 11},
        )  # fmt: skip
    known = [max(1.0, float(value)) for value in (*np.concatenate(all_costs), *limits)]
    low, high = min(known) / _PADDING, max(known) * _PADDING
    edges = [float(np.log10(low)), float(np.log10(high))]
    figure.update_xaxes(
        type="log", title=resource.label, tickformat="~s", range=edges, tickvals=ticks_between(low, high)
    )
    span = score_range(np.concatenate(all_values), np.concatenate(all_fronts), score)
    figure.update_layout(yaxis={"title": score.title, "tickformat": score.tick_format, "range": span})
    label = f"{score.title} against {resource.title}: the fronts of {', '.join(study.label for study in studies)}"
    return Drawing(f"front-{score.name}-{resource.name}", label, figure)


def _points(study: Study, resource: Resource, score: Score) -> tuple[np.ndarray, np.ndarray]:
    records, budget = study.facts.ranked, study.facts.config.budget
    costs = np.array([used_of(resource, record.cost, budget) for record in records], float)
    return costs, np.array([score.value(scores_of(record)) for record in records])


def _add_front(
    figure: go.Figure, place: int, study: Study, costs: np.ndarray, values: np.ndarray, on_line: np.ndarray
) -> None:
    rows = np.flatnonzero(on_line)
    rows = rows[np.argsort(costs[rows], kind="stable")]
    symbol, dash = study.marker
    numbers = [record.number for record in study.facts.ranked]
    best = study.facts.recommended
    shown = [("front", rows, 8)] + ([("recommended", [numbers.index(best.number)], 15)] if best else [])
    for name, chosen, size in shown:
        edge = {"width": 1.5, "color": "white"} if name == "recommended" else {"width": 0}
        figure.add_scatter(
            x=[float(costs[row]) for row in chosen],
            y=[float(values[row]) for row in chosen],
            mode="lines+markers" if name == "front" else "markers",
            name=f"{study.label}: {name}",
            line={"color": study.colour, "width": 2, "shape": "hv", "dash": dash},
            marker={"color": study.colour, "size": size, "symbol": symbol, "line": edge},
            customdata=[f"{place} {numbers[row]}" for row in chosen],
        )
