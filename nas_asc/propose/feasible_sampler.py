"""A sampler for anyone's own Optuna study, which proposes only what can be built, fits the budget, and is new.

Conventions:
    Parameters are the codes of a space's axes, all of them always; see `FeasibleSampler.candidate` for their values.
    A proposal is a function of the seed, the trial's number, and the study's trials in the order in which they were
    told: any storage will do. Trials that are running are not proposed again.
"""

from collections.abc import Sequence
from datetime import datetime
from math import inf
from pathlib import Path

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.errors import SpaceError, StudyError
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.propose.optuna_study import to_candidate
from nas_asc.propose.proposal_sampler import ProposalSampler
from nas_asc.propose.proposer import build_proposer
from nas_asc.propose.reference_point import reference_point
from nas_asc.propose.screen import Screen
from nas_asc.space import Candidate, Design, Space, load_space
from nas_asc.study import OBJECTIVES, StudyConfig, TrialRecord

_SCORE = "log_loss"  # stands for the score, whatever it is


class FeasibleSampler(ProposalSampler):
    """Optuna's interface to this package's proposals.

    The study's first value is a score of any kind and unit, minimised or maximised; further ones are costs of the
    network, minimised, which the sampler counts itself. Pruned and failed trials are not proposed again; failed ones
    count as hopeless.

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
        screen = Screen(self.space, task or Task(), budget=budget, target=target, min_share=min_share)
        self.task = screen.task
        self.names = (_SCORE, *_validated(costs))
        point = reference_point(self.names, screen, seed=seed) if costs else ()
        config = StudyConfig(
            name="optuna",
            space=self.space.name,
            budget=budget,
            objectives=self.names,
            reference_point=point,
            target=target,
            sampler=sampler,
            warm_start=warm_start,
            min_share=min_share,
            max_log_loss=inf,  # nothing is known of the score: all of it is of interest
            seed=seed,
        )
        self.records: dict[tuple[Candidate, int, float | None], TrialRecord] = {}
        super().__init__(screen, build_proposer(screen, config), seed=seed)

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

    def read_records(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> Sequence[TrialRecord]:
        """Complete and failed trials as a search would have recorded them.

        Raises:
            StudyError: The study has other values than this sampler was told.
        """
        first, *others = study.directions
        if len(others) != len(self.names) - 1 or StudyDirection.MAXIMIZE in others:
            values = ", ".join(("a score", *self.names[1:]))
            found = ", ".join(each.name.lower() for each in study.directions)
            raise StudyError(
                f"the study must have the values {values}, costs minimised, but its directions are {found}."
            )
        told = [each for each in trials if each.state in (TrialState.COMPLETE, TrialState.FAIL)]
        told.sort(key=lambda each: (each.datetime_complete or datetime.max, each.number))
        sign = -1.0 if first == StudyDirection.MAXIMIZE else 1.0
        records = (self.record(each, sign=sign) for each in told)
        return [each for each in records if each is not None]

    def record(self, trial: FrozenTrial, *, sign: float) -> TrialRecord | None:
        """What a search would have recorded of a finished trial; None where it is no candidate, or cannot be built.

        Args:
            trial: Complete or failed.
            sign: -1 where the score is maximised.
        """
        proposal = self.build(trial)
        if proposal is None:
            return None
        is_complete = trial.state == TrialState.COMPLETE
        key = proposal.candidate, trial.number, sign * trial.values[0] if is_complete else None
        if key not in self.records:
            design, seconds = proposal.design, trial.duration.total_seconds() if trial.duration else 0.0
            self.records[key] = TrialRecord(
                number=trial.number,
                state="complete" if is_complete else "failed",
                values=proposal.candidate.values,
                key=design.key,
                architecture=format_architecture(design.architecture),
                log_mel=design.log_mel,
                recipe=design.recipe,
                cost=proposal.cost,
                scores=None if key[-1] is None else Scores(0, key[-1], 0.0, 0.0, ()),
                seconds=seconds,
            )
        return self.records[key]


def _validated(costs: Sequence[str]) -> tuple[str, ...]:
    known = [name for name, objective in OBJECTIVES.items() if not objective.is_score]
    for name in costs:
        if name not in known:
            raise StudyError(f"`costs` must be among {', '.join(known)}, but got {name!r}.")
    return tuple(costs)
