"""A sampler for anyone's own Optuna study, which proposes only what can be built, fits the budget, and is new.

Conventions:
    Parameters are the codes of a space's axes, all of them always; see `FeasibleSampler.candidate` for their values.
    A proposal is a function of the seed, the trial's number, and the study's trials: any storage, and any order of
    arrival, will do. Trials that are running count as tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, log10
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.errors import LayerError, NothingFitsError, SpaceError, StudyError
from nas_asc.frontend import Task
from nas_asc.propose.history import History, front_rows
from nas_asc.propose.optuna_study import model_distributions, to_candidate
from nas_asc.propose.proposer import build_proposer
from nas_asc.propose.reference_point import reference_point
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.space import Candidate, Design, Space, load_space
from nas_asc.study import OBJECTIVES, StudyConfig

_SCORE = "log_loss"  # stands for the score, whatever it is


class FeasibleSampler(BaseSampler):
    """Optuna's interface to this package's proposals.

    The study's first value is a score of any kind and unit, minimised or maximised; further ones are costs of the
    network, minimised. Pruned and failed trials are not proposed again; failed ones count as hopeless.

    Args:
        space: A space, a packaged one's name, or the path of a space file.
        budget: Limits of the network.
        costs: What the study's values after the first are, such as ("macs", "int8_bytes").
        task: Clip length and number of classes that networks are built for.
        target: Runtime whose integers must suffice; "any" is none.
        sampler: Who proposes: "auto", "gp", "tpe", "nsga2", "nsga3", "random", or such as "optuna:GPSampler".
        warm_start: Whether the first proposals are the space's guesses and published systems, as far as they fit.
        min_share: Share of a limit that is used at least, such as 0.1; None allows small networks too.
        seed: The seed of the proposals.

    Raises:
        SpaceError: There is no such space, or its file is wrong.
        StudyError: There is no such cost or sampler, or a value is out of range.

    >>> from nas_asc.budget import Budget
    >>> sampler = FeasibleSampler("cp_mobile", Budget(max_params=64_000))
    >>> trial = optuna.create_study(sampler=sampler).ask(sampler.distributions)
    >>> sampler.cost(trial).params <= 64_000
    True
    """

    def __init__(
        self,
        space: Space | str | Path,
        budget: Budget,
        *,
        costs: Sequence[str] = (),
        task: Task | None = None,
        target: str = "any",
        sampler: str = "auto",
        warm_start: bool = True,
        min_share: float | None = None,
        seed: int = 0,
    ) -> None:
        self.space = (space if isinstance(space, Space) else load_space(space)).for_target(target)
        self.screen = Screen(self.space, task or Task(), budget=budget, target=target, min_share=min_share)
        self.task = self.screen.task
        config = StudyConfig(
            name="optuna",
            space=self.space.name,
            budget=budget,
            objectives=(_SCORE, *_validated(costs)),
            target=target,
            sampler=sampler,
            warm_start=warm_start,
            min_share=min_share,
            max_log_loss=inf,  # nothing is known of the score: all of it is of interest
            seed=seed,
        )
        self.proposals = _Proposals(self.screen, config)
        self.others = RandomSampler(seed=seed)
        self.distributions = model_distributions(self.space)

    def candidate(self, trial: optuna.Trial | FrozenTrial) -> Candidate:
        """The point of the space that a trial is; its `values` are those of the axes.

        Args:
            trial: Asked with `distributions`.
        """
        return to_candidate(self.space, trial.params)

    def design(self, trial: optuna.Trial | FrozenTrial) -> Design:
        """Network, front end and recipe of a trial.

        Args:
            trial: Asked with `distributions`.
        """
        return self.space.build(self.candidate(trial), self.task)

    def cost(self, trial: optuna.Trial | FrozenTrial) -> Cost:
        """What a trial's network takes.

        Args:
            trial: Asked with `distributions`.

        Raises:
            SpaceError: It cannot be built: this sampler has not proposed it.
        """
        cost = self.screen.cost(self.candidate(trial))
        if cost is None:
            raise SpaceError(f"trial {trial.number} cannot be built: it is not one of this sampler's.")
        return cost

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All axes."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Codes of a new candidate that fits; where there is none, the trial fails.

        Raises:
            NothingFitsError: No new candidate that fits was found.
            StudyError: The study has other values than this sampler was told.
        """
        proposal = self.proposals.propose(study, trial.number)
        if proposal is None:
            study.tell(trial.number, state=TrialState.FAIL)
            faults = "".join(f" Left out: {fault}" for fault in sorted(self.screen.faults)[:1])
            raise NothingFitsError(
                f"no new candidate of space {self.space.name!r} fits the {self.screen.budget.describe()}.{faults}"
            )
        return dict(zip(self.distributions, proposal.candidate.code, strict=True))

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value of a parameter that is no axis.

        Raises:
            StudyError: It is an axis, but asked with another distribution.
        """
        if param_name in self.distributions:
            raise StudyError(
                f"`{param_name}` is an axis of space {self.space.name!r}, but was asked with {param_distribution}."
                " Use study.ask(sampler.distributions)."
            )
        return self.others.sample_independent(study, trial, param_name, param_distribution)


class _Proposals:
    """Proposals for studies of Optuna's: apart from the sampler, whose private names are Optuna's."""

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        names = config.objectives
        point = reference_point(names, screen, seed=config.seed) if len(names) > 1 else ()
        self._screen = screen
        self._names = names
        self._proposer = build_proposer(screen, replace(config, reference_point=point))
        self._axes = set(screen.space.axes)
        self._keys: dict[Candidate, str | None] = {}

    def propose(self, study: optuna.Study, number: int) -> Proposal | None:
        """What trial `number` of a study is; None where nothing new was found."""
        first, *others = study.directions
        if len(others) != len(self._names) - 1 or StudyDirection.MAXIMIZE in others:
            values = ", ".join(("a score", *self._names[1:]))
            found = ", ".join(each.name.lower() for each in study.directions)
            raise StudyError(
                f"the study must have the values {values}, costs minimised, but its directions are {found}."
            )
        trials = [each for each in study.get_trials(deepcopy=False) if each.number != number]
        return self._proposer.choose(number, self._read(trials, sign=-1.0 if first == StudyDirection.MAXIMIZE else 1.0))

    def _read(self, trials: Sequence[FrozenTrial], *, sign: float) -> History:
        """Trials as the strategies see them."""
        space = self._screen.space
        known = [(each, to_candidate(space, each.params)) for each in trials if self._axes <= each.params.keys()]
        costed = [(trial, one, cost) for trial, one in known if (cost := self._screen.cost(one)) is not None]
        told = [each for each in costed if each[0].state == TrialState.COMPLETE]
        failed = [each for each in costed if each[0].state == TrialState.FAIL]
        rows = [[sign * trial.values[0], *map(_log, trial.values[1:])] for trial, _, _ in told]
        values = np.array(rows, float).reshape(-1, len(self._names))
        return History(
            tuple(one for _, one, _ in told),
            values,
            tuple(cost for _, _, cost in told),
            frozenset(key for _, one in known if (key := self._key(one)) is not None),
            np.array(front_rows(values), np.int64),
            tuple(one for _, one, _ in failed),
            tuple(cost for _, _, cost in failed),
            np.ones(len(told), bool),
            np.array([trial.duration.total_seconds() if trial.duration else 0.0 for trial, _, _ in told]),
        )

    def _key(self, candidate: Candidate) -> str | None:
        if candidate not in self._keys:
            try:
                self._keys[candidate] = self._screen.space.build(candidate, self._screen.task).key
            except (LayerError, SpaceError):
                self._keys[candidate] = None
        return self._keys[candidate]


def _validated(costs: Sequence[str]) -> tuple[str, ...]:
    known = [name for name, objective in OBJECTIVES.items() if not objective.is_score]
    for name in costs:
        if name not in known:
            raise StudyError(f"`costs` must be among {', '.join(known)}, but got {name!r}.")
    return tuple(costs)


def _log(cost: float) -> float:
    return log10(max(cost, 1.0))
