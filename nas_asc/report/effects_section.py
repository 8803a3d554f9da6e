"""Which axes matter, and what each value scored on average."""

from collections.abc import Sequence

import numpy as np

from nas_asc.health import AxisEffect, AxisImportance
from nas_asc.report.facts import Facts
from nas_asc.report.text import escape, html_table
from nas_asc.report.theme import DOMINATED, FRONT, Drawing, empty_figure

MOST_AXES = 6
_HEADS = ("axis", "importance", "beyond chance", "mean score by value (trials; 95 % interval)")


def effects_html(facts: Facts, place: str) -> str:
    """Importance and mean scores of all axes, as HTML.

    Args:
        facts: The facts of the study.
        place: The place of the figure, as HTML.
    """
    if not facts.effects:
        return "<p>No axis has two values among the complete trials.</p>"
    found = {each.name: each for each in facts.importance}
    rows = [_row(effect, found.get(effect.name)) for effect in _ordered(facts)]
    table = html_table(_HEADS, rows, caption="axes by importance with the mean score of each value")
    details = f"<details><summary>All {len(rows)} axes in numbers</summary>{table}</details>"
    return f"<p>{escape(_lead(facts))}</p>{place}{details}"


def draw_effects(facts: Facts) -> Drawing:
    """Mean score by value with 95 % intervals, of the few axes that come first.

    Args:
        facts: The facts of the study, with one effect or more.
    """
    shown = _ordered(facts)[:MOST_AXES]
    figure = empty_figure(height=330)
    beyond = {each.name for each in facts.importance if each.is_above_chance}
    width = 1 / len(shown)
    for place, effect in enumerate(shown):
        suffix = "" if place == 0 else str(place + 1)
        means = [each.mean for each in effect.values]
        figure.add_scatter(
            x=[f"{escape(each.text)}<br>n={each.n}" for each in effect.values],
            y=means,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [0 if each.high is None else each.high - each.mean for each in effect.values],
                "arrayminus": [0 if each.low is None else each.mean - each.low for each in effect.values],
                "thickness": 1.5,
                "width": 4,
            },
            xaxis=f"x{suffix}",
            yaxis="y",
            mode="markers",
            name=escape(effect.name),
            marker={"color": FRONT if effect.name in beyond else DOMINATED, "size": 9},
        )
        figure.layout[f"xaxis{suffix}"] = {
            "domain": [place * width + 0.01, (place + 1) * width - 0.01],
            "title": escape(effect.name) + (" *" if effect.name in beyond else ""),
            "type": "category",
            "anchor": "y",
            "tickfont": {"size": 10},
        }
    score = facts.config.score.replace("_", " ")
    span = _span(shown)
    figure.update_layout(yaxis={"title": f"mean {score}", "tickformat": ".2f", "range": span})
    label = f"mean {score} by value of {', '.join(effect.name for effect in shown)}"
    return Drawing("effects", label, figure, min_width=190 * len(shown))


def _lead(facts: Facts) -> str:
    beyond = [each.name for each in facts.importance if each.is_above_chance]
    note = (
        "Plain means over the trials that had a value, with 95 % intervals (Student’s t): other axes, and the sampler’s"
        " liking for good regions, are mixed in."
    )
    if not facts.importance:
        return f"Too few complete trials to rank the axes; those whose means differ most come first. {note}"
    found = (
        f"{len(beyond)} of {len(facts.importance)} axes stand out from chance: {', '.join(beyond)}"
        if beyond
        else (f"None of {len(facts.importance)} axes matters more than chance would let one seem to")
    )
    return f"{found} (PED-ANOVA of the best quarter of the trials, beside twenty shuffles of the scores). {note}"


def _ordered(facts: Facts) -> list[AxisEffect]:
    rank = {each.name: place for place, each in enumerate(facts.importance)}
    return sorted(facts.effects, key=lambda effect: (rank.get(effect.name, len(rank)), -_spread(effect)))


def _spread(effect: AxisEffect) -> float:
    means, n = [each.mean for each in effect.values], [each.n for each in effect.values]
    return float(np.sqrt(np.average((np.array(means) - np.average(means, weights=n)) ** 2, weights=n)))


def _span(shown: Sequence[AxisEffect]) -> list[float]:
    """All means, and bounds that are not farther from them than twice the means are from one another."""
    means = [each.mean for effect in shown for each in effect.values]
    low, high = min(means), max(means)
    room = max(high - low, 0.02)
    bounds = [
        bound for effect in shown for each in effect.values for bound in (each.low, each.high) if bound is not None
    ]
    return [
        max([low - room, min([*bounds, low])]) - 0.05 * room,
        min([high + room, max([*bounds, high])]) + 0.05 * room,
    ]


def _row(effect: AxisEffect, importance: AxisImportance | None) -> tuple[str, ...]:
    values = (
        f"{each.text}: {each.mean:.3f} ({each.n}"
        + ("" if each.low is None or each.high is None else f"; {each.low:.3f} to {each.high:.3f}")
        + ")"
        for each in effect.values
    )
    if importance is None:
        return effect.name, "–", "–", ", ".join(values)
    return effect.name, f"{importance.importance:.4f}", "yes" if importance.is_above_chance else "no", ", ".join(values)
