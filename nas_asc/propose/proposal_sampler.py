"""Optuna's interface to whoever proposes: a study's trials in, a new candidate that fits out.

Conventions:
    Parameters are the codes of a space's axes, all of them always. What is running or was pruned is not proposed again;
    nothing else follows from what was pruned.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from nas_asc.errors import LayerError, NothingFitsError, SpaceError, StudyError
from nas_asc.propose.optuna_study import model_distributions, to_candidate
from nas_asc.propose.proposer import Proposer
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.space import Candidate
from nas_asc.study import TrialRecord


class ProposalSampler(BaseSampler):
    """A sampler that asks a proposer; what tells it of finished trials is each study's own.

    Args:
        screen: Knows the space and what fits.
        proposer: Who proposes.
        seed: The seed of parameters that are no axes.
    """

    def __init__(self, screen: Screen, proposer: Proposer, *, seed: int) -> None:
        self.screen = screen
        self.proposer = proposer
        self.distributions = model_distributions(screen.space)
        self.others = RandomSampler(seed=seed)
        self.built: dict[tuple[Any, ...], Proposal | None] = {}

    @abstractmethod
    def read_records(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> Sequence[TrialRecord]:
        """Records of the finished ones of some trials, in the order of their arrival.

        Args:
            study: Asked.
            trials: All but the one that is asked for.
        """

    def index(self, trial: FrozenTrial) -> int:
        """Index of a trial's proposal, which seeds it.

        Args:
            trial: The trial that is asked for.
        """
        return trial.number

    def propose(self, study: optuna.Study, trial: FrozenTrial) -> Proposal:
        """What a trial trains; where there is nothing, the trial fails.

        Args:
            study: Asked.
            trial: The trial that is asked for.

        Raises:
            NothingFitsError: No new candidate that fits was found.
        """
        others = [each for each in study.get_trials(deepcopy=False) if each.number != trial.number]
        running, pruned = (self.keys_in(state, others) for state in (TrialState.RUNNING, TrialState.PRUNED))
        records = self.read_records(study, others)
        proposal = self.proposer.propose(self.index(trial), records, avoid=running | pruned, running=running)
        if proposal is None:
            study.tell(trial.number, state=TrialState.FAIL)
            name, limits = self.screen.space.name, self.screen.budget.describe()
            faults = "".join(f" Left out: {fault}" for fault in sorted(self.screen.faults)[:1])
            raise NothingFitsError(f"no new candidate of space {name!r} fits the {limits}.{faults}")
        return proposal

    def keys_in(self, state: TrialState, trials: Sequence[FrozenTrial]) -> set[str]:
        """Keys of the designs of those of some trials that are in a state."""
        built = (self.build(each) for each in trials if each.state == state)
        return {one.design.key for one in built if one is not None}

    def parameters(self, proposal: Proposal) -> dict[str, Any]:
        """Codes of a proposal by the name of their axis."""
        return dict(zip(self.distributions, proposal.candidate.code, strict=True))

    def build(self, trial: FrozenTrial) -> Proposal | None:
        """What a trial trains; None where it is no candidate, or cannot be built.

        Args:
            trial: Of any sampler, in any state.
        """
        if not self.distributions.keys() <= trial.params.keys():
            return None
        code = tuple(trial.params[name] for name in self.distributions)
        if code not in self.built:
            self.built[code] = _build(to_candidate(self.screen.space, trial.params), self.screen)
        return self.built[code]

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All axes."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Codes of a new candidate that fits; where there is none, the trial fails.

        Raises:
            NothingFitsError: No new candidate that fits was found.
        """
        return self.parameters(self.propose(study, trial))

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value of a parameter that is no axis.

        Raises:
            StudyError: It is an axis, but asked with another distribution.
        """
        if param_name in self.distributions:
            raise StudyError(
                f"`{param_name}` is an axis of space {self.screen.space.name!r}, but was asked with"
                f" {param_distribution}. Use study.ask(sampler.distributions)."
            )
        return self.others.sample_independent(study, trial, param_name, param_distribution)


def _build(candidate: Candidate, screen: Screen) -> Proposal | None:
    cost = screen.cost(candidate)
    if cost is None:
        return None
    try:
        return Proposal(candidate, screen.space.build(candidate, screen.task), cost, "")
    except (LayerError, SpaceError):
        return None
