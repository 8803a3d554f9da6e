"""The proposals of a running search: what is in training, what a killed search left, what comes next.

Conventions:
    A proposal has an index, its ask; the trial that it becomes gets its number when it arrives. With one slot both are
    the same. Only where there are several is what is in training written down: one alone is proposed again as it was.
    Each is asked of an Optuna study in memory. There a trial is running while it is in training, and is told when it
    has arrived; what was stopped at a rung, and what there was no time for, is pruned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from nas_asc.errors import NothingFitsError, SpaceError
from nas_asc.propose import Proposal, ProposalSampler, Proposer, Screen
from nas_asc.study import Ask, PendingTrial, StudyConfig, TrialRecord, load_pending, objective_values, save_pending


@dataclass(frozen=True)
class _Open:
    """A trial of the study in memory that is running."""

    number: int
    asked: Ask
    proposal: Proposal


class AskSampler(ProposalSampler):
    """Asks for a search, which knows more of its trials than Optuna does.

    Args:
        screen: Knows the space and what fits.
        proposer: Who proposes.
        records: All trials of the search at any time.
        seed: The seed of the study.
    """

    def __init__(self, screen: Screen, proposer: Proposer, records: Sequence[TrialRecord], *, seed: int) -> None:
        super().__init__(screen, proposer, seed=seed)
        self.records = records
        self.next_index = 0
        self.newest: Proposal | None = None

    def read_records(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> Sequence[TrialRecord]:
        """The search's own."""
        return self.records

    def index(self, trial: FrozenTrial) -> int:
        """The search's own."""
        return self.next_index

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Propose: where every axis has one value, Optuna asks for no parameter."""
        self.newest = self.propose(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Codes of what was proposed."""
        assert self.newest is not None
        return self.parameters(self.newest)


class Asks:
    """Proposals by their index.

    Args:
        folder: The folder of the study.
        screen: Knows the space and what fits.
        proposer: Who proposes.
        records: All trials of the study at any time.
        config: The config of the study.
        n_slots: Trainings at the same time.
    """

    def __init__(
        self,
        folder: Path,
        screen: Screen,
        proposer: Proposer,
        records: Sequence[TrialRecord],
        *,
        config: StudyConfig,
        n_slots: int,
    ) -> None:
        self._folder, self._records, self._minimised = folder, records, config.minimised
        self._sampler = AskSampler(screen, proposer, records, seed=config.seed)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        directions = [StudyDirection.MINIMIZE] * len(config.minimised)
        self._study = optuna.create_study(directions=directions, sampler=self._sampler)
        arrived = {record.ask for record in records}
        self._left = [each for each in load_pending(folder) if each.asked.index not in arrived]
        self._next = 1 + max([*arrived, *(each.asked.index for each in self._left)], default=-1)
        self._keeps = n_slots > 1 or bool(self._left)
        self._newest: _Open | None = None
        self._running: dict[int, _Open] = {}

    @property
    def n_running(self) -> int:
        """Proposals in training."""
        return len(self._running)

    def next(self) -> tuple[Ask, Proposal | None]:
        """The next proposal, one that a killed search left first; None where nothing new was found."""
        while self._left:
            left = self._left.pop(0)
            proposal = self._restore(left)
            if proposal is not None:
                return left.asked, proposal
        asked = Ask(index=self._next, n_known=len(self._records), pending=tuple(sorted(self._running)))
        return asked, self.another(asked)

    def another(self, asked: Ask) -> Proposal | None:
        """What a proposal of that index proposes; neither what is in training, nor what there was no time for.

        Args:
            asked: Which proposal it is.
        """
        self._pass_over()
        self._sampler.next_index = asked.index
        try:
            trial = self._study.ask(self._sampler.distributions)
        except NothingFitsError:
            return None
        proposal = self._sampler.newest
        assert proposal is not None
        self._newest = _Open(trial.number, asked, proposal)
        return proposal

    def begin(self) -> None:
        """Remember that the newest proposal is in training."""
        assert self._newest is not None
        opened, self._newest = self._newest, None
        self._next = max(self._next, opened.asked.index + 1)
        self._running[opened.asked.index] = opened
        self._save()

    def end(self, index: int, record: TrialRecord | None) -> None:
        """Tell what became of a proposal.

        Args:
            index: The index of a proposal in training.
            record: The record of its trial; None where there was no time for it.
        """
        number = self._running.pop(index).number
        if record is None or record.is_stopped:
            self._study.tell(number, state=TrialState.PRUNED)
        elif record.scores is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, objective_values(self._minimised, record.cost, record.scores))
        self._save()

    def asked_as(self, index: int, *, number: int) -> Ask | None:
        """What the record of a proposal says of it, as the trial of that number; None where that says all.

        Args:
            index: The index of a proposal in training.
            number: The number of the trial that it becomes.
        """
        asked = self._running[index].asked
        return None if asked == Ask(index=number, n_known=number) else asked

    def _restore(self, left: PendingTrial) -> Proposal | None:
        """What a killed search left, running again; None where it is known by now, or the space has changed."""
        self._pass_over()
        seen = {record.key for record in self._records} | {each.proposal.design.key for each in self._running.values()}
        try:
            candidate = self._sampler.screen.space.candidate_from(left.values)
        except SpaceError:
            return None
        proposal = self._sampler.screen.admit(candidate, origin=left.origin, seen=seen)
        if proposal is not None:
            number, params = len(self._study.get_trials(deepcopy=False)), self._sampler.parameters(proposal)
            distributions = self._sampler.distributions
            self._study.add_trial(create_trial(state=TrialState.RUNNING, params=params, distributions=distributions))
            self._newest = _Open(number, left.asked, proposal)
        return proposal

    def _pass_over(self) -> None:
        """End the newest proposal, where it was not begun."""
        if self._newest is not None:
            self._study.tell(self._newest.number, state=TrialState.PRUNED)
            self._newest = None

    def _save(self) -> None:
        if self._keeps:
            running = [
                PendingTrial(each.asked, each.proposal.candidate.values, each.proposal.origin)
                for each in self._running.values()
            ]
            save_pending(self._folder, [*running, *self._left])
