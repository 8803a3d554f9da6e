"""The finished trials as the proposers see them: candidates, minimised values, what is known already."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Cost
from nas_asc.errors import SpaceError
from nas_asc.metrics import Scores
from nas_asc.space import Candidate, Space
from nas_asc.study import OBJECTIVES, TrialRecord, objective_values

_PARENTS = 5
_FEWEST_GAINS = 3
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class History:
    """Finished trials whose candidates are of the space.

    A stopped trial stands with what it would probably have reached: its scores at its last rung, times the median by
    which those of the trials that went through changed from there. Until three have gone through it is the scores
    themselves. It is on no front before it is complete.

    Args:
        candidates: One a complete or stopped trial.
        values: (n, d) minimised; costs by their logarithm to base 10.
        costs: One a complete or stopped trial.
        seen: Keys of all designs tried, failed ones too.
        front: Rows of complete trials that no other of them dominates; while none is complete, of stopped ones.
        failed: Candidates of failed trials.
        failed_costs: What they take.
        is_complete: (n,) whether a trial is complete; None is all of them.
        seconds: (n,) of each trial's whole training, of a stopped one as far as it came; None where unknown.
        scores: One a complete or stopped trial; empty where unknown.
        running: Keys of designs in training.
        asks: (n,) index of each trial's proposal, which is not the order of trials where several train at once; None
            where it is.
    """

    candidates: tuple[Candidate, ...]
    values: NDArray[np.float64]
    costs: tuple[Cost, ...]
    seen: frozenset[str]
    front: NDArray[np.int64]
    failed: tuple[Candidate, ...] = ()
    failed_costs: tuple[Cost, ...] = ()
    is_complete: NDArray[np.bool_] | None = None
    seconds: NDArray[np.float64] | None = None
    scores: tuple[Scores, ...] = ()
    running: frozenset[str] = frozenset()
    asks: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def complete_rows(self) -> NDArray[np.int64]:
        """Rows of complete trials; while none is complete, all rows."""
        if self.is_complete is None or not self.is_complete.any():
            return np.arange(len(self))
        return np.flatnonzero(self.is_complete)

    def first_rows(self, n: int) -> NDArray[np.int64]:
        """Rows of the first `n` proposals, in their order; of the earliest there are where none of them went well.

        Args:
            n: How many proposals.
        """
        asks = np.arange(len(self)) if self.asks is None else self.asks
        order = np.argsort(asks, kind="stable")
        first = order[asks[order] < n]
        return first if len(first) else order[:n]

    @property
    def parents(self) -> list[Candidate]:
        """Candidates on the Pareto front; with one objective the best few."""
        if self.values.shape[1] == 1:
            return [self.candidates[row] for row in np.argsort(self.values[:, 0], kind="stable")[:_PARENTS]]
        return [self.candidates[row] for row in self.front]


class HistoryReader:
    """Reads records as a history, each record once: what a study has grown by since is all that is read again.

    Args:
        space: The space of the study.
        minimised: Names of the objectives.
    """

    def __init__(self, space: Space, *, minimised: Sequence[str]) -> None:
        self._space = space
        self._minimised = tuple(minimised)
        self._clear()

    def read(
        self, records: Sequence[TrialRecord], *, avoid: Collection[str] = (), running: Collection[str] = ()
    ) -> History:
        """What the records tell a proposer.

        Records of another space, after a change of it was accepted, count as seen alone.

        Args:
            records: All finished trials.
            avoid: Keys of designs that count as seen as well.
            running: Keys of designs in training.
        """
        known = self._records
        if len(records) < len(known) or any(old is not new for old, new in zip(known, records, strict=False)):
            self._clear()
        for record in records[len(self._records) :]:
            self._add(record)
        values = self._expected_values()
        front = self._front.rows if self._front.rows else front_rows(values)
        return History(
            tuple(self._candidates),
            values,
            tuple(self._costs),
            frozenset(self._seen).union(avoid),
            np.array(front, np.int64),
            tuple(self._failed),
            tuple(self._failed_costs),
            np.array(self._levels) == 0,
            np.array(self._seconds),
            tuple(self._scores),
            frozenset(running),
            np.array(self._asks, np.int64),
        )

    def _clear(self) -> None:
        self._records: list[TrialRecord] = []
        self._candidates: list[Candidate] = []
        self._values: list[list[float]] = []
        self._costs: list[Cost] = []
        self._failed: list[Candidate] = []
        self._failed_costs: list[Cost] = []
        self._seen: set[str] = set()
        self._front = _Front(len(self._minimised))
        self._seconds: list[float] = []
        self._scores: list[Scores] = []
        self._asks: list[int] = []
        self._levels: list[int] = []  # rungs behind a stopped trial's values; 0 of a complete one
        self._gains: list[list[list[float]]] = []  # by rung, for each trial that went through its scores' ratios

    def _expected_values(self) -> NDArray[np.float64]:
        values, levels = np.array(self._values, float).reshape(-1, len(self._minimised)), np.array(self._levels)
        for rung, ratios in enumerate(self._gains):
            if len(ratios) >= _FEWEST_GAINS:
                values[levels == rung + 1] *= np.median(ratios, axis=0)
        return values

    def _learn_gains(self, record: TrialRecord, values: list[float]) -> None:
        for rung, reached in enumerate(record.rungs):
            if rung == len(self._gains):
                self._gains.append([])
            early = objective_values(self._minimised, record.cost, reached.scores)
            pairs = zip(self._minimised, early, values, strict=True)
            self._gains[rung].append([last / max(_TINY, at) if _is_score(name) else 1.0 for name, at, last in pairs])

    def _add(self, record: TrialRecord) -> None:
        self._records.append(record)
        self._seen.add(record.key)
        try:
            candidate = self._space.candidate_from(record.values)
        except SpaceError:
            return
        scores = record.last_scores
        if scores is None:
            self._failed.append(candidate)
            self._failed_costs.append(record.cost)
            return
        raw = objective_values(self._minimised, record.cost, scores)
        values = [_scaled(name, value) for name, value in zip(self._minimised, raw, strict=True)]
        if record.is_complete:
            self._front.add(len(self._values), values)
            self._learn_gains(record, values)
        self._levels.append(len(record.rungs) if record.is_stopped else 0)
        self._candidates.append(candidate)
        self._values.append(values)
        self._costs.append(record.cost)
        self._seconds.append(record.seconds)
        self._scores.append(scores)
        self._asks.append(record.ask)


def read_history(
    records: Sequence[TrialRecord], space: Space, *, minimised: Sequence[str], avoid: Collection[str] = ()
) -> History:
    """What the records tell a proposer, read anew.

    Args:
        records: All finished trials.
        space: The space of the study.
        minimised: Names of the objectives.
        avoid: Keys of designs that count as seen as well.
    """
    return HistoryReader(space, minimised=minimised).read(records, avoid=avoid)


def front_rows(values: NDArray[np.float64]) -> list[int]:
    """Rows that no other dominates, in order; equal ones stay: `non_dominated` in steps as long as the front.

    Args:
        values: (n, d) minimised.
    """
    front = _Front(values.shape[1])
    for row, value in enumerate(values.tolist()):
        front.add(row, value)
    return front.rows


def _scaled(name: str, value: float) -> float:
    return value if _is_score(name) else log10(max(value, 1.0))


def _is_score(name: str) -> bool:
    return OBJECTIVES[name].is_score


class _Front:
    """A front that grows point by point."""

    def __init__(self, n_objectives: int) -> None:
        self.rows: list[int] = []
        self._points = np.zeros((0, n_objectives))

    def add(self, row: int, value: list[float]) -> None:
        point, points = np.array(value), self._points
        if ((points <= point).all(axis=1) & (points < point).any(axis=1)).any():
            return
        keeps = ~((point <= points).all(axis=1) & (point < points).any(axis=1))
        kept: list[bool] = np.asarray(keeps).tolist()
        self.rows = [old for old, keep in zip(self.rows, kept, strict=True) if keep] + [row]
        self._points = np.vstack([points[keeps], point])
