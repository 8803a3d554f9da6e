"""Learning curves of the front: training loss over epochs."""

from nas_asc.report.facts import Facts
from nas_asc.report.theme import DOMINATED, RECOMMENDED, Drawing, empty_figure, whole_ticks

MOST_CURVES = 20


def draw_curves(facts: Facts) -> Drawing | None:
    """Training loss of the front's best trials, the recommended one on top; None where no curve was kept.

    Args:
        facts: Of the study.
    """
    figure = empty_figure(height=320)
    best = facts.recommended.number if facts.recommended else None
    chosen = [record for record in facts.front_records[:MOST_CURVES] if record.number != best]
    for record in [*chosen, *([facts.recommended] if facts.recommended else [])]:
        curve = facts.curve(record)
        if curve.empty:
            continue
        is_best = record.number == best
        figure.add_scatter(
            x=curve["epoch"].tolist(), y=curve["loss"].tolist(), name=f"trial {record.number}",
            mode="lines" if len(curve) > 1 else "markers", marker={"size": 8},
            line={"color": RECOMMENDED if is_best else DOMINATED, "width": 2.5 if is_best else 1.5},
            hovertemplate=f"trial {record.number}, epoch %{{x}}: %{{y:.3f}} nats<extra></extra>",
        )  # fmt: skip
    if not figure.data:
        return None
    figure.update_xaxes(title="epoch (number)", **whole_ticks(max(max(trace.x) for trace in figure.data)))
    figure.update_yaxes(title="training loss (nats)", tickformat=".2f", rangemode="tozero")
    return Drawing("curves", f"training loss over epochs of {len(figure.data)} trials", figure)
