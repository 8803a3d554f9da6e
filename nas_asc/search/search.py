"""The search: propose, train, score, record, until the total or the time is reached.

Conventions:
    One process owns proposals and study. A trial is recorded when its files are complete; until then it never was, or
    stands where it stood. With rungs, stopped trials that have earned it go on before anything new is proposed; when
    nothing new comes, a few more go on, so that there are complete trials of every band of cost.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.propose.proposer import Proposer, build_proposer
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.search.change import accept_changes
from nas_asc.search.clock import Clock
from nas_asc.search.database import Database
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.promoter import Promoter
from nas_asc.search.trial import Setting, Trial, continue_trial, run_trial
from nas_asc.space import Design, Space
from nas_asc.study import (
    StudyConfig,
    TrialRecord,
    create_study_dir,
    drop_checkpoints,
    front_of,
    has_final,
    has_study,
    load_checkpoint,
    load_config,
    load_records,
    lock_study,
    recommend,
    save_config,
    study_dir,
    tidy_trials,
    write_trial_files,
)
from nas_asc.training import DeadlineError
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
        recommended: The best trial inside the budget; None where none is complete.
        has_final: Whether the recommended network has been trained on all development clips.
    """

    folder: Path
    config: StudyConfig
    records: tuple[TrialRecord, ...]
    stopped_by: StoppedBy
    recommended: TrialRecord | None
    has_final: bool


def run_search(
    config: StudyConfig,
    space: Space,
    prepared: PreparedData,
    *,
    n_trials: int | None = None,
    timeout_s: float | None = None,
    torch_device: torch.device,
    listener: SearchListener | None = None,
    folder: Path | None = None,
    refit: bool = True,
    kept_s: float | None = None,
    accepted: Collection[str] = (),
    build: Callable[[Screen, StudyConfig], Proposer] = build_proposer,
) -> SearchResult:
    """The study after a search, begun or gone on with where it is on disk already.

    Args:
        config: What is asked, of the space and the data as they are now; see `ask_study`.
        space: Where candidates come from.
        prepared: Clips and their features.
        n_trials: Trials begun in all, complete, failed and stopped, those of earlier runs included; None is no number.
        timeout_s: Wall time from now that is aimed at, the last training included, which is never cut; None is no
            limit.
        torch_device: Where to train.
        listener: Told what happens.
        folder: Of the study; None is studies/<name>.
        refit: Whether the recommended network is trained once more on all development clips at the end.
        kept_s: Time of `timeout_s` kept for what the caller does afterwards, the last training then being left to it;
            None where nothing more comes.
        accepted: Of "space", "data", "version", those that may have changed since the study was made.
        build: Makes what proposes; what the study's sampler names unless a strategy of one's own is given.

    Raises:
        StudyError: The study differs from what is asked, another process has it, or every trial fails alike.
        NothingFitsError: No candidate fits the budget, and there is no trial yet.
        DataError: Audio cannot be read.
    """
    if n_trials is None and timeout_s is None:
        raise StudyError("`n_trials` or `timeout_s` must be given, or the search would never end.")
    folder = study_dir(config.name) if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    with lock_study(folder):
        config = _open_config(folder, config, accepted=accepted)
        listener = listener or SilentListener()
        setting = Setting(config, prepared, torch_device, listener.on_epoch)
        clock = Clock(timeout_s, refits=refit, setting=setting, kept_s=kept_s or 0.0)
        search = _Search(folder, space, setting=setting, listener=listener, clock=clock, build=build)
        return search.run(n_trials, refit=refit and kept_s is None)


def _open_config(folder: Path, asked: StudyConfig, *, accepted: Collection[str]) -> StudyConfig:
    if not has_study(folder):
        create_study_dir(folder, asked)
        return asked
    stored = load_config(folder)
    config = accept_changes(stored, asked, accepted=accepted)
    if config != stored:
        save_config(folder, config)
    return config


class _Search:
    """One run on one open study."""

    def __init__(
        self,
        folder: Path,
        space: Space,
        *,
        setting: Setting,
        listener: SearchListener,
        clock: Clock,
        build: Callable[[Screen, StudyConfig], Proposer],
    ) -> None:
        self._folder = folder
        self._space = space
        self._setting = setting
        self._listener = listener
        self._clock = clock
        self._build = build
        self._config = setting.config
        self._records = load_records(folder)
        self._n_before = len(self._records)
        self._promoter = Promoter(space, setting=setting, clock=clock)
        tidy_trials(folder, self._n_before)
        for record in self._records:
            drop_checkpoints(folder, record)

    def run(self, n_trials: int | None, *, refit: bool) -> SearchResult:
        """Trials up to the total, then the last training."""
        try:
            stopped_by = self._run_trials(n_trials)
            if refit:
                self._refit()
        except KeyboardInterrupt:
            stopped_by = "interrupt"
        best = self._recommended()
        done = best is not None and has_final(self._folder, best)
        return SearchResult(self._folder, self._config, tuple(self._records), stopped_by, best, done)

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
        checkpoint, deadline = load_checkpoint(self._folder, record), self._clock.deadline(self._records)
        try:
            trial = continue_trial(record, design, checkpoint, setting=self._setting, deadline=deadline)
        except DeadlineError:
            self._listener.on_note(f"trial {record.number} took longer than forecast; it stays at its rung")
            self._promoter.pass_over(record.number)
            return True
        self._keep(trial, database)
        return True

    def _build_proposer(self) -> Proposer:
        config, task = self._config, self._setting.prepared.task
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
            deadline = self._clock.deadline(self._records)
            trial = run_trial(proposal, number, setting=self._setting, deadline=deadline)
        except DeadlineError:
            self._listener.on_note(f"trial {number} took longer than forecast; it is left out, for lack of time")
            return "timeout"
        self._keep(trial, database)
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

    def _keep(self, trial: Trial, database: Database) -> None:
        """Files first, then the database: what it holds is complete."""
        with delayed_interrupt():
            write_trial_files(
                self._folder,
                trial.record,
                curve=trial.curve,
                weights=trial.weights,
                architecture=trial.architecture,
                others=trial.files,
            )
            if trial.record.number < len(self._records):
                database.replace(trial.record)
                self._records[trial.record.number] = trial.record
                drop_checkpoints(self._folder, trial.record)
            else:
                database.append(trial.record)
                self._records.append(trial.record)
        self._listener.on_trial_end(trial.record, front_of(self._records, self._config.objectives))

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

    def _recommended(self) -> TrialRecord | None:
        return recommend(self._folder, self._config, self._records)

    def _refit(self) -> None:
        best = self._recommended()
        if best is not None and not has_final(self._folder, best):
            from nas_asc.handover.refit import train_final

            train_final(self._folder, best, space=self._space, setting=self._setting, listener=self._listener)


def _without_numbers(reason: str | None) -> str | None:
    return None if reason is None else re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "0", reason)
