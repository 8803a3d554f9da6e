"""The search: propose, train, score, record, until the total or the time is reached.

Conventions:
    One process owns proposals and study; an executor's workers train. A new trial gets its number when it arrives. A
    trial is recorded when its files are complete; until then it never was, or
    stands where it stood. With rungs, stopped trials that have earned it go on before anything new is proposed; when
    nothing new comes, a few more go on, so that there are complete trials of every band of cost.
"""

import re
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.data import DataSet
from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.evaluation import Job, Result, Worker
from nas_asc.propose import Proposal, Proposer, Screen, build_proposer, note_on_sampler
from nas_asc.search.asks import Asks
from nas_asc.search.change import accept_changes, split_note, with_split
from nas_asc.search.clock import SearchClock
from nas_asc.search.executor import Event, Executor, InProcess, Late, Lost
from nas_asc.search.jobs import Jobs
from nas_asc.search.ledger import Ledger
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.promoter import Promoter
from nas_asc.space import Design, Space
from nas_asc.study import (
    Ask,
    StudyConfig,
    TrialRecord,
    create_study_dir,
    front_of,
    has_study,
    load_checkpoint,
    load_config,
    lock_study,
    save_config,
    study_dir,
)
from nas_asc.training import EpochRow
from nas_asc.units import format_duration

StoppedBy = Literal["trials", "timeout", "interrupt", "exhausted"]
_N_SAME_FAILURES = 5
_N_TRIED = 6


@dataclass(frozen=True)
class SearchResult:
    """What a search ended with.

    Args:
        folder: The folder of the study.
        config: The config of the study.
        records: Every finished or stopped trial of the study.
        stopped_by: "trials" (the total is there), "timeout", "interrupt" (Ctrl-C), or "exhausted" (no new
            candidate that fits was found).
    """

    folder: Path
    config: StudyConfig
    records: tuple[TrialRecord, ...]
    stopped_by: StoppedBy

    @property
    def front(self) -> list[TrialRecord]:
        """Complete trials that no other is better than in every objective."""
        return front_of(self.records, self.config.objectives)


def run_search(
    config: StudyConfig,
    space: Space,
    worker: Worker,
    *,
    executor: Executor | None = None,
    n_trials: int | None = None,
    limit: TimeLimit = NO_LIMIT,
    kept_s: Callable[[float], float] = lambda trial_s: 0.0,
    listener: SearchListener | None = None,
    folder: Path | None = None,
    accepted: Collection[str] = (),
    build: Callable[[Screen, StudyConfig], Proposer] = build_proposer,
) -> SearchResult:
    """The study after a search, begun or gone on with where it is on disk already.

    Args:
        config: What is asked, of the space and the data as they are now; see `ask_study`.
        space: Where candidates come from.
        worker: Measures, on the study's clips; trains too unless an executor is given.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train one after the other.
        n_trials: Trials begun in all, complete, failed and stopped, those of earlier runs included; None is no number.
        limit: When the search, and what follows its trials, is over.
        kept_s: Seconds kept for what follows the trials, by those that the recommended network's trial took.
        listener: Told what happens.
        folder: The folder of the study; None is studies/<name>.
        accepted: The accepted of "space", "data", "version", "device", those that may have changed since the study
            was made.
        build: Makes what proposes; what the study's sampler names unless a strategy of one's own is given.

    Raises:
        StudyError: The study differs from what is asked, another process has it, or every trial fails alike.
        NothingFitsError: No candidate fits the budget, and there is no trial yet.
        DataError: Audio cannot be read.
        WriteError: The disk is full, or nobody may write there; what was finished before is whole.
    """
    if n_trials is None and limit.end is None:
        raise StudyError("`n_trials` or `limit` must be given, or the search would never end.")
    folder = study_dir(config.name) if folder is None else folder
    with lock_study(folder):
        listener = listener or SilentListener()
        config = replace(
            config,
            torch_device=worker.device_name,
            precision=worker.precision_name,
            memory_format=worker.memory_format,
            graphs=worker.graphs,
        )
        config = _open_config(folder, config, worker.prepared.data_set, accepted=accepted, listener=listener)
        jobs = Jobs(config, n_train=worker.prepared.n_train)
        measure, features = worker.measure_speed, worker.measure_features
        types = worker.layer_types
        clock = SearchClock(limit, jobs, measure=measure, kept_s=kept_s, features_s=features, layer_types=types)
        with closing(Ledger(folder, config, space, on_note=listener.on_note)) as ledger:
            search = _Search(
                ledger,
                space,
                worker,
                executor or InProcess(worker),
                folder=folder,
                jobs=jobs,
                clock=clock,
                listener=listener,
                build=build,
            )
            return search.run(n_trials)


def _open_config(
    folder: Path, asked: StudyConfig, data_set: DataSet, *, accepted: Collection[str], listener: SearchListener
) -> StudyConfig:
    if not has_study(folder):
        create_study_dir(folder, asked)
        return asked
    stored = load_config(folder)
    known = with_split(stored, data_set)
    if known != stored:
        listener.on_note(split_note(known))
    config = accept_changes(known, asked, accepted=accepted)
    sampler_note = note_on_sampler(config.sampler)
    if sampler_note is not None:
        listener.on_note(sampler_note)
    if config != stored:
        save_config(folder, config)
    return config


class _Search:
    """One run on one open study."""

    def __init__(
        self,
        ledger: Ledger,
        space: Space,
        worker: Worker,
        executor: Executor,
        *,
        folder: Path,
        jobs: Jobs,
        clock: SearchClock,
        listener: SearchListener,
        build: Callable[[Screen, StudyConfig], Proposer],
    ) -> None:
        self._ledger = ledger
        self._records = ledger.records
        self._folder = folder
        self._space = space
        self._worker = worker
        self._executor = executor
        self._jobs = jobs
        self._listener = listener
        self._clock = clock
        self._build = build
        self._config = jobs.config
        self._promoter = Promoter(space, jobs, clock)
        self._promoted: set[int] = set()  # numbers of trials that are going on
        self._stopped_by: StoppedBy | None = None
        self._asks = self._build_asks()

    def run(self, n_trials: int | None) -> SearchResult:
        """Trials up to the total, or as far as the time allows."""
        try:
            stopped_by = self._run_trials(n_trials)
        except KeyboardInterrupt:
            stopped_by = "interrupt"
        return SearchResult(self._folder, self._config, tuple(self._records), stopped_by)

    def _run_trials(self, n_trials: int | None) -> StoppedBy:
        while True:
            while self._n_running < self._executor.n_slots and self._fill(n_trials):
                pass
            if not self._n_running:
                break
            self._take(self._executor.next_event(self._tell))
        for line in self._promoter.lines(self._records):
            self._listener.on_note(line)
        assert self._stopped_by is not None  # or a new trial would have been begun
        return self._stopped_by

    @property
    def _n_running(self) -> int:
        return self._asks.n_running + len(self._promoted)

    def _fill(self, n_trials: int | None) -> bool:
        """Whether a free slot was given a training: a stopped trial that is due, or else a new one."""
        if self._promote(at_end=False):
            return True
        if self._stopped_by is None:
            is_met = n_trials is not None and len(self._records) + self._asks.n_running >= n_trials
            self._stopped_by = "trials" if is_met else self._begin_next()
            return self._stopped_by is None or self._fill(n_trials)
        return not self._asks.n_running and self._promote(at_end=True)

    def _promote(self, *, at_end: bool) -> bool:
        """Whether a stopped trial was due to go on, and was begun."""
        due = self._promoter.next_trial(self._records, at_end=at_end, running=self._promoted)
        if due is None:
            return False
        record, design = due
        self._promoted.add(record.number)
        self._listener.on_trial_start(record.ask, design, record.cost)
        self._submit(self._jobs.of_stopped(record, load_checkpoint(self._folder, record)))
        return True

    def _build_asks(self) -> Asks:
        config, task = self._config, self._worker.prepared.task
        screen = Screen(
            self._space,
            task,
            budget=config.budget,
            target=config.target,
            min_share=config.min_share,
            on_fault=self._listener.on_note,
            refuse=self._worker.prepared.room.refusal,
            features_s=self._worker.forecast_features,
        )
        proposer, n_slots = self._build(screen, config), self._executor.n_slots
        return Asks(self._folder, screen, proposer, self._records, config=config, n_slots=n_slots)

    def _begin_next(self) -> StoppedBy | None:
        """Why the search ends before the next trial; None when that trial was begun."""
        if self._records and self._clock.is_over(self._records):
            return "timeout"
        asked, proposal = self._asks.next()
        if proposal is not None and not self._has_time(proposal.design):
            proposal = self._find_short(asked, proposal)
            if proposal is None:
                return "timeout"
        if proposal is None:
            return self._exhausted()
        self._asks.begin()
        self._listener.on_trial_start(asked.index, proposal.design, proposal.cost)
        self._submit(self._jobs.of_trial(proposal, asked.index))
        return None

    def _has_time(self, design: Design) -> bool:
        share = self._promoter.share_of_new(design, self._records)
        return self._clock.allows(design, self._records, share=share)

    def _find_short(self, asked: Ask, proposal: Proposal) -> Proposal | None:
        """Another trial for which there is time, instead of one for which there is not; None where none is found."""
        shortest = self._clock.forecast_s(proposal.design, self._records)
        for _ in range(_N_TRIED):
            other = None if self._clock.is_over(self._records) else self._asks.another(asked)
            if other is None:
                break
            if self._has_time(other.design):
                return other
            shortest = min(shortest, self._clock.forecast_s(other.design, self._records))
        if self._records or self._asks.n_running:
            return None
        raise StudyError(
            f"`timeout_s` must leave time for one trial, which takes about {format_duration(shortest)}, and for the"
            " last training. Give more time, or fewer epochs."
        )

    def _submit(self, job: Job[TrialRecord]) -> None:
        self._executor.submit(job, limit=self._clock.limit(self._records))

    def _tell(self, job: Job[TrialRecord], row: EpochRow, n_epochs: int) -> None:
        self._listener.on_epoch(job.record.ask, row, n_epochs)

    def _take(self, event: Event) -> None:
        record = event.job.record
        has_number = record.is_stopped or self._executor.n_slots == 1
        name = f"trial {record.number}" if has_number else f"proposal {record.ask}"
        if isinstance(event, Lost):
            self._listener.on_note(f"the worker of {name} ended {event.reason}; it is trained once more")
        elif isinstance(event, Late) and record.is_stopped:
            self._listener.on_note(f"{name} took longer than forecast; it stays at its rung")
            self._promoter.pass_over(record.number)
            self._promoted.discard(record.number)
        elif isinstance(event, Late):
            self._listener.on_note(f"{name} took longer than forecast; it is left out, for lack of time")
            self._asks.end(record.ask, None)
            self._stopped_by = "timeout"
        elif record.is_stopped:
            self._keep(event.result)
            self._promoted.discard(record.number)
        else:
            self._asks.end(record.ask, self._keep(self._arrive(event.result)))
            self._validate_failures()

    def _arrive(self, result: Result[TrialRecord]) -> Result[TrialRecord]:
        """The result of a new trial, which gets its number now."""
        number = len(self._records)
        asked = self._asks.asked_as(result.record.ask, number=number)
        return replace(result, record=replace(result.record, number=number, asked=asked))

    def _keep(self, result: Result[TrialRecord]) -> TrialRecord:
        for note in result.notes:
            self._listener.on_note(f"trial {result.record.number}: {note}")
        finished = self._jobs.finish(result)
        self._ledger.keep(finished)
        self._listener.on_trial_end(finished.record, front_of(self._records, self._config.objectives))
        return finished.record

    def _exhausted(self) -> StoppedBy:
        if not self._records and not self._n_running:
            raise NothingFitsError(
                f"no candidate of space {self._space.name!r} fits the {self._config.budget.describe()}, on target"
                f" {self._config.target}."
                " Loosen it; `nas-asc plan` shows what is within reach."
            )
        self._listener.on_note("no further candidate that fits was found: the search ends")
        return "exhausted"

    def _validate_failures(self) -> None:
        newest = self._records[self._ledger.n_before :][-_N_SAME_FAILURES:]
        reasons = {_without_numbers(record.reason) for record in newest}
        if len(newest) == _N_SAME_FAILURES and len(reasons) == 1 and None not in reasons:
            raise StudyError(f"the last {_N_SAME_FAILURES} trials all failed: {newest[-1].reason}")


def _without_numbers(reason: str | None) -> str | None:
    return None if reason is None else re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "0", reason)
