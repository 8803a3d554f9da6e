"""The search: propose, train, score, record, until the total or the time is reached.

Conventions:
    One process owns proposals and study. A trial is recorded when its files are complete; until then it never was, or
    stands where it stood. With rungs, stopped trials that have earned it go on before anything new is proposed; when
    nothing new comes, a few more go on, so that there are complete trials of every band of cost.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.data import DataSet
from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.evaluation import Job, Result, Worker
from nas_asc.layers import format_architecture
from nas_asc.propose import Proposal, Proposer, Screen, build_proposer, note_on_sampler
from nas_asc.search.change import accept_changes, split_note, with_split
from nas_asc.search.clock import SearchClock
from nas_asc.search.database import Database
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.search.jobs import Jobs
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.promoter import Promoter
from nas_asc.space import Design, Space
from nas_asc.study import (
    StudyConfig,
    TrialRecord,
    create_study_dir,
    drop_checkpoints,
    front_of,
    has_study,
    load_checkpoint,
    load_config,
    load_records,
    lock_study,
    save_config,
    study_dir,
    tidy_trials,
    write_trial_files,
)
from nas_asc.training import DeadlineError, EpochRow
from nas_asc.units import format_duration

StoppedBy = Literal["trials", "timeout", "interrupt", "exhausted"]
_N_SAME_FAILURES = 5
_N_TRIED = 6


@dataclass(frozen=True)
class SearchResult:
    """What a search ended with.

    Args:
        folder: Of the study.
        config: Of the study.
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
        worker: Trains, on the study's clips.
        n_trials: Trials begun in all, complete, failed and stopped, those of earlier runs included; None is no number.
        limit: When the search, and what follows its trials, is over.
        kept_s: Seconds kept for what follows the trials, by those that the recommended network's trial took.
        listener: Told what happens.
        folder: Of the study; None is studies/<name>.
        accepted: Of "space", "data", "version", "device", those that may have changed since the study was made.
        build: Makes what proposes; what the study's sampler names unless a strategy of one's own is given.

    Raises:
        StudyError: The study differs from what is asked, another process has it, or every trial fails alike.
        NothingFitsError: No candidate fits the budget, and there is no trial yet.
        DataError: Audio cannot be read.
    """
    if n_trials is None and limit.end is None:
        raise StudyError("`n_trials` or `limit` must be given, or the search would never end.")
    folder = study_dir(config.name) if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    with lock_study(folder):
        listener = listener or SilentListener()
        config = replace(config, torch_device=worker.device_name, precision=worker.precision_name)
        config = _open_config(folder, config, worker.prepared.data_set, accepted=accepted, listener=listener)
        jobs = Jobs(config, n_train=worker.prepared.n_train)
        measure, features = worker.measure_speed, worker.measure_features
        clock = SearchClock(limit, jobs, measure=measure, kept_s=kept_s, features_s=features)
        return _Search(folder, space, worker, jobs=jobs, clock=clock, listener=listener, build=build).run(n_trials)


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
        folder: Path,
        space: Space,
        worker: Worker,
        *,
        jobs: Jobs,
        clock: SearchClock,
        listener: SearchListener,
        build: Callable[[Screen, StudyConfig], Proposer],
    ) -> None:
        self._folder = folder
        self._space = space
        self._worker = worker
        self._jobs = jobs
        self._listener = listener
        self._clock = clock
        self._build = build
        self._config = jobs.config
        self._records = load_records(folder)
        self._n_before = len(self._records)
        self._promoter = Promoter(space, jobs, clock)
        tidy_trials(folder, self._n_before)
        for record in self._records:
            drop_checkpoints(folder, record)

    def run(self, n_trials: int | None) -> SearchResult:
        """Trials up to the total, or as far as the time allows."""
        try:
            stopped_by = self._run_trials(n_trials)
        except KeyboardInterrupt:
            stopped_by = "interrupt"
        return SearchResult(self._folder, self._config, tuple(self._records), stopped_by)

    def _run_trials(self, n_trials: int | None) -> StoppedBy:
        database = Database(self._folder, self._config, self._space)
        try:
            stopped_by = self._begin_trials(n_trials, database)
            while self._promote(database, at_end=False) or self._promote(database, at_end=True):
                pass
        finally:
            database.close()
        for line in self._promoter.lines(self._records):
            self._listener.on_note(line)
        return stopped_by

    def _begin_trials(self, n_trials: int | None, database: Database) -> StoppedBy:
        proposer = self._build_proposer()
        while True:
            while self._promote(database, at_end=False):
                pass
            if n_trials is not None and len(self._records) >= n_trials:
                return "trials"
            stopped_by = self._run_next(proposer, database)
            if stopped_by is not None:
                return stopped_by

    def _promote(self, database: Database, *, at_end: bool) -> bool:
        """Whether a stopped trial was due to go on, and went on as far as time allowed."""
        due = self._promoter.next_trial(self._records, at_end=at_end)
        if due is None:
            return False
        record, design = due
        self._listener.on_trial_start(record.number, design, record.cost)
        try:
            result = self._train(self._jobs.of_stopped(record, load_checkpoint(self._folder, record)))
        except DeadlineError:
            self._listener.on_note(f"trial {record.number} took longer than forecast; it stays at its rung")
            self._promoter.pass_over(record.number)
            return True
        self._keep(result, database)
        return True

    def _build_proposer(self) -> Proposer:
        config, task = self._config, self._worker.prepared.task
        screen = Screen(
            self._space,
            task,
            budget=config.budget,
            target=config.target,
            min_share=config.min_share,
            on_fault=self._listener.on_note,
        )
        return self._build(screen, config)

    def _run_next(self, proposer: Proposer, database: Database) -> StoppedBy | None:
        """Why the search ends before the next trial; None when that trial has been recorded."""
        number = len(self._records)
        if self._records and self._clock.is_over(self._records):
            return "timeout"
        proposal = proposer.propose(number, self._records)
        if proposal is not None and not self._has_time(proposal.design):
            proposal = self._find_short(proposer, proposal, number)
            if proposal is None:
                return "timeout"
        if proposal is None:
            return self._exhausted()
        self._listener.on_trial_start(number, proposal.design, proposal.cost)
        try:
            result = self._train(self._jobs.of_trial(proposal, number))
        except DeadlineError:
            self._listener.on_note(f"trial {number} took longer than forecast; it is left out, for lack of time")
            return "timeout"
        self._keep(result, database)
        self._validate_failures()
        return None

    def _has_time(self, design: Design) -> bool:
        share = self._promoter.share_of_new(design, self._records)
        return self._clock.allows(design, self._records, share=share)

    def _find_short(self, proposer: Proposer, proposal: Proposal, number: int) -> Proposal | None:
        """Another trial for which there is time, instead of one for which there is not; None where none is found."""
        shortest, avoid = self._clock.forecast_s(proposal.design, self._records), {proposal.design.key}
        for _ in range(_N_TRIED):
            other = proposer.propose(number, self._records, avoid=avoid)
            if other is None:
                break
            if self._has_time(other.design):
                return other
            shortest = min(shortest, self._clock.forecast_s(other.design, self._records))
            avoid.add(other.design.key)
        if self._records:
            return None
        raise StudyError(
            f"`--timeout` must leave time for one trial, which takes about {format_duration(shortest)}, and for the"
            " last training. Give more time, or fewer --epochs."
        )

    def _train(self, job: Job[TrialRecord]) -> Result[TrialRecord]:
        number = job.record.number

        def tell(row: EpochRow, n_epochs: int) -> None:
            self._listener.on_epoch(number, row, n_epochs)

        return self._jobs.finish(self._worker.attempt(job, limit=self._clock.limit(self._records), on_epoch=tell))

    def _keep(self, result: Result[TrialRecord], database: Database) -> None:
        """Files first, then the database: what it holds is complete."""
        record = result.record
        with delayed_interrupt():
            write_trial(self._folder, result)
            if record.number < len(self._records):
                database.replace(record)
                self._records[record.number] = record
                drop_checkpoints(self._folder, record)
            else:
                database.append(record)
                self._records.append(record)
        self._listener.on_trial_end(record, front_of(self._records, self._config.objectives))

    def _exhausted(self) -> StoppedBy:
        if not self._records:
            raise NothingFitsError(
                f"no candidate of space {self._space.name!r} fits the {self._config.budget.describe()}, on target"
                f" {self._config.target}."
                " Loosen it; `nas-asc plan` shows what is within reach."
            )
        self._listener.on_note("no further candidate that fits was found: the search ends")
        return "exhausted"

    def _validate_failures(self) -> None:
        newest = self._records[self._n_before :][-_N_SAME_FAILURES:]
        reasons = {_without_numbers(record.reason) for record in newest}
        if len(newest) == _N_SAME_FAILURES and len(reasons) == 1 and None not in reasons:
            raise StudyError(f"the last {_N_SAME_FAILURES} trials all failed: {newest[-1].reason}")


def write_trial(folder: Path, result: Result[TrialRecord]) -> None:
    """Put the files of a trial in place.

    Args:
        folder: Of the study.
        result: Of its training.
    """
    network = result.network
    write_trial_files(
        folder,
        result.record,
        curve=result.curve,
        weights=None if network is None else network.to_arrays(),
        architecture=None if network is None else format_architecture(network.architecture),
        others=result.files,
    )


def _without_numbers(reason: str | None) -> str | None:
    return None if reason is None else re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "0", reason)
