"""What a person watches during a search: a live table on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas_asc.budget import RESOURCES
from nas_asc.cli.terminal import build_console, build_table
from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.cost import Cost
from nas_asc.library import counts_text, trial_line
from nas_asc.session import EpochRow, SilentListener
from nas_asc.space import Design
from nas_asc.study import StudyConfig, TrialRecord
from nas_asc.units import format_duration, format_short

_SHOWN_FRONT = 12
_BAR_WIDTH = 60
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
    counted = [(resource.heading, resource.used) for resource in RESOURCES.values() if resource.used is not None]
    columns = ("trial", "log loss", "accuracy", *(heading for heading, _ in counted), "time", "origin")
    shown = [record for record in front if first is None or record.number != first.number]
    scored = [(record, record.scores) for record in shown if record.scores is not None]
    ranked = sorted(scored, key=lambda pair: pair[1].log_loss)
    if first is not None and first.scores is not None:
        ranked.insert(0, (first, first.scores))
    rows = [
        (
            record.number,
            f"{scores.log_loss:.3f}",
            f"{100 * scores.accuracy:.1f} %",
            *(format_short(used(record.cost)) for _, used in counted),
            format_duration(record.seconds),
            record.origin,
        )
        for record, scores in ranked
    ]
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
        clock: Tells the time.
    """

    def __init__(self, *, clock: Clock = WALL_CLOCK) -> None:
        self._features = FeatureLine(clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def on_features(self, done: int, total: int) -> None:
        """Say that features are being computed, now and then, and that they were."""
        text = self._features.text(done, total, every_s=_ELSEWHERE_S)
        if text is not None:
            self.on_note(text)

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """Say nothing: the trial's end has its line."""

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """Say nothing: the learning curve stands in trials/."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Say what the trial scored and took, or why it failed."""
        self.on_note(trial_line(record, n_front=len(front)))

    def on_note(self, text: str) -> None:
        """Print one line of progress."""
        print(text, file=sys.stderr, flush=True)


@dataclass
class _Running:
    """What is being trained, or done instead.

    Args:
        text: What it is.
        detail: How far it is, in words.
        share: How far it is, in [0, 1].
    """

    text: str
    detail: str = ""
    share: float = 0.0


class LiveDisplay:
    """A table that grows: what is running, the front so far, time left.

    Args:
        console: A terminal.
        config: The config of the study; its budget heads the display.
        clock: Tells the time.
    """

    def __init__(self, console: Console, config: StudyConfig, *, clock: Clock = WALL_CLOCK) -> None:
        self._console, self._config, self._clock = console, config, clock
        self._started = clock.now()
        self._seconds: list[float] = []
        self._front: Sequence[TrialRecord] = ()
        self._n_done = self._n_failed = 0
        self._latest = _Running("preparing")
        self._running: dict[int, _Running] = {}  # by ask
        self._features = FeatureLine()
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def on_features(self, done: int, total: int) -> None:
        """Show how far the features of a front end are."""
        text = self._features.text(done, total)
        if text is not None:
            self._latest.detail, self._latest.share = text, done / total

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """Show what is about to be trained."""
        self._n_done = max(self._n_done, number - len(self._running))
        shape = "x".join(map(str, design.architecture.in_shape))
        kind = "trial" if self._config.n_workers == 1 else "proposal"  # which gets its number when it arrives
        self._latest = _Running(f"{kind} {number}: {counts_text(cost)}, input {shape}")
        self._running[number] = self._latest

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """Show the epoch, its loss and the speed."""
        if number not in self._running:  # what follows the trials
            self._running.clear()
        elif len(self._running) == 1:
            self._latest = self._running[number]
        running = self._running.get(number, self._latest)
        running.share = row.epoch / n_epochs
        running.detail = f"epoch {row.epoch} of {n_epochs}, loss {row.loss:.3f}, {row.clips_per_s:,.0f} clips/s"

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Show the front with the trial, and print its line above."""
        self._front, self._n_done = front, max(self._n_done, record.number + 1)
        self._n_failed += record.is_failed
        self._running.pop(record.ask, None)
        self._latest = next(reversed(self._running.values()), self._latest)
        self._seconds.append(record.seconds)
        self._console.print(trial_line(record, n_front=len(front)), markup=False)

    def on_note(self, text: str) -> None:
        """Print one line above the display."""
        self._latest = _Running(text)
        self._console.print(text, markup=False)

    def _render(self) -> Group:
        more = len(self._front) - _SHOWN_FRONT
        title = f"front, {len(self._front)} trials" + (f", {more} more not shown" if more > 0 else "")
        parts: list[RenderableType] = [Text(self._config.budget.describe())]
        for each in list(self._running.values()) if len(self._running) > 1 else [self._latest]:
            bar = ProgressBar(total=1.0, completed=each.share, width=_BAR_WIDTH)
            parts += [Text(each.text, style="bold"), bar, Text(each.detail)]
        if self._front:
            parts.append(front_table(self._front, n_most=_SHOWN_FRONT, title=title))
        return Group(*parts, Text(self._footer()))

    def _footer(self) -> str:
        passed = self._clock.now() - self._started
        asked = "" if self._config.n_trials is None else f" of {self._config.n_trials}"
        failed = f", {self._n_failed} failed" if self._n_failed else ""
        so_far = f"{self._n_done}{asked} trials{failed}, {format_duration(passed)} passed"
        return f"{so_far}{self._left(passed)}. Ctrl-C saves and stops."

    def _left(self, passed: float) -> str:
        limits = [] if self._config.timeout_s is None else [self._config.timeout_s - passed]
        if self._config.n_trials is not None and self._seconds:
            mean = sum(self._seconds) / len(self._seconds)
            limits.append((self._config.n_trials - self._n_done) * mean / self._config.n_workers)
        if not limits:
            return ""
        left = min(limits)
        return f", about {format_duration(left)} left" if left > 0 else ", the last trainings run"


def build_display(config: StudyConfig) -> LiveDisplay | PlainDisplay:
    """The display that fits stderr: live on a terminal, plain lines elsewhere.

    Args:
        config: The config of the study, with the trials and the time that are asked for now.
    """
    console = build_console(stderr=True)
    return LiveDisplay(console, config) if console.is_terminal else PlainDisplay()
