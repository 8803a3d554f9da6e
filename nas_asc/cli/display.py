"""What is told of a search in plain lines, and its front as a table."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.table import Table

from nas_asc.cli.terminal import build_table
from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.cost import Cost
from nas_asc.library import front_rows, later_text, trial_line
from nas_asc.plan import TimePlan
from nas_asc.session import Course, EpochRow, SilentListener, Stage
from nas_asc.space import Design
from nas_asc.study import TrialRecord
from nas_asc.units import format_duration

_ON_TERMINAL_S, _ELSEWHERE_S = 0.5, 30.0  # between two words of how far features are


def front_table(
    front: Sequence[TrialRecord],
    *,
    first: TrialRecord | None = None,
    n_most: int | None = None,
    title: str | None = None,
) -> Table:
    """Table of a front, best log loss first: scores, what each trial takes of every resource, time and origin.

    Args:
        front: Complete trials.
        first: The recommended one, which stands first, also where it is not on the front; None is none.
        n_most: Rows at most; None has all.
        title: Line above the table.
    """
    columns, rows = front_rows(front, first=first)
    return build_table(columns, rows[:n_most], title=title)


class FeatureLine:
    """One line on stderr that tells how far a long job on clips is: rate and time left.

    On a terminal it is written again twice a second; elsewhere a line follows every half minute, and one at the end.

    Args:
        what: What is being made.
        clock: Tells the time.
    """

    def __init__(self, what: str = "features", *, clock: Clock = WALL_CLOCK) -> None:
        self._what = what
        self._clock = clock
        self._first: tuple[float, int] | None = None  # time and clips done when the job was first heard of
        self._said = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Say how far it is.

        Args:
            done: Clips done.
            total: Clips in all.
        """
        is_terminal = sys.stderr.isatty()
        text = self.text(done, total, every_s=_ON_TERMINAL_S if is_terminal else _ELSEWHERE_S)
        if text is not None:
            end = "\n" if done >= total or not is_terminal else ""
            print(f"\r{text} " if is_terminal else text, end=end, file=sys.stderr, flush=True)

    def text(self, done: int, total: int, *, every_s: float = _ON_TERMINAL_S) -> str | None:
        """The line; None when the last one is not as old as `every_s` yet.

        Args:
            done: Clips done.
            total: Clips in all.
            every_s: Seconds between lines.
        """
        now = self._clock.now()
        if self._first is None:
            self._first, self._said = (now, done), now
        started, before = self._first
        if done < total and now - self._said < every_s:
            return None
        self._said = now
        rate = (done - before) / max(now - started, 1e-3)
        speed = f", {rate:,.0f} clips/s" if done > before else ""
        if done >= total:
            self._first = None
            return f"{self._what}: {total:,} clips{speed}"
        left = f", {format_duration((total - done) / rate)} left" if done > before else ""
        return f"{self._what}: {done:,} of {total:,} clips{speed}{left}"


class FeatureDisplay(SilentListener):
    """Notes on stderr, and how far features are: for commands that train little or nothing."""

    def __init__(self) -> None:
        self.on_features = FeatureLine()  # type: ignore[method-assign]

    def on_note(self, text: str) -> None:
        """Print one line."""
        print(text, file=sys.stderr, flush=True)


class PlainDisplay:
    """One line on stderr an event: for pipes, logs and continuous integration.

    Args:
        course: What is asked to follow the trials; None says nothing of it.
        plan: How the time is shared out; None where `course` is.
        clock: Tells the time.
    """

    def __init__(
        self, course: Course | None = None, plan: TimePlan | None = None, *, clock: Clock = WALL_CLOCK
    ) -> None:
        self._course, self._plan = course, plan
        self._features = FeatureLine(clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def on_stage(self, stage: Stage) -> None:
        """Say nothing: what is done has its lines."""

    def on_features(self, done: int, total: int) -> None:
        """Say that features are being computed, now and then, and that they were."""
        text = self._features.text(done, total, every_s=_ELSEWHERE_S)
        if text is not None:
            self.on_note(text)

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """Say once what will follow the trials, where time is limited; a trial's end has its own line."""
        course, plan = self._course, self._plan
        if course is not None and plan is not None and plan.total_s is not None:
            self.on_note(f"after the trials: {later_text(course, plan, 'trials')}")
        self._course = None

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """Say nothing: the learning curve stands in trials/."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Say what the trial scored and took, or why it failed."""
        self.on_note(trial_line(record, n_front=len(front)))

    def on_note(self, text: str) -> None:
        """Print one line of progress."""
        print(text, file=sys.stderr, flush=True)
