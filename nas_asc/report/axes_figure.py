"""Parallel coordinates: every axis that varies, the costs, and the score that colours the lines."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.text import escape, format_value
from nas_asc.report.theme import BAD_TO_GOOD, Drawing, empty_figure
from nas_asc.study import TrialRecord

_MOST_TICKS = 12
_ABSENT = object()
_WIDTH_AN_AXIS = 56


def draw_axes(facts: Facts) -> Drawing:
    """One line a complete trial across the axes that vary, the scores first.

    Args:
        facts: The facts of the study, with one complete trial or more.
    """
    records = sorted(facts.ranked, key=lambda record: -scores_of(record).log_loss)  # the best on top
    losses = [scores_of(record).log_loss for record in records]
    dimensions = [
        {"label": "log loss (nats)", "values": losses, "tickformat": ".2f"},
        _accuracy_dimension([scores_of(record).accuracy for record in records]),
        {"label": "MACs", "values": [record.cost.macs for record in records], "tickformat": ".3s"},
        {"label": "parameters", "values": [record.cost.params for record in records], "tickformat": ".3s"},
        *(_dimension(name, records) for name in varying_axes(facts)),
    ]
    figure = empty_figure(height=460, margin={"l": 56, "r": 40, "t": 96, "b": 24})
    line: dict[str, Any] = {"color": [-loss for loss in losses], "colorscale": BAD_TO_GOOD, "showscale": False}
    line |= {"cmin": -_middle_high(losses), "cmax": -min(losses)}  # the largest value is drawn on top
    figure.add_trace(go.Parcoords(line=line, dimensions=dimensions, labelangle=-28, labelside="top"))
    label = f"parallel coordinates of {len(dimensions)} dimensions, one line for each of {len(records)} trials"
    return Drawing("coordinates", label, figure, min_width=_WIDTH_AN_AXIS * len(dimensions))


def varying_axes(facts: Facts) -> list[str]:
    """Axes with two values or more among the complete trials; inactive is a value."""
    return [name for name in facts.axes if len({_key(record, name) for record in facts.ranked}) > 1]


def constant_axes(facts: Facts) -> dict[str, str]:
    """Value of every axis that all complete trials share, as text."""
    varying = set(varying_axes(facts))
    return {name: format_value(facts.ranked[0].values.get(name)) for name in facts.axes if name not in varying}


def _key(record: TrialRecord, name: str) -> str:
    return repr(record.values.get(name, _ABSENT))


def _accuracy_dimension(accuracies: list[float]) -> dict[str, Any]:
    low, high = min(accuracies), max(accuracies)
    ends = [low, high] if low < high else [max(0.0, low - 0.05), min(1.0, low + 0.05)]
    return {"label": "accuracy (%)", "values": accuracies, "tickformat": ".0%", "range": ends}


def _dimension(name: str, records: Sequence[TrialRecord]) -> dict[str, Any]:
    values = [record.values.get(name, _ABSENT) for record in records]
    distinct = sorted(set(map(repr, values)), key=lambda text: _order(text, values))
    if len(distinct) > _MOST_TICKS and all(_is_number(value) for value in values):
        return {"label": escape(name), "values": values}
    texts = {repr(value): "–" if value is _ABSENT else format_value(value) for value in values}
    return {
        "label": escape(name),
        "values": [distinct.index(repr(value)) for value in values],
        "tickvals": list(range(len(distinct))),
        "ticktext": [escape(texts[text]) for text in distinct],
        "range": [0, max(1, len(distinct) - 1)],
    }


def _order(text: str, values: Sequence[Any]) -> tuple[int, float, str]:
    value = next(value for value in values if repr(value) == text)
    if value is _ABSENT or value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if _is_number(value) else (2, 0.0, text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _middle_high(losses: Sequence[float]) -> float:
    """Where the colours end: the worst tenth of the trials shares the last one."""
    worst = sorted(losses)[max(0, round(0.9 * len(losses)) - 1)]
    return worst if worst > min(losses) else min(losses) + 1e-6
