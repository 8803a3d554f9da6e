"""A space and its finished trials as Optuna has them.

Conventions:
    Parameters are the flat, fixed-length code, inactive axes at their first one, so that every sampler can be used.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from nas_asc.propose.history import History
from nas_asc.space import Axis, Candidate, Space


def model_distributions(space: Space) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every axis's code, by axis name."""
    return {name: _distribution(axis) for name, axis in space.axes.items()}


def model_trials(
    history: History,
    rows: Iterable[int],
    distributions: Mapping[str, BaseDistribution],
    *,
    attributes: Mapping[str, Any] | None = None,
) -> Iterator[FrozenTrial]:
    """Trials of a history as complete ones of Optuna's, in the order of the rows.

    Args:
        history: The history of the study.
        rows: The rows of the history.
        distributions: The distributions of every axis; see `model_distributions`.
        attributes: What Optuna's samplers are to find on each of them; None is nothing.
    """
    for row in rows:
        yield create_trial(
            params=dict(zip(distributions, history.candidates[row].code, strict=True)),
            distributions=dict(distributions),
            values=history.values[row].tolist(),
            system_attrs=dict(attributes or {}),
        )


def to_candidate(space: Space, params: Mapping[str, Any]) -> Candidate:
    """Candidate of a sampler's parameters; an axis that it does not name has its first code."""
    return space.decode([params.get(name, axis.first_code) for name, axis in space.axes.items()])


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.kind == "choice":
        n = axis.n_values or 1
        return IntDistribution(0, n - 1) if axis.is_ordered else CategoricalDistribution(range(n))
    low, high, log = axis.low, axis.high, axis.log  # type: ignore[attr-defined]
    if axis.kind == "real":
        return FloatDistribution(low, high, log=log)
    step = axis.step  # type: ignore[attr-defined]
    return IntDistribution(low, high, step=step, log=log and step == 1)
