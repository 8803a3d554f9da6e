"""Objectives: the scores and costs that a study minimises, by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from nas_asc.budget import RESOURCES, Resource
from nas_asc.cost import Cost
from nas_asc.errors import StudyError
from nas_asc.metrics import MINIMISED_SCORES, MinimisedScore, Scores


@dataclass(frozen=True)
class Objective:
    """One quantity that a study minimises.

    Args:
        name: As a user spells it.
        value: The quantity; costs take no part of the scores and the other way round.
        resource: Name of the resource that it is the use of; None for a score, which needs a trained network.
    """

    name: str
    value: Callable[[Cost, Scores], float]
    resource: str | None = None

    @property
    def is_score(self) -> bool:
        """Whether it needs a trained network; a cost is known before."""
        return self.resource is None


class _Objectives(Mapping[str, Objective]):
    """The scores, then the resources that are objectives, those that were registered by now among them."""

    def __getitem__(self, name: str) -> Objective:
        if name in _SCORES:
            return _SCORES[name]
        for resource in RESOURCES.values():
            if resource.objective == name:
                return _objective_of(resource)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from _SCORES
        yield from (resource.objective for resource in RESOURCES.values() if resource.objective is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def _objective_of(resource: Resource) -> Objective:
    value = resource.minimised or resource.used
    if resource.objective is None or value is None:
        raise ValueError(f"resource {resource.name!r} is no objective.")
    return Objective(resource.objective, lambda cost, scores: float(value(cost)), resource.name)


def _objective_of_score(score: MinimisedScore) -> Objective:
    return Objective(score.name, lambda cost, scores: score.value(scores))


_SCORES = {name: _objective_of_score(score) for name, score in MINIMISED_SCORES.items()}
OBJECTIVES: Mapping[str, Objective] = _Objectives()
DEFAULT_OBJECTIVES = ("log_loss", "macs", "int8_bytes")


def validate_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The same names, checked: known, distinct, and one or more scores among them.

    Raises:
        StudyError: They are not; names the wrong one and what there is.

    >>> validate_objectives(["log_loss", "params"])
    ('log_loss', 'params')
    """
    known = ", ".join(OBJECTIVES)
    for name in names:
        if name not in OBJECTIVES:
            raise StudyError(f"`objectives` must be among {known}, but got {name!r}.")
    if len(set(names)) != len(names):
        raise StudyError(f"`objectives` must not repeat a name, but got {','.join(names)}.")
    if not any(OBJECTIVES[name].is_score for name in names):
        *some, last = MINIMISED_SCORES
        scores = f"{', '.join(some)} or {last}"
        raise StudyError(f"`objectives` must have {scores}, but got {','.join(names) or 'none'}. Add one.")
    return tuple(names)


def objective_values(names: Sequence[str], cost: Cost, scores: Scores) -> tuple[float, ...]:
    """Values of the named objectives, in their order; smaller is better.

    Args:
        names: Keys of `OBJECTIVES`.
        cost: The cost of the network.
        scores: The scores of the trained network on the validation clips.
    """
    return tuple(float(OBJECTIVES[name].value(cost, scores)) for name in names)
