"""What a search shows in a cell of a notebook: one display that changes in place."""

import importlib
import sys
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.cost import Cost
from nas_asc.library.progress import DOING, PrintingListener, counts_text, front_rows, later_text
from nas_asc.plan import TimePlan
from nas_asc.session import Course, EpochRow, SearchListener, Session, SilentListener, Stage
from nas_asc.space import Design
from nas_asc.study import TrialRecord, rank_trials
from nas_asc.units import format_duration

Show = Callable[[str], None]

_EVERY_S = 0.5  # between two pictures of the same training
_MOST_ROWS = 12
_CELL = '"padding:2px 12px 2px 0;text-align:right"'


class NotebookListener(SilentListener):
    """Shows what is trained, the front so far, what will follow, and notes.

    Args:
        show: Puts HTML in the place of what was shown before.
        clock: Tells the time.
    """

    def __init__(self, show: Show, *, clock: Clock = WALL_CLOCK) -> None:
        self._show, self._clock = show, clock
        self._started, self._shown = clock.now(), -_EVERY_S
        self._course: Course | None = None
        self._plan = TimePlan(None)
        self._stage: Stage = "trials"
        self._front: Sequence[TrialRecord] = ()
        self._notes: list[str] = []
        self._running: dict[int, str] = {}
        self._doing, self._share = "preparing", 0.0
        self._n_done = self._n_failed = 0

    def expect(self, course: Course, plan: TimePlan) -> None:
        """Know what is asked.

        Args:
            course: How far the search goes, and what follows the trials.
            plan: How the time is shared out.
        """
        self._course, self._plan = course, plan

    def on_stage(self, stage: Stage) -> None:
        """Show what follows this part; with the report the picture is the last one."""
        self._stage = stage
        if stage != "trials":
            self._doing, self._share = DOING[stage], 0.0
        self._draw()

    def on_features(self, done: int, total: int) -> None:
        """Show how far the features of a front end are."""
        self._tell(f"features: {done:,} of {total:,} clips", done / total)

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """Show what is about to be trained."""
        self._running[number] = f"training {number}: {counts_text(cost)}"
        self._tell(self._running[number], 0.0)

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """Show the epoch and its loss."""
        what = self._running.get(number, f"{DOING[self._stage]}: trial {number}")
        self._tell(f"{what}; epoch {row.epoch} of {n_epochs}, loss {row.loss:.3f}", row.epoch / n_epochs)

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Show the front with the trial; a failed one becomes a note."""
        self._front, self._n_done = front, max(self._n_done, record.number + 1)
        self._n_failed += record.is_failed
        self._running.pop(record.ask, None)
        if record.is_failed:
            self._notes.append(f"trial {record.number} failed: {record.reason}")
        self._doing, self._share = DOING["trials"], 0.0
        self._draw()

    def on_note(self, text: str) -> None:
        """Show one more note."""
        self._notes.append(text)
        self._draw()

    def _tell(self, doing: str, share: float) -> None:
        self._doing, self._share = doing, share
        if self._clock.now() - self._shown >= _EVERY_S:
            self._draw()

    def _draw(self) -> None:
        self._shown = self._clock.now()
        parts = [f"<p><b>{escape(self._head())}</b></p>"]
        if self._stage != "report":
            parts += self._draw_running()
        if self._front:
            parts.append(_table(self._front))
        parts.append("".join(f"<div>{escape(note)}</div>" for note in self._notes))
        self._show(f'<div style="max-width:64em">{"".join(parts)}</div>')

    def _draw_running(self) -> list[str]:
        bar = f'<progress value="{self._share:.3f}" max="1" style="width:12em"></progress>'
        parts = [f"<p>{bar} {escape(self._doing)}</p>"]
        if self._course is not None:
            ranked = rank_trials(self._front)
            trial_s = ranked[0].seconds if ranked else None
            later = later_text(self._course, self._plan, self._stage, trial_s=trial_s)
            parts += [f"<p>Then: {escape(later)}.</p>"] if later else []
        return parts

    def _head(self) -> str:
        asked = self._course and self._course.n_trials
        of = f" of {asked}" if asked and self._stage == "trials" else ""
        total_s = self._plan.total_s
        within = f" of {format_duration(total_s)}" if total_s is not None and self._stage != "report" else ""
        failed = f", {self._n_failed} failed" if self._n_failed else ""
        passed = format_duration(self._clock.now() - self._started)
        return f"trials: {self._n_done}{of}{failed}; on the front: {len(self._front)}; {passed} passed{within}"


def choose_listener() -> NotebookListener | PrintingListener:
    """Who tells of a search: a display in the cell where a notebook runs this, else lines."""
    show = _find_display()
    return PrintingListener() if show is None else NotebookListener(show)


def search_with(session: Session, course: Course, listener: SearchListener) -> None:
    """Search, and let a notebook's display know what is asked.

    Args:
        session: The study at work.
        course: How far it goes, and what follows the trials.
        listener: Told what happens.
    """
    session.listener = listener
    if isinstance(listener, NotebookListener):
        listener.expect(course, session.time_plan(course))
    session.search(course)


def _find_display() -> Show | None:
    """What puts HTML into the running cell; None outside of notebooks, where IPython may run in a terminal."""
    shell: Any = sys.modules.get("IPython") and importlib.import_module("IPython").get_ipython()
    if getattr(shell, "kernel", None) is None:
        return None
    room = importlib.import_module("IPython.display")
    handle = room.display(room.HTML(""), display_id=True)
    return lambda text: handle.update(room.HTML(text))


def _table(front: Sequence[TrialRecord]) -> str:
    columns, rows = front_rows(front)
    head, *body = (_row(cells, tag) for cells, tag in [(columns, "th"), *((row, "td") for row in rows[:_MOST_ROWS])])
    more = len(rows) - _MOST_ROWS
    rest = f"<p>{more} more on the front</p>" if more > 0 else ""
    return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>{rest}"


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag} style={_CELL}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
