"""How far a hearing of recordings is, on stderr: a bar on a terminal, a line a minute elsewhere."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from nas_asc.cli.terminal import build_console
from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.data import printable
from nas_asc.units import format_duration

_BAR_WIDTH = 12  # leaves the words their place in 80 columns
_LONG_S = 120.0  # of a recording whose own progress is told
_ON_TERMINAL_S, _ELSEWHERE_S = 0.2, 60.0  # between two words


class HearingProgress:
    """How far a hearing is, and how long it will take.

    Args:
        n_recordings: In all.
        is_quiet: Say nothing on a terminal, which the results fill.
        console: The console of stderr.
        clock: Tells the time.
    """

    def __init__(
        self, n_recordings: int, *, is_quiet: bool = False, console: Console | None = None, clock: Clock = WALL_CLOCK
    ) -> None:
        self._n, self._clock = n_recordings, clock
        self._console = console or build_console(stderr=True)
        columns = (BarColumn(_BAR_WIDTH), TaskProgressColumn(), TextColumn("{task.fields[text]}"))
        bar = Progress(*columns, console=self._console, transient=True, redirect_stdout=False)
        self._bar = bar if self._console.is_terminal and not is_quiet else None
        self._is_plain = not self._console.is_terminal
        self._every_s = _ON_TERMINAL_S if self._bar else _ELSEWHERE_S
        self._task = bar.add_task("", total=n_recordings, text="")
        self._started = self._said = clock.now()
        self._n_done, self._path, self._heard_s = 0, Path(), 0.0
        self._length_s: float | None = None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def track(self, paths: Iterable[Path]) -> Iterator[Path]:
        """The recordings, each of which is done when the next one is asked for.

        Args:
            paths: In their order.
        """
        for path in paths:
            self._path, self._heard_s, self._length_s = path, 0.0, None
            yield path
            self._n_done += 1
            self._heard_s = 0.0
            self._say()

    def on_heard(self, heard_s: float, length_s: float | None) -> None:
        """Say how far the recording is heard.

        Args:
            heard_s: Seconds that have been heard.
            length_s: The seconds of them; None where that is not known.
        """
        self._heard_s, self._length_s = heard_s, length_s
        self._say()

    def _say(self) -> None:
        now = self._clock.now()
        if now - self._said < self._every_s:
            return
        self._said = now
        share = min(self._heard_s / self._length_s, 1.0) if self._length_s else 0.0
        n_heard = self._n_done + share
        text = self._text(n_heard, now - self._started)
        if self._bar:
            self._bar.update(self._task, completed=n_heard, text=text)
        elif self._is_plain:
            self._console.print(f"heard {text}", markup=False, soft_wrap=True)

    def _text(self, n_heard: float, passed_s: float) -> str:
        words = [] if self._n == 1 else [f"{self._n_done:,} of {self._n:,} recordings"]
        if self._heard_s and (self._n == 1 or (self._length_s or 0) > _LONG_S):
            whole = f" of {format_duration(self._length_s)}" if self._length_s else ""
            name = "" if self._n == 1 or self._bar else f"{printable(self._path.name)}: "
            words.append(f"{name}{format_duration(self._heard_s)}{whole}")
        if n_heard:
            words.append(f"{format_duration(passed_s * (self._n - n_heard) / n_heard)} left")
        return ", ".join(words)
