"""The table of all complete trials, best score first; a click on a head sorts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nas_asc.budget import Budget, Resource, list_counts
from nas_asc.cost import Cost
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.quantity import used_of
from nas_asc.report.text import escape, format_percent, format_value
from nas_asc.study import TrialRecord
from nas_asc.units import format_count, format_duration


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        text: As printed, plain.
        key: What it is sorted by.
    """

    text: str
    key: float | str


def trial_cells(facts: Facts, record: TrialRecord) -> dict[str, Cell]:
    """Cells of one complete trial by the heads of their columns: number, scores, costs, every axis."""
    scores = scores_of(record)
    cells = {
        "trial": Cell(str(record.number), record.number),
        "log loss (nats)": Cell(f"{scores.log_loss:.4f}", scores.log_loss),
        "accuracy (%)": Cell(f"{100 * scores.accuracy:.2f}", scores.accuracy),
        "macro accuracy (%)": Cell(f"{100 * scores.macro_accuracy:.2f}", scores.macro_accuracy),
        "calibration error (%)": Cell(f"{100 * scores.calibration_error:.2f}", scores.calibration_error),
        **_file_cells(record),
        **_cost_cells(record.cost),
        **_front_end_cells(facts, record),
    }
    values = record.values
    cells |= {f"axis {name}": _axis_cell(values.get(name)) for name in facts.axes}
    return cells | {
        "time": Cell(format_duration(record.seconds), record.seconds),
        "origin": Cell(record.origin, record.origin),
    }


def _cost_cells(cost: Cost) -> dict[str, Cell]:
    found = {count.head: count.value(cost) for count in list_counts() if count.head is not None}
    return {head: Cell(format_count(value), value) for head, value in found.items()}


def _front_end_cells(facts: Facts, record: TrialRecord) -> dict[str, Cell]:
    """What the front end takes on a microcontroller, and where it was counted what network and front end take."""
    found, whole = record.log_mel.count(facts.config.clip_s), record.cost.target_ram_bytes
    cells = {} if whole is None else {"RAM on the target (bytes)": whole}
    cells |= {"front end RAM (bytes)": found.ram_bytes, "front end operations": found.clip_operations}
    return {head: Cell(format_count(value), value) for head, value in cells.items()}


def _file_cells(record: TrialRecord) -> dict[str, Cell]:
    """The score that was not counted, and how often network and int8 file agree; empty texts where there is no file."""
    network, file = record.network_scores, record.file
    return {
        "accuracy in float (%)": _percent_cell(None if network is None else network.accuracy),
        "accuracy at int8 (%)": _percent_cell(None if file is None else file.scores.accuracy),
        "same class at int8 (%)": _percent_cell(None if file is None else file.agreement),
        "int8 file (bytes)": Cell("", 0) if file is None else Cell(format_count(file.file_bytes), file.file_bytes),
    }


def _percent_cell(share: float | None) -> Cell:
    return Cell("", -1) if share is None else Cell(f"{100 * share:.2f}", share)


def table_html(facts: Facts) -> str:
    """The table, as HTML.

    Args:
        facts: The facts of the study, with one complete trial or more.
    """
    rows = [(record, trial_cells(facts, record)) for record in facts.ranked]
    heads = rows[0][1].items()
    row_of = "".join(_row(facts, record, cells) for record, cells in rows)
    return (
        '<p><label><input type="checkbox" id="front-only"> only the front'
        f" ({len(facts.front)} of {len(rows)})</label></p>"
        f"{_style(rows[0][1].values())}"
        '<div class="scroll tall" tabindex="0" role="region" aria-label="all complete trials">'
        '<table id="trials"><caption class="unseen">all complete trials, best score first</caption>'
        f"<thead><tr>{''.join(_head(*head) for head in heads)}</tr></thead><tbody>{row_of}</tbody></table></div>"
    )


def hover_text(facts: Facts, record: TrialRecord) -> str:
    """What a point of a figure says: scores, costs and every active axis, escaped, lines apart by <br>."""
    scores = scores_of(record)
    lines = [
        f"<b>trial {record.number}</b>",
        f"{format_percent(scores.accuracy)}, log loss {scores.log_loss:.3f}",
        *(_use_line(resource, record.cost, facts.config.budget) for resource in facts.config.budget.resources),
        *(f"{escape(name)} = {escape(format_value(value))}" for name, value in record.values.items()),
    ]
    return "<br>".join(lines)


def _use_line(resource: Resource, cost: Cost, budget: Budget) -> str:
    """What a network takes of a resource: as it is counted in the ways that the table shows, or as the budget does."""
    shown = [f"{format_count(count.value(cost))} {count.head}" for count in resource.shown if count.head is not None]
    text = ", ".join(shown) if len(shown) > 1 else f"{format_count(used_of(resource, cost, budget))} {resource.noun}"
    return escape(text)


def _axis_cell(value: Any) -> Cell:
    if value is None:
        return Cell("–", "")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(format_value(value), float(value) if is_number else format_value(value))


def _head(name: str, cell: Cell) -> str:
    label = escape(name.removeprefix("axis "))
    kinds = ["axis"] if name.startswith("axis ") else []
    kinds += ["n"] if isinstance(cell.key, int | float) else []
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<th scope="col"{kind}><button type="button">{label}</button></th>'


def _row(facts: Facts, record: TrialRecord, cells: dict[str, Cell]) -> str:
    marks = ["front"] if record.number in facts.front else []
    marks += ["best"] if facts.recommended and record.number == facts.recommended.number else []
    kind = f' class="{" ".join(marks)}"' if marks else ""
    return f"<tr{kind}>{''.join(map(_cell, cells.values()))}</tr>"


def _cell(cell: Cell) -> str:
    """What it is sorted by stands with it only where its text does not tell: a page of many trials stays small."""
    is_told = not isinstance(cell.key, int | float) or _is_number(cell.text)
    key = "" if is_told else f' data-key="{cell.key:.6g}"'
    return f"<td{key}>{escape(cell.text)}</td>"


def _is_number(text: str) -> bool:
    """Whether a text is a number as the page's script reads it, or empty: then it is sorted last."""
    return not text or text.replace(",", "").replace(".", "", 1).removeprefix("-").isdecimal()


def _style(cells: Iterable[Cell]) -> str:
    """Numbers stand right: said once a column, not once a cell."""
    numeric = [place for place, cell in enumerate(cells, 1) if isinstance(cell.key, int | float)]
    columns = ",".join(f"#trials td:nth-child({place})" for place in numeric)
    return f"<style>{columns}{{text-align:right;font-variant-numeric:tabular-nums}}</style>"
