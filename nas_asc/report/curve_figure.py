"""Learning curves of the front, and of trials stopped early: training loss over epochs."""

from typing import Any

from nas_asc.report.facts import Facts
from nas_asc.report.theme import DOMINATED, RECOMMENDED, Drawing, empty_figure, whole_ticks
from nas_asc.study import TrialRecord

MOST_CURVES, MOST_STOPPED = 20, 100
_FAINT = 0.25


def draw_curves(facts: Facts) -> Drawing | None:
    """Training loss of the front's best trials, the recommended one on top, stopped ones faint; None without any curve.

    Args:
        facts: The facts of the study.
    """
    figure = empty_figure(height=320)
    best = facts.recommended.number if facts.recommended else None
    chosen = [record for record in facts.front_records[:MOST_CURVES] if record.number != best]
    for record in facts.stopped[-MOST_STOPPED:]:
        _add_curve(figure, facts, record, width=1.0, opacity=_FAINT)
    for record in chosen:
        _add_curve(figure, facts, record, width=1.5)
    if facts.recommended:
        _add_curve(figure, facts, facts.recommended, width=2.5, color=RECOMMENDED)
    if facts.is_refitted:
        _add_curve(figure, facts, None, width=2.5, color=RECOMMENDED, dash="dot")
    if not figure.data:
        return None
    figure.update_xaxes(title="epoch (number)", **whole_ticks(max(max(trace.x) for trace in figure.data)))
    figure.update_yaxes(title="training loss (nats)", tickformat=".2f", rangemode="tozero")
    return Drawing("curves", f"training loss over epochs of {len(figure.data)} trials", figure)


def _add_curve(
    figure: Any,
    facts: Facts,
    record: TrialRecord | None,
    *,
    width: float,
    color: str = DOMINATED,
    opacity: float = 1.0,
    dash: str = "solid",
) -> None:
    """One curve: of a trial, or of the refit where `record` is None."""
    curve = facts.curve(record)
    if curve.empty:
        return
    label = "what ships" if record is None else f"trial {record.number}" + (", stopped" if record.is_stopped else "")
    figure.add_scatter(
        x=curve["epoch"].tolist(), y=curve["loss"].tolist(), name=label, opacity=opacity,
        mode="lines" if len(curve) > 1 else "markers", marker={"size": 8, "color": color},
        line={"color": color, "width": width, "dash": dash},
        hovertemplate=f"{label}, epoch %{{x}}: %{{y:.3f}} nats<extra></extra>",
    )  # fmt: skip
