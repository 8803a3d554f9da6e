"""The sections of the page in their order, each with its figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nas_asc.report.asked import asked_html, failed_html
from nas_asc.report.axes_figure import constant_axes, draw_axes
from nas_asc.report.curve_figure import MOST_CURVES, draw_curves
from nas_asc.report.effects_section import draw_effects, effects_html
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.front_figure import draw_front
from nas_asc.report.health_section import health_html
from nas_asc.report.heat_map import MOST_ROWS, draw_classes, draw_confusion, draw_devices
from nas_asc.report.history_figure import draw_history, volume_history
from nas_asc.report.network_section import network_html
from nas_asc.report.quantity import SCORES, drawn_resources
from nas_asc.report.reference import marks_within
from nas_asc.report.repeats_section import draw_finals, repeats_html
from nas_asc.report.summary import summary_html
from nas_asc.report.text import escape, format_value
from nas_asc.report.theme import NOTHING, Drawing
from nas_asc.report.trial_table import table_html
from nas_asc.study import agreement_lines, agreements, format_rungs, rung_entries


@dataclass(frozen=True)
class Section:
    """One section.

    Args:
        name: Its identifier in the page.
        title: Its heading.
        html: Its content.
        drawings: Figures that the content has places for.
    """

    name: str
    title: str
    html: str
    drawings: tuple[Drawing, ...] = ()


def build_sections(facts: Facts) -> tuple[Section, ...]:
    """All sections; those that need a complete trial say so where there is none.

    Args:
        facts: The facts of the study.
    """
    shown: list[tuple[str, str, Callable[[Facts], tuple[str, tuple[Drawing, ...]]]]] = [
        ("fronts", "Pareto fronts", _fronts),
        ("history", "Hypervolume over trials", _history),
        ("table", "All trials", lambda facts: (table_html(facts), ())),
        ("axes", "What the trials have in common", _axes),
        ("importance", "Which axes matter", _effects),
        ("groups", "By device and by class", _groups),
        ("mistakes", "Confusion matrix", _confusion),
        ("learning", "Learning curves", _curves),
    ]
    middle = [
        Section(name, title, *(build(facts) if facts.ranked else (f"<p>{NOTHING}</p>", ())))
        for name, title, build in shown
    ]
    return (
        Section("summary", "The network to ship", summary_html(facts)),
        Section("network", "Its layers, and what each takes", network_html(facts)),
        Section("health", "Can this study be trusted?", health_html(facts.health)),
        Section("finalists", "The front over several seeds", *_finals(facts)),
        *middle,
        Section("failed", "Failed trials", failed_html(facts)),
        Section("asked", "The study", asked_html(facts)),
    )


def place_html(drawing: Drawing) -> str:
    """Place of a figure, which the page's script fills."""
    width = f' style="min-width:{drawing.min_width}px"' if drawing.min_width else ""
    label = escape(drawing.label)
    height = int(drawing.figure.layout.height)
    return (
        f'<figure class="scroll"><div class="plot" id="{escape(drawing.name)}" role="group" aria-label="{label}"'
        f' data-height="{height}"{width}></div></figure>'
    )


def switch_html(drawings: Mapping[str, Sequence[Drawing]]) -> tuple[str, str]:
    """Buttons that choose the score, and the places of the figures of each score, those of one shown at a time.

    Args:
        drawings: By the name of the score.
    """
    buttons = "".join(
        f'<button type="button" data-shows="score-{name}" aria-pressed="{str(name == "log_loss").lower()}">'
        f"{escape(SCORES[name].title)}</button>"
        for name in drawings
    )
    groups = "".join(
        f'<div class="grid" id="score-{name}"{"" if name == "log_loss" else " hidden"}>'
        f"{''.join(map(place_html, found))}</div>"
        for name, found in drawings.items()
    )
    return f'<div class="switch" role="group" aria-label="score of the vertical axis">{buttons}</div>', groups


def _fronts(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    resources = drawn_resources(facts.config)
    drawings = {name: [draw_front(facts, resource, score) for resource in resources] for name, score in SCORES.items()}
    objectives = escape(", ".join(facts.config.objectives))
    lead = (
        f"<p>Complete trials: {len(facts.ranked)}; {len(facts.front)} on the study’s front of {objectives}."
        " The line joins the trials that no other beats in the two quantities shown; the red line is the limit."
        " Scores far worse than the rest lie outside the frame: a double click shows all."
        f" {_beyond(facts)}</p>"
    )
    switch, groups = switch_html(drawings)
    return lead + switch + _legend(facts) + groups, tuple(drawing for found in drawings.values() for drawing in found)


def _legend(facts: Facts) -> str:
    names = {"line": "front of these two", "ring": "on the study’s front", "dot": "dominated", "star": "recommended"}
    names |= {"limit": "limit"} if facts.config.budget.limits else {}
    names |= {"mark": "published system"} if facts.marks else {}
    items = "".join(f'<li><span class="key {kind}"></span>{name}</li>' for kind, name in names.items())
    return f'<ul class="legend">{items}</ul>'


def _beyond(facts: Facts) -> str:
    seen = {mark.name for resource in drawn_resources(facts.config) for mark in marks_within(facts, resource)}
    beyond = [mark.name for mark in facts.marks if mark.name not in seen]
    marks = "Triangles are published systems, costed on this study’s clips; their scores are on other data."
    if not facts.marks:
        return ""
    return marks if not beyond else f"{marks} Beyond all axes: {escape(', '.join(beyond))}."


def _finals(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    if facts.summary is None:
        return repeats_html(facts, ""), ()
    drawing = draw_finals(facts, facts.summary)
    return repeats_html(facts, place_html(drawing)), (drawing,)


def _history(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    drawing, history = draw_history(facts), volume_history(facts)
    point = ", ".join(
        f"{name} {format_value(value)}" for name, value in zip(facts.config.objectives, history.reference, strict=True)
    )
    origin = "fixed when the study began" if history.is_fixed else "a tenth beyond the worst trial"
    lead = (
        "<p>How much of the box between zero and the reference point the front dominates. A line that has gone flat"
        f" says that more trials of this kind gain little. Reference point ({origin}): {escape(point)}.</p>"
    )
    return lead + place_html(drawing), (drawing,)


def _axes(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    drawing, constant = draw_axes(facts), constant_axes(facts)
    same = ", ".join(f"{name} = {value}" for name, value in constant.items())
    note = f'<p class="note">The same in all trials: {escape(same)}.</p>' if same else ""
    lead = (
        "<p>One line a trial, from blue for the best log loss to orange for the worst tenth; – is an inactive axis."
        " Drag along an axis to keep only the trials that pass there.</p>"
    )
    return lead + place_html(drawing) + note, (drawing,)


def _effects(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    if not facts.effects:
        return effects_html(facts, ""), ()
    drawing = draw_effects(facts)
    return effects_html(facts, place_html(drawing)), (drawing,)


def _groups(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    drawings = [draw_classes(facts)]
    if any(scores_of(record).device_accuracy for record in facts.front_records):
        drawings.insert(0, draw_devices(facts))
        note = ""
    else:
        note = '<p class="note">The data names no recording devices.</p>'
    n_shown = min(MOST_ROWS, len(facts.front_records))
    lead = f"<p>Validation accuracy in percent, {n_shown} of {len(facts.front)} trials of the front, best on top.</p>"
    return lead + note + "".join(map(place_html, drawings)), tuple(drawings)


def _confusion(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    record = facts.recommended or facts.ranked[0]
    if not scores_of(record).confusion:
        return f"<p>No confusion matrix was kept for trial {record.number}.</p>", ()
    drawing = draw_confusion(facts, record)
    lead = f"<p>Trial {record.number} on the validation clips: of each true scene, the percentage taken for each.</p>"
    return lead + place_html(drawing), (drawing,)


def _curves(facts: Facts) -> tuple[str, tuple[Drawing, ...]]:
    drawing = draw_curves(facts)
    if drawing is None:
        return "<p>No learning curves were kept.</p>", ()
    lead = (
        f"<p>Mean training loss of augmented clips, the recommended trial in orange, what ships dotted; at most"
        f" {MOST_CURVES} trials of the front.{_stopped_text(facts)}</p>"
    )
    return lead + place_html(drawing), (drawing,)


def _stopped_text(facts: Facts) -> str:
    """How many trials were stopped at the study's rungs, and how well these told the end; empty without rungs."""
    config = facts.config
    if not config.rungs:
        return ""
    found = agreements(rung_entries(facts.records, config.objectives))
    lines = "".join(f" {line.capitalize()}." for line in agreement_lines(found, n_rungs=len(config.rungs)))
    return (
        f" Of {len(facts.records)} trials {len(facts.stopped)} are stopped early, after {format_rungs(config.rungs)} of"
        f" their epochs; their curves are faint. Rank correlations are those of the trials that went on.{lines}"
    )
