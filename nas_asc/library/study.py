"""A study on disk, for looking at it, going on with it and taking its networks out."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from nas_asc.budget import Budget
from nas_asc.clock import WALL_CLOCK
from nas_asc.errors import StudyError
from nas_asc.evaluation import WaveformNetwork
from nas_asc.handover import ExportResult, TestResult, find_network
from nas_asc.library.asked import to_seconds
from nas_asc.library.notebook import choose_listener, search_with
from nas_asc.library.progress import PrintingListener
from nas_asc.report import Facts, build_sections, gather_facts, trials_frame
from nas_asc.session import DEFAULT_SEEDS, Course, SearchListener, Session, load_studied_space, reopen_session
from nas_asc.space import Space
from nas_asc.study import StudyConfig, TrialRecord, cut_front, find_study, load_config, load_records

_FIRST = ["number", "log_loss", "accuracy", "params", "macs", "int8_bytes", "peak_ram_bytes", "origin"]  # of a frame
_MOST_IN_LEGEND = 8  # lines and kinds of points; more say nothing
_LEGEND_PX = 44


class Study:
    """A study as its folder has it now.

    Args:
        folder: The folder of the study.
        space: The space that it was searched with; None reads it from where the study says.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        cache: Where features are kept; None is the user's cache folder.
        listener: Told what happens; None shows a search in the notebook's cell, and elsewhere prints a line a trial.
    """

    def __init__(
        self,
        folder: Path,
        *,
        space: Space | None = None,
        torch_device: str = "auto",
        cache: Path | None = None,
        listener: SearchListener | None = None,
    ) -> None:
        self.folder = folder
        self._space = space
        self._torch_device = torch_device
        self._cache = cache
        self._listener = listener

    def __repr__(self) -> str:
        best = self.recommended
        ships = "nothing to ship yet" if best is None or best.scores is None else f"trial {best.number} ships"
        return f"Study({str(self.folder)!r}: {len(self._facts.records)} trials, {ships})"

    @property
    def config(self) -> StudyConfig:
        """What it was asked."""
        return load_config(self.folder)

    @property
    def trials(self) -> pd.DataFrame:
        """All complete trials, best score first, one row each: scores and costs, then all that front.csv has."""
        return self._frame(self._facts.ranked)

    @property
    def front(self) -> pd.DataFrame:
        """The trials on the Pareto front, best score first, with what repeats say of them."""
        return self._frame(self._facts.front_records)

    def front_within(self, budget: Budget) -> pd.DataFrame:
        """The front under other limits, the network to ship first; nothing is trained.

        Args:
            budget: The limits.

        Raises:
            NothingFitsError: No complete trial keeps the limits; names the nearest one.
        """
        return self._frame(cut_front(self.folder, self.config, self._facts.records, budget).shown)

    @property
    def recommended(self) -> TrialRecord | None:
        """The trial to ship; None where none is complete within the budget."""
        return self._facts.recommended

    @property
    def figures(self) -> dict[str, go.Figure]:
        """The figures of the report, by name."""
        sections = build_sections(self._facts)
        return {drawing.name: drawing.figure for section in sections for drawing in section.drawings}

    def plot_front(self, *, cost: str = "macs", score: str = "log_loss") -> go.Figure:
        """A score against a cost, with the front of these two.

        Args:
            cost: Such as "macs", "params" or "ram"; what the budget counts.
            score: Such as "log_loss" or "accuracy".

        Raises:
            StudyError: There is no such figure, or no trial is complete.
        """
        return self._figure(f"front-{score}-{cost}")

    def plot_history(self) -> go.Figure:
        """Hypervolume over trials.

        Raises:
            StudyError: No trial is complete.
        """
        return self._figure("hypervolume")

    def plot_axes(self) -> go.Figure:
        """The trials as lines over the axes.

        Raises:
            StudyError: No trial is complete.
        """
        return self._figure("coordinates")

    def plot_curves(self) -> go.Figure:
        """Learning curves of the best trials and of the refit.

        Raises:
            StudyError: No trial is complete.
        """
        return self._figure("curves")

    def resume(
        self,
        *,
        n_trials: int | None = None,
        timeout: str | float | None = None,
        n_seeds: int = DEFAULT_SEEDS,
        refits: bool = True,
    ) -> "Study":
        """The study, gone on with as `nas-asc resume` does.

        Args:
            n_trials: Trials in all, those that are done included.
            timeout: Wall time from now, such as "8m", or seconds; with neither it is what the study was asked.
            n_seeds: Most further trainings of one length of each leader; 1 is none.
            refits: Whether the recommended network is trained once more on all development clips.

        Raises:
            StudyError: Space or data are gone or differ from those of the study, or another process has it.
        """
        began, timeout_s, config = WALL_CLOCK.now(), to_seconds(timeout, "timeout"), self.config
        if n_trials is None and timeout_s is None:
            n_trials, timeout_s = config.n_trials, config.timeout_s if config.n_trials is None else None
        course = Course(n_trials=n_trials, timeout_s=timeout_s, n_seeds=n_seeds, refits=refits)
        self._session.began = began
        search_with(self._session, course, self._listener or choose_listener())
        return self

    def evaluate(self, number: int | None = None) -> TestResult:
        """Scores on the test clips, which nothing else reads.

        Args:
            number: The number of a trial; None is the final network.

        Raises:
            StudyError: There is no such trial, or the data are not those of the study.
            DataError: There are no labelled test clips, or audio cannot be read.
        """
        return self._session.evaluate(number=number)

    def export(self, out: str | Path | None = None, *, number: int | None = None, **options: Any) -> ExportResult:
        """A network of the study as a file, int8 unless something else is asked for.

        Args:
            out: Folder that it goes into; None is the study's own.
            number: The number of a trial; None is the final network.
            options: Further arguments of `nas_asc.handover.export_study`, such as `file_format="tflite"` or `bits=16`.

        Raises:
            ExportError: The network cannot be written so.
            StudyError: There is no such trial, or the data are not those of the study.
        """
        return self._session.export(number=number, out=None if out is None else Path(out), **options)

    def module(self, number: int | None = None) -> WaveformNetwork:
        """A network of the study with its front end as a torch module: waveforms (B, N) to logits (B, K).

        It is in float, on the CPU and in eval mode; softmax gives the trial's probabilities.

        Args:
            number: The number of a trial; None is the final network.

        Raises:
            StudyError: There is no such trial, or the data are not those of the study.
        """
        worker = self._session.worker
        found = find_network(self.folder, worker.prepared, number=number, layer_types=worker.layer_types)
        return WaveformNetwork(found.network)

    def report(self, out: str | Path | None = None) -> Path:
        """Path of the report, written anew.

        Args:
            out: Folder that it goes into; None is the study's own.
        """
        return self._session.report(out=None if out is None else Path(out))

    @property
    def _facts(self) -> Facts:
        return gather_facts(self.folder, self.config, load_records(self.folder), space=self._known_space)

    @cached_property
    def _known_space(self) -> Space:
        return self._space or load_studied_space(self.config)

    @cached_property
    def _session(self) -> Session:
        return reopen_session(
            self.folder,
            torch_device=self._torch_device,
            cache=self._cache,
            listener=self._listener or PrintingListener(),
            space=self._space,
        )

    def _frame(self, records: tuple[TrialRecord, ...]) -> pd.DataFrame:
        facts = self._facts
        frame = trials_frame(
            records, facts.axes, facts.config.classes, clip_s=facts.config.clip_s, summary=facts.summary
        )
        return frame[[*_FIRST, *frame.columns.difference(_FIRST, sort=False)]]

    def _figure(self, name: str) -> go.Figure:
        figures = self.figures
        if name not in figures:
            known = ", ".join(sorted(figures)) or "none, as no trial is complete"
            raise StudyError(f"there is no figure {name!r}. There are {known}.")
        figure = figures[name]
        if 1 < len(figure.data) <= _MOST_IN_LEGEND:  # in the report the text beside the figure says it
            figure.update_layout(showlegend=True, height=figure.layout.height + _LEGEND_PX)
            figure.update_layout(legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"})
            figure.update_layout(margin_b=figure.layout.margin.b + _LEGEND_PX)
        return figure


def open_study(study: str | Path, **options: Any) -> Study:
    """A study that is on disk.

    Args:
        study: Its name below ./studies, or the path of its folder.
        options: Further arguments of `Study`: `space`, `torch_device`, `cache`, `listener`.

    Raises:
        StudyError: There is no such study.
    """
    return Study(find_study(str(study)), **options)
