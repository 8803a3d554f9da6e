"""What a person watches during a search on a terminal: what is trained, the front so far, what follows, time left."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas_asc.cli.display import FeatureLine, PlainDisplay, front_table
from nas_asc.cli.terminal import build_console
from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.cost import Cost
from nas_asc.library import DOING, counts_text, later_text, trial_line
from nas_asc.plan import TimePlan
from nas_asc.session import Course, EpochRow, Stage
from nas_asc.space import Design
from nas_asc.study import StudyConfig, TrialRecord, rank_trials
from nas_asc.units import format_duration

_MOST_ROWS, _FEWEST_ROWS = 12, 3  # of the front
_BAR_WIDTH = 24
_LINES_OF_TABLE, _LINES_OF_FOOTER, _LINES_OF_RUNNING = 5, 5, 2


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

    def draw(self) -> Group:
        """Two lines; one where nothing tells how far it is."""
        head = Text(self.text, style="bold")
        if not self.detail:
            return Group(head)
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(total=1.0, completed=self.share, width=_BAR_WIDTH), Text(self.detail))
        return Group(head, line)


class LiveDisplay:
    """A table that grows: what is running, the front so far, what will follow, and the time left.

    Args:
        console: A terminal.
        config: The config of the study.
        course: What is asked to follow the trials; None says nothing of it.
        plan: How the time is shared out; None where `course` is.
        began: Reading of the clock where the search's time began; None is now.
        clock: Tells the time.
    """

    def __init__(
        self,
        console: Console,
        config: StudyConfig,
        course: Course | None = None,
        plan: TimePlan | None = None,
        *,
        began: float | None = None,
        clock: Clock = WALL_CLOCK,
    ) -> None:
        self._console, self._config, self._clock = console, config, clock
        self._course, self._plan = course, plan
        self._stage: Stage = "trials"
        self._started = clock.now() if began is None else began
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

    def on_stage(self, stage: Stage) -> None:
        """Show what follows this part."""
        self._stage = stage
        if stage != "trials":
            self._running.clear()
            self._latest = _Running(DOING[stage])

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
        if len(self._running) == 1:
            self._latest = self._running.get(number, self._latest)
        running = self._running.get(number, self._latest)
        if number not in self._running:  # what follows the trials
            running.text = f"{DOING[self._stage]}: trial {number}"
        running.share = row.epoch / n_epochs
        scored = "; now it is scored" if row.epoch == n_epochs else ""
        running.detail = f"epoch {row.epoch} of {n_epochs}, loss {row.loss:.3f}, {row.clips_per_s:,.0f} clips/s{scored}"

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Show the front with the trial, and print its line above."""
        self._front, self._n_done = front, max(self._n_done, record.number + 1)
        self._n_failed += record.is_failed
        self._running.pop(record.ask, None)
        self._latest = next(reversed(self._running.values()), _Running(DOING["trials"]))
        self._seconds.append(record.seconds)
        self._console.print(trial_line(record, n_front=len(front)), markup=False)

    def on_note(self, text: str) -> None:
        """Print one line above the display."""
        self._console.print(text, markup=False)

    def _render(self) -> Group:
        running = list(self._running.values()) if len(self._running) > 1 else [self._latest]
        parts: list[RenderableType] = [each.draw() for each in running]
        if self._front:
            free = self._console.height - _LINES_OF_RUNNING * len(running) - _LINES_OF_TABLE - _LINES_OF_FOOTER
            n_most = min(_MOST_ROWS, max(_FEWEST_ROWS, free))
            more = len(self._front) - n_most
            title = f"front, {_count(len(self._front), 'trial')}" + (f", {more} more not shown" if more > 0 else "")
            parts.append(front_table(self._front, n_most=n_most, title=title))
        return Group(*parts, *map(Text, self._footer()))

    def _footer(self) -> list[str]:
        passed = self._clock.now() - self._started
        asked = "" if self._config.n_trials is None else f" of {self._config.n_trials}"
        failed = f", {self._n_failed} failed" if self._n_failed else ""
        done = _count(self._n_done, "trial") if not asked else f"{self._n_done}{asked} trials"
        lines = [f"{done}{failed}; {format_duration(passed)} passed{self._left(passed)}."]
        if self._course is not None and self._plan is not None:
            later = later_text(self._course, self._plan, self._stage, trial_s=self._trial_s)
            lines += [f"Then: {later}."] if later else []
        return [*lines, "Ctrl-C saves and stops."]

    @property
    def _trial_s(self) -> float | None:
        """Seconds of the trial that scores best."""
        ranked = rank_trials(self._front, self._config.score)
        return ranked[0].seconds if ranked else None

    def _left(self, passed: float) -> str:
        whole_s = self._config.timeout_s
        if self._stage != "trials":
            return "" if whole_s is None else f" of {format_duration(whole_s)}"
        if whole_s is not None and self._plan is not None:
            whole_s = self._plan.trials_s(self._trial_s or 0.0)
        limits = [] if whole_s is None else [whole_s - passed]
        if self._config.n_trials is not None and self._seconds:
            mean = sum(self._seconds) / len(self._seconds)
            limits.append((self._config.n_trials - self._n_done) * mean / self._config.n_workers)
        if not limits:
            return ""
        left = min(limits)
        return f", about {format_duration(left)} left for trials" if left > 0 else ", the last trials run"


def build_display(
    config: StudyConfig, course: Course | None = None, plan: TimePlan | None = None, *, began: float | None = None
) -> LiveDisplay | PlainDisplay:
    """The display that fits stderr: live on a terminal, plain lines elsewhere.

    Args:
        config: The config of the study, with the trials and the time that are asked for now.
        course: What is asked to follow the trials; None says nothing of it.
        plan: How the time is shared out; None where `course` is.
        began: Reading of the clock where the search's time began; None is now.
    """
    console = build_console(stderr=True)
    if not console.is_terminal:
        return PlainDisplay(course, plan)
    return LiveDisplay(console, config, course, plan, began=began)


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
