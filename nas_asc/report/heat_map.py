"""Heat maps: the front's scores by device and by class, and who the recommended network takes for whom."""

from collections.abc import Sequence

import plotly.graph_objects as go

from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.text import escape, format_percent
from nas_asc.report.theme import SHARES, Drawing, empty_figure
from nas_asc.study import TrialRecord

MOST_ROWS = 15
_MOST_TEXTS = 20  # columns beyond which cells carry no number


def draw_devices(facts: Facts) -> Drawing:
    """Accuracy of the front's trials on each device.

    Args:
        facts: The facts of the study; its front knows devices.
    """
    records = facts.front_records[:MOST_ROWS]
    devices = list(dict.fromkeys(name for record in records for name in scores_of(record).device_accuracy))
    shares = [[scores_of(record).device_accuracy.get(name) for name in devices] for record in records]
    losses = [[scores_of(record).device_log_loss.get(name) for name in devices] for record in records]
    return _by_trial("devices", "device", devices, records, shares, losses)


def draw_classes(facts: Facts) -> Drawing:
    """Accuracy of the front's trials on each class.

    Args:
        facts: The facts of the study, with one complete trial or more.
    """
    records = facts.front_records[:MOST_ROWS]
    names = list(facts.config.classes)
    shares = [list(scores_of(record).class_accuracy) for record in records]
    return _by_trial("classes", "class", names, records, shares, None)


def draw_confusion(facts: Facts, record: TrialRecord) -> Drawing:
    """Confusion matrix of a trial: rows are the true scene, in percent of its clips.

    Args:
        facts: The facts of the study.
        record: A complete trial.
    """
    counts = scores_of(record).confusion
    names = _class_labels(facts, len(counts))
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    texts = [
        [_cell(share) if count else "" for share, count in zip(*pair, strict=True)]
        for pair in zip(shares, counts, strict=True)
    ]
    hover = [
        [f"true {true}, taken for {names[column]}: {count:,} clips" for column, count in enumerate(row)]
        for true, row in zip(names, counts, strict=True)
    ]
    figure = _heat_map(names, names, shares, texts, hover)
    figure.update_xaxes(title="taken for")
    figure.update_yaxes(title="true scene", scaleanchor=None)
    label = f"confusion matrix of trial {record.number}, {len(names)} classes"
    return Drawing("confusion", label, figure, min_width=180 + 44 * len(names))


def _by_trial(
    name: str,
    what: str,
    columns: Sequence[str],
    records: Sequence[TrialRecord],
    shares: list[list[float | None]],
    losses: list[list[float | None]] | None,
) -> Drawing:
    labels = [f"trial {record.number}" for record in records]
    columns = [escape(column) for column in columns]
    texts = [[_cell(share) if share is not None else "–" for share in row] for row in shares]
    hover = [
        [
            f"trial {record.number}, {column}: {format_percent(row[at])}{_loss(losses, line, at)}"
            for at, column in enumerate(columns[: len(row)])
        ]
        for line, (record, row) in enumerate(zip(records, shares, strict=True))
    ]
    known = [share for row in shares for share in row if share is not None]
    figure = _heat_map(columns, labels, shares, texts, hover, low=max(0.0, min(known, default=0.0) - 0.1))
    figure.update_xaxes(title=what)
    label = f"accuracy of {len(records)} trials of the front by {what}"
    return Drawing(name, label, figure, min_width=140 + 44 * len(columns))


def _heat_map(
    columns: Sequence[str],
    rows: Sequence[str],
    shares: list[list[float]] | list[list[float | None]],
    texts: list[list[str]],
    hover: list[list[str]],
    *,
    low: float = 0.0,
) -> go.Figure:
    """Cells from the share `low`, the lightest, to 1."""
    figure = empty_figure(height=90 + max(26 * len(rows), 60), margin={"l": 130, "r": 10, "t": 12, "b": 56})
    figure.add_heatmap(
        x=list(range(len(columns))), y=list(range(len(rows))), z=shares, text=texts, hovertext=hover,
        hoverinfo="text", colorscale=SHARES, zmin=low, zmax=1, xgap=2, ygap=2,
        texttemplate="%{text}" if len(columns) <= _MOST_TEXTS else None,
        showscale=len(columns) > _MOST_TEXTS, colorbar={"tickformat": ".0%", "thickness": 10},
    )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=list(columns), showgrid=False, automargin=True)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=list(rows), autorange="reversed", showgrid=False, automargin=True
    )
    return figure


def _cell(share: float) -> str:
    return f"{100 * share:.0f}"


def _loss(losses: list[list[float | None]] | None, row: int, column: int) -> str:
    loss = losses[row][column] if losses else None
    return "" if loss is None else f", log loss {loss:.3f}"


def _class_labels(facts: Facts, n: int) -> list[str]:
    names = [*facts.config.classes, *(f"class {index}" for index in range(len(facts.config.classes), n))]
    return [escape(name) for name in names[:n]]
