"""A study of Optuna's in memory, from which its samplers learn: finished trials alone, all of them feasible.

Conventions:
    Parameters are the flat, fixed-length code, inactive axes at their first one, so that every sampler can be used.
    An axis with a single value is no parameter to a sampler, but stands in the trials.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from nas_asc.propose.history import History, front_rows
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.subsample import subsample_rows
from nas_asc.space import Axis, Candidate, Space

_BLOCK = 100
_NAME = "model"


class ModelStudy:
    """A study that grows with the history; another history begins a new study, which `n_begun` counts.

    Args:
        space: Gives the parameters.
        n_objectives: All minimised.
        n_most: Trials it holds; of a longer history the front, the newest, and evenly of the others. None is all.
        block: They are chosen anew after every so many trials; those since are held besides.
    """

    def __init__(self, space: Space, *, n_objectives: int, n_most: int | None = None, block: int = _BLOCK) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.distributions = model_distributions(space)
        self._n_objectives = n_objectives
        self._n_most = n_most
        self._block = block
        self._base: tuple[int, list[int]] = (0, [])
        self.n_begun = 0
        self._clear()

    @property
    def open_axes(self) -> dict[str, BaseDistribution]:
        """Distributions of the axes that have more than one value."""
        return {name: one for name, one in self.distributions.items() if not one.single()}

    def read(self, history: History, attributes: Sequence[Mapping[str, Any]] | None = None) -> optuna.Study:
        """The study of a history.

        Args:
            history: Complete trials.
            attributes: System attributes of every complete trial; None has none.
        """
        if any(row >= len(history) or history.candidates[row] is not one for row, one in self._added):
            self._clear()
            self._base = (0, [])
        rows = self._rows(history)
        if rows[: len(self._added)] != [row for row, _ in self._added]:
            self._clear()
        new = rows[len(self._added) :]
        study = self._handle()
        study.add_trials(self._trial(history, row, attributes[row] if attributes else {}) for row in new)
        self._added += [(row, history.candidates[row]) for row in new]
        return self._handle()

    def dummy(self, number: int) -> FrozenTrial:
        """A running trial that is not in the study, for samplers that want one.

        Args:
            number: Of the trial.
        """
        trial = create_trial(state=TrialState.RUNNING)
        trial.number = number
        return trial

    def _clear(self) -> None:
        self.n_begun += 1
        self._storage = optuna.storages.InMemoryStorage()
        optuna.create_study(study_name=_NAME, storage=self._storage, directions=["minimize"] * self._n_objectives)
        self._added: list[tuple[int, Candidate]] = []

    def _handle(self) -> optuna.Study:
        """The study, without what an older handle remembers of its trials."""
        return optuna.load_study(study_name=_NAME, storage=self._storage, sampler=optuna.samplers.RandomSampler())

    def _rows(self, history: History) -> list[int]:
        n = len(history)
        if self._n_most is None or n <= self._n_most:
            return list(range(n))
        start = n - n % self._block
        if self._base[0] != start:
            front = history.front.tolist() if start == n else front_rows(history.values[:start])
            self._base = start, subsample_rows(start, front, n_most=self._n_most)
        return self._base[1] + list(range(start, n))

    def _trial(self, history: History, row: int, attributes: Mapping[str, Any]) -> FrozenTrial:
        return create_trial(
            params=dict(zip(self.distributions, history.candidates[row].code, strict=True)),
            distributions=self.distributions,
            values=history.values[row].tolist(),
            system_attrs=dict(attributes),
        )


def model_distributions(space: Space) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every axis's code, by axis name."""
    return {name: _distribution(axis) for name, axis in space.axes.items()}


def to_candidate(space: Space, params: Mapping[str, Any]) -> Candidate:
    """Candidate of a sampler's parameters; an axis that it does not name has its first code."""
    return space.decode([params.get(name, axis.first_code) for name, axis in space.axes.items()])


def admit_wish(wish: Candidate, screen: Screen, history: History, *, origin: str) -> Proposal | None:
    """Proposal of what a sampler wishes, where it is of the space, fits and is new."""
    if screen.space.broken_requirement(wish) is not None:
        return None
    return screen.admit(wish, origin=origin, seen=history.seen)


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.kind == "choice":
        n = axis.n_values or 1
        return IntDistribution(0, n - 1) if axis.is_ordered else CategoricalDistribution(range(n))
    low, high, log = axis.low, axis.high, axis.log  # type: ignore[attr-defined]
    if axis.kind == "real":
        return FloatDistribution(low, high, log=log)
    step = axis.step  # type: ignore[attr-defined]
    return IntDistribution(low, high, step=step, log=log and step == 1)
