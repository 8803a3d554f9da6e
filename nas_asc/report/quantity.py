"""The quantities of the page's axes: resources as the budget counts them, and the scores."""

from collections.abc import Callable
from dataclasses import dataclass

from nas_asc.budget import Budget, Resource
from nas_asc.cost import Cost
from nas_asc.metrics import MINIMISED_SCORES, MinimisedScore, Scores
from nas_asc.report.text import format_bytes, format_percent
from nas_asc.study import DEFAULT_OBJECTIVES, StudyConfig
from nas_asc.units import format_short


@dataclass(frozen=True)
class Score:
    """One score that the fronts are drawn of.

    Args:
        name: As people read it, by the vocabulary.
        title: With its unit.
        value: The score.
        sign: 1 where smaller is better, -1 where larger is.
        tick_format: The tick format of d3, for the axis.
        text: A value in print.
    """

    name: str
    title: str
    value: Callable[[Scores], float]
    sign: int
    tick_format: str
    text: Callable[[float], str]


def _score(score: MinimisedScore) -> Score:
    if score.is_share:
        return Score(score.shown, score.title, score.read, -1, ".0%", format_percent)
    return Score(score.shown, score.title, score.read, 1, ".2f", lambda value: f"{value:.3f}")


SCORES = {score.shown: _score(score) for score in MINIMISED_SCORES.values()}


def drawn_resources(config: StudyConfig) -> tuple[Resource, ...]:
    """Resources that have a figure: all that the budget counts, the study's objectives first."""
    first = [*config.objectives, *DEFAULT_OBJECTIVES]

    def place(resource: Resource) -> int:
        return first.index(resource.objective) if resource.objective in first else len(first)

    return tuple(sorted(config.budget.resources, key=place))


def used_of(resource: Resource, cost: Cost, budget: Budget) -> int:
    """What a network takes of a resource, as the budget counts."""
    return budget.used(cost)[resource.name]


def use_text(resource: Resource, used: float) -> str:
    """What is taken of a resource, in short print."""
    return format_bytes(used) if resource.unit == "B" else format_short(used)
