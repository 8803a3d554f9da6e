"""The finished trials as the proposers see them: candidates, minimised values, what is known already."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.errors import SpaceError
from nas_asc.pareto import non_dominated
from nas_asc.space import Candidate, Space
from nas_asc.study import OBJECTIVES, TrialRecord, objective_values

_PARENTS = 5


@dataclass(frozen=True, eq=False)
class History:
    """Complete and stopped trials whose candidates are of the space.

    A stopped trial stands with the scores of its last rung. These are of a shorter training and so, as a rule, worse
    than what it would have reached: it is known as what was tried and not found good enough, and never as better.

    Args:
        candidates: One a trial.
        values: (n, d) minimised; costs by their logarithm to base 10.
        costs: One a trial.
        seen: Keys of all designs tried, failed ones too.
    """

    candidates: tuple[Candidate, ...]
    values: NDArray[np.float64]
    costs: tuple[Cost, ...]
    seen: frozenset[str]

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def parents(self) -> list[Candidate]:
        """Candidates on the Pareto front; with one objective the best few."""
        if self.values.shape[1] == 1:
            return [self.candidates[row] for row in np.argsort(self.values[:, 0], kind="stable")[:_PARENTS]]
        return [self.candidates[row] for row in np.flatnonzero(non_dominated(self.values))]


def read_history(
    records: Sequence[TrialRecord], space: Space, *, minimised: Sequence[str], avoid: Collection[str] = ()
) -> History:
    """What the records tell a proposer.

    Records of another space, after a change of it was accepted, count as seen alone.

    Args:
        records: All finished trials.
        space: Of the study.
        minimised: Names of the objectives.
        avoid: Keys of designs that count as seen as well.
    """
    candidates, values, costs = [], [], []
    for record in records:
        scores = record.last_scores
        if scores is None:
            continue
        try:
            candidates.append(space.candidate_from(record.values))
        except SpaceError:
            continue
        raw = objective_values(minimised, record.cost, scores)
        values.append([_scaled(name, value) for name, value in zip(minimised, raw, strict=True)])
        costs.append(record.cost)
    seen = frozenset(record.key for record in records).union(avoid)
    return History(tuple(candidates), np.array(values, float).reshape(-1, len(minimised)), tuple(costs), seen)


def _scaled(name: str, value: float) -> float:
    return value if OBJECTIVES[name].is_score else log10(max(value, 1.0))
