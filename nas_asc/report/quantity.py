"""The quantities of the page's axes: costs as the budget counts them, and the two scores."""

from collections.abc import Callable
from dataclasses import dataclass

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.metrics import Scores
from nas_asc.report.text import format_bytes, format_percent
from nas_asc.units import format_short


@dataclass(frozen=True)
class Resource:
    """One limited or limitable cost.

    Args:
        name: As `Budget.used` names it.
        title: Short, for headings.
        axis_title: With its unit and counting.
        text: A value in print.
    """

    name: str
    title: str
    axis_title: str
    text: Callable[[float], str]


@dataclass(frozen=True)
class Score:
    """One score that the fronts are drawn of.

    Args:
        name: As the vocabulary has it.
        title: With its unit.
        value: The score.
        sign: 1 where smaller is better, -1 where larger is.
        tick_format: Of d3, for the axis.
        text: A value in print.
    """

    name: str
    title: str
    value: Callable[[Scores], float]
    sign: int
    tick_format: str
    text: Callable[[float], str]


RESOURCES = {
    resource.name: resource
    for resource in (
        Resource("macs", "MACs", "MACs per clip (torchinfo’s rule, pure where higher)", format_short),
        Resource("bytes", "int8 size", "int8 size (bytes, batch norms folded)", format_bytes),
        Resource("params", "parameters", "parameters (trainable)", format_short),
        Resource("ram", "peak RAM", "peak RAM (bytes, int8 activations)", format_bytes),
        Resource("model_bytes", "model size", "model size (bytes, as the rules count)", format_bytes),
    )
}
SCORES = {
    score.name: score
    for score in (
        Score("log_loss", "log loss (nats)", lambda scores: scores.log_loss, 1, ".2f", lambda value: f"{value:.3f}"),
        Score("accuracy", "accuracy (%)", lambda scores: scores.accuracy, -1, ".0%", format_percent),
    )
}


def drawn_resources(budget: Budget) -> tuple[Resource, ...]:
    """Resources that have a figure: the four costs, and what else the rules limit."""
    return tuple(
        resource for resource in RESOURCES.values() if resource.name != "model_bytes" or resource.name in budget.limits
    )


def used_of(resource: Resource, cost: Cost, budget: Budget) -> int:
    """What a network takes of a resource, as the budget counts."""
    return budget.used(cost)[resource.name]
