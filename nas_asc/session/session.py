"""One study from its survey to its report, with one clock, one torch device, and features that stay in memory."""

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nas_asc.budget import Budget
from nas_asc.clock import WALL_CLOCK, Clock, TimeLimit
from nas_asc.evaluation import PreparedData, Worker
from nas_asc.handover import (
    EnsembleResult,
    ExportResult,
    RepeatsResult,
    TestResult,
    TwinResult,
    ensemble_study,
    evaluate_study,
    export_study,
    race_leaders,
    refit_recommended,
    train_repeats,
    train_twin,
)
from nas_asc.plan import (
    Forecast,
    PerGpu,
    TimePlan,
    WorkersForecast,
    choose_workers,
    forecast_search,
    plan_per_gpu,
    plan_time,
)
from nas_asc.propose import Screen
from nas_asc.search import (
    Executor,
    RayOptions,
    SearchListener,
    SearchResult,
    SilentListener,
    StoppedBy,
    ask_again,
    ask_study,
    device_note,
    run_search,
    split_note,
)
from nas_asc.session.course import DEFAULT_SEEDS, Course, SessionResult
from nas_asc.session.inputs import Inputs
from nas_asc.session.report import write_study_report
from nas_asc.session.worker_parts import SpaceFile, WorkerParts, build_executor, build_worker, list_guesses
from nas_asc.study import StudyConfig, TrialRecord, has_study, is_refitted, load_records, load_refit_card, recommend
from nas_asc.survey import Survey, survey_space
from nas_asc.training import EpochRow, ignore_epoch, resolve_device

_N_SURVEY_DRAWS = 4_000
_N_PLANNED_DRAWS = 500  # whose memory is planned, some milliseconds each


class Session:
    """A study at work.

    Args:
        config: What the study is asked.
        inputs: Space, recordings, split.
        folder: The folder of the study.
        torch_device: Where to train: "auto", "cpu" or "cuda"; or where each worker does, as many as there are. What is
            trained alone, such as the refit, is trained on the first.
        cache: Where features are kept; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        listener: Told what happens.
        clock: Tells the time.
    """

    def __init__(
        self,
        config: StudyConfig,
        inputs: Inputs,
        *,
        folder: Path,
        torch_device: str | tuple[str, ...] = "auto",
        cache: Path | None = None,
        cache_bytes: int | None = None,
        listener: SearchListener | None = None,
        clock: Clock = WALL_CLOCK,
    ) -> None:
        self.config = config
        self.inputs = inputs
        self.folder = folder
        self.listener: SearchListener = listener or SilentListener()
        self.ray = RayOptions()  # where the config's executor is Ray
        self.torch_devices = (torch_device,) if isinstance(torch_device, str) else torch_device
        self._cache = cache
        self._cache_bytes = cache_bytes
        self._clock = clock
        self.began: float | None = None  # reading of the clock where the next time limit counts from; None: its call

    @cached_property
    def prepared(self) -> PreparedData:
        """The study's clips, whose features stay in memory from the search to the refit."""
        return PreparedData(
            self.inputs.data_set,
            self.inputs.split,
            cache_dir=self._cache,
            cache_bytes=self._cache_bytes,
            on_progress=lambda done, total: self.listener.on_features(done, total),
        )

    @cached_property
    def worker(self) -> Worker:
        """Trains on the study's clips."""
        device, *_ = [resolve_device(name) for name in self.torch_devices]  # or it is named which one is not there
        space = self.inputs.space
        return build_worker(self.config, space, self.prepared, torch_device=device, clock=self._clock)

    def survey(self, *, n_draws: int | None = None) -> Survey:
        """What of the space fits the budget.

        Args:
            n_draws: Random candidates; None is 4,000, or 500 where the memory of each must be planned.

        Raises:
            NothingFitsError: No candidate can be built at all, or none runs on the target.
        """
        config, task = self.config, self.inputs.data_set.task
        n_draws = n_draws or (_N_SURVEY_DRAWS if config.budget.ram_target is None else _N_PLANNED_DRAWS)
        options: dict[str, Any] = {"target": config.target, "n_draws": n_draws, "seed": config.seed}
        options["refuse"] = self.prepared.room.refusal
        return survey_space(self.inputs.space, task, config.budget, **options)

    def choose_workers(self, course: Course) -> WorkersForecast:
        """Let as many train at a time as a search of this course is expected to be fastest with, by a few steps here.

        The time of the search begins with it, if not earlier.

        Args:
            course: The course of the search.
        """
        self.began = self._clock.now() if self.began is None else self.began
        config = replace(self.config, n_trials=course.n_trials)
        chosen = choose_workers(config, self._screen(), self.worker, plan=self.time_plan(course))
        self.config = replace(self.config, n_workers=chosen.n_workers)
        return chosen

    def forecast(self, course: Course, *, workers: WorkersForecast | None = None) -> Forecast | None:
        """How long a search will take; None where what fits is too rare to be measured.

        Args:
            course: The course of the search.
            workers: Trainings at a time; None measures what those of the config bring.
        """
        config = replace(self._ask(), n_trials=course.n_trials, timeout_s=course.timeout_s)
        return forecast_search(config, self._screen(), self.worker, plan=self.time_plan(course), workers=workers)

    def measure_per_gpu(self) -> PerGpu:
        """How many trainings the session's GPU is worth at the same time, by its space's first guess."""
        designs = list_guesses(self.config, self.inputs.space, self.prepared)
        return plan_per_gpu(self.worker, lambda: replace(self._worker_parts(), is_alone=False).build, designs)

    def time_plan(self, course: Course) -> TimePlan:
        """How the time of a search is shared out.

        Args:
            course: The course of the search.
        """
        return plan_time(
            course.timeout_s,
            self.worker.prepared,
            n_seeds=course.n_seeds,
            refits=course.refits,
            final_length=self.config.final_length,
        )

    def search(self, course: Course, *, accepted: Collection[str] = ()) -> SessionResult:
        """The study after its trials, repeats of the front, refit and report, begun or gone on with.

        Args:
            course: How far it goes, and what follows the trials.
            accepted: The accepted of "space", "data", "version", "device", those that may have changed since the
                study was made.

        Raises:
            StudyError: The study differs from what is asked, another process has it, or every trial fails alike.
            NothingFitsError: No candidate fits the budget, and there is no trial yet.
            DataError: Audio cannot be read.
        """
        limit, plan = self._limit(course.timeout_s), self.time_plan(course)
        self.listener.on_stage("trials")
        with closing(self._build_executor()) as executor:
            found = run_search(
                self._ask(),
                self.inputs.space,
                self.worker,
                executor=executor,
                n_trials=course.n_trials,
                limit=limit,
                kept_s=plan.after_trials_s,
                listener=self.listener,
                folder=self.folder,
                accepted=accepted,
            )
            self.config = found.config
            repeats, twin, stopped_by = None, None, found.stopped_by
            try:
                if stopped_by != "interrupt" and self._recommended() is not None:
                    repeats = self._follow(executor, course, limit, plan)
                    stopped_by = "interrupt" if repeats and repeats.was_interrupted else stopped_by
                if stopped_by != "interrupt" and course.twin:
                    twin = self._train_twin(executor, self._limit(course.timeout_s))
                    stopped_by = "interrupt" if twin.search.stopped_by == "interrupt" else stopped_by
            except KeyboardInterrupt:
                stopped_by = "interrupt"
        return self._conclude(found, stopped_by, repeats, twin)

    def repeat(
        self, *, n_seeds: int = DEFAULT_SEEDS, n_most: int | None = None, timeout_s: float | None = None
    ) -> RepeatsResult:
        """The front over several seeds; a study that has a refit is refitted where another trial is recommended now.

        Args:
            n_seeds: Trainings of each network in all, the trial's own included.
            n_most: Most networks; None is the whole front.
            timeout_s: Wall time; None is no limit.

        Raises:
            StudyError: No trial is complete, the data are not those of the study, or another process has it.
        """
        self._tell_split()
        self._tell_device()
        limit = self._limit(timeout_s)
        course = Course(timeout_s=timeout_s, n_seeds=n_seeds, refits=load_refit_card(self.folder) is not None)
        plan, best = self.time_plan(course), self._recommended()
        self.listener.on_stage("repeats")
        with closing(self._build_executor()) as executor:
            found = train_repeats(
                self.folder,
                self.worker,
                executor=executor,
                n_seeds=n_seeds,
                n_most=n_most,
                limit=limit.keep(plan.after_repeats_s(0.0 if best is None else best.seconds)),
                listener=self.listener,
            )
        return self._refit(course, limit, plan, found) or found

    def twin(self, *, timeout_s: float | None = None) -> TwinResult:
        """The study beside random search at equal cost.

        Args:
            timeout_s: Wall time; None is no limit.

        Raises:
            StudyError: There is nothing to be the twin of, or space, data or versions are not those of the study.
            NothingFitsError: No random candidate fits.
        """
        self._tell_split()
        self._tell_device()
        with closing(self._build_executor()) as executor:
            return self._train_twin(executor, self._limit(timeout_s))

    def evaluate(self, *, number: int | None = None) -> TestResult:
        """Scores on the test clips, which nothing else reads.

        Args:
            number: The number of a trial; None is the final network.

        Raises:
            StudyError: There is no such trial, or the data or their split are not those of the study.
            DataError: There are no labelled test clips, or audio cannot be read.
        """
        self._tell_split()
        return evaluate_study(self.folder, self.worker, number=number)

    def export(
        self,
        *,
        number: int | None = None,
        bits: int | None = None,
        file_format: str = "onnx",
        out: Path | None = None,
        qat_epochs: int = 0,
        on_epoch: Callable[[EpochRow], None] = ignore_epoch,
        c_header: bool = False,
    ) -> ExportResult:
        """A network of the study as a file; see `nas_asc.handover.export_study`."""
        self._tell_split()
        return export_study(
            self.folder,
            self.worker,
            number=number,
            bits=bits,
            file_format=file_format,
            out=out,
            qat_epochs=qat_epochs,
            on_epoch=on_epoch,
            c_header=c_header,
        )

    def ensemble(
        self, *, budget: Budget | None = None, n_most: int = 4, bits: int = 8, out: Path | None = None
    ) -> EnsembleResult:
        """The best set of the study's networks as one file; see `nas_asc.handover.ensemble_study`."""
        self._tell_split()
        return ensemble_study(self.folder, self.worker, budget=budget, n_most=n_most, bits=bits, out=out)

    def report(self, *, out: Path | None = None) -> Path:
        """The report, written anew; see `nas_asc.session.write_study_report`."""
        return write_study_report(self.folder, self.inputs, out=out)

    def _limit(self, timeout_s: float | None) -> TimeLimit:
        began, self.began = self.began, None
        limit = TimeLimit.after(timeout_s, clock=self._clock)
        return limit if began is None else limit.keep(self._clock.now() - began)

    def _screen(self) -> Screen:
        config, prepared = self.config, self.worker.prepared
        options: dict[str, Any] = {"budget": config.budget, "target": config.target, "refuse": prepared.room.refusal}
        return Screen(self.inputs.space, prepared.task, **options)

    def _ask(self) -> StudyConfig:
        """What is asked, of space and data as they are now."""
        ask = ask_again if has_study(self.folder) else ask_study
        return ask(self.config, self.inputs.space, self.worker.prepared)

    def _follow(self, executor: Executor, course: Course, limit: TimeLimit, plan: TimePlan) -> RepeatsResult | None:
        """Repeats of the leaders, or of the front where the refit's length is given, then the refit."""
        repeats = None
        if course.n_seeds > 1:
            best = self._recommended()
            kept = limit.keep(plan.after_repeats_s(0.0 if best is None else best.seconds))
            self.listener.on_stage("repeats")
            train = race_leaders if plan.finds_length else train_repeats
            options: dict[str, Any] = {"executor": executor, "limit": kept, "listener": self.listener}
            repeats = train(self.folder, self.worker, n_seeds=course.n_seeds, **options)
        return self._refit(course, limit, plan, repeats)

    def _refit(
        self, course: Course, limit: TimeLimit, plan: TimePlan, repeats: RepeatsResult | None
    ) -> RepeatsResult | None:
        """The repeats again, after the refit where there is one."""
        if not course.refits or (repeats and repeats.was_interrupted):
            return repeats
        kept = limit.keep(plan.report_s)
        self.listener.on_stage("refit")
        try:
            refit_recommended(self.folder, self.worker, limit=kept, listener=self.listener)
        except KeyboardInterrupt:
            if repeats is None:
                raise
            return replace(repeats, was_interrupted=True)
        return repeats

    def _train_twin(self, executor: Executor, limit: TimeLimit) -> TwinResult:
        space = self.inputs.space
        self.listener.on_stage("twin")
        return train_twin(self.folder, space, self.worker, executor=executor, limit=limit, listener=self.listener)

    def _build_executor(self) -> Executor:
        config = self.config
        workers: dict[str, Any] = {"n_workers": config.n_workers, "kind": config.executor, "ray": self.ray}
        workers["torch_devices"] = self.torch_devices
        return build_executor(self.worker, self._worker_parts, listener=self.listener, **workers)

    def _worker_parts(self) -> WorkerParts:
        inputs = self.inputs
        return WorkerParts(
            inputs.data_set,
            inputs.split,
            SpaceFile.of(inputs.space, self.config.space),
            cache=self._cache,
            torch_device=self.torch_devices[0],
            cache_bytes=self._cache_bytes,
            arithmetic=self.worker.arithmetic,
        )

    def _conclude(
        self, search: SearchResult, stopped_by: StoppedBy, repeats: RepeatsResult | None, twin: TwinResult | None
    ) -> SessionResult:
        best = self._recommended()
        is_refit = best is not None and is_refitted(self.folder, best)
        if best is not None:
            self.listener.on_stage("report")
        page = None if best is None else self.report()
        return SessionResult(search, stopped_by, repeats, twin, best, is_refit, page)

    def _recommended(self) -> TrialRecord | None:
        return recommend(self.folder, self.config, load_records(self.folder, on_wait=self.listener.on_note))

    def _tell_device(self) -> None:
        note = device_note(self.config, torch_device=self.worker.device_name, precision=self.worker.precision_name)
        if note is not None:
            self.listener.on_note(note)

    def _tell_split(self) -> None:
        if self.config.split_digest is None:
            self.listener.on_note(split_note(self.config))
