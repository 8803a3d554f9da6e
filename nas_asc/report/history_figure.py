"""The hypervolume of the study's front over its trials, and the best score so far."""

from dataclasses import dataclass

import numpy as np

from nas_asc.pareto import hypervolume_history
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.theme import FRONT, Drawing, empty_figure, whole_ticks
from nas_asc.study import objective_values


@dataclass(frozen=True)
class History:
    """How the front grew.

    Args:
        numbers: The numbers of the complete trials, in order.
        shares: Hypervolume after each, as a share of the box from zero to the reference point.
        reference: The point, one value an objective.
        is_fixed: Whether the study fixed it; else it is a tenth beyond the worst trial.
    """

    numbers: tuple[int, ...]
    shares: tuple[float, ...]
    reference: tuple[float, ...]
    is_fixed: bool


def volume_history(facts: Facts) -> History:
    """Hypervolume over the complete trials in the order they ran.

    Args:
        facts: The facts of the study, with one complete trial or more.
    """
    complete = sorted(facts.ranked, key=lambda record: record.number)
    names = facts.config.objectives
    points = np.array([objective_values(names, record.cost, scores_of(record)) for record in complete])
    is_fixed = len(facts.config.reference_point) == len(names)
    reference = np.array(facts.config.reference_point) if is_fixed else 1.1 * np.maximum(points.max(axis=0), 1e-9)
    shares = hypervolume_history(points / reference, np.ones(len(names)))
    numbers = tuple(record.number for record in complete)
    return History(numbers, tuple(shares.tolist()), tuple(reference.tolist()), is_fixed)


def draw_history(facts: Facts) -> Drawing:
    """Steps of the hypervolume, in percent of the box, over the trials.

    Args:
        facts: The facts of the study, with one complete trial or more.
    """
    history = volume_history(facts)
    figure = empty_figure(height=280)
    figure.add_scatter(
        x=history.numbers, y=history.shares, mode="lines+markers" if len(history.numbers) < 60 else "lines",
        line={"color": FRONT, "width": 2, "shape": "hv"}, marker={"size": 5}, name="hypervolume",
        hovertemplate="after trial %{x}: %{y:.1%}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="trial (number)", rangemode="tozero", **whole_ticks(history.numbers[-1]))
    figure.update_yaxes(title="hypervolume (% of the box)", tickformat=".0%", rangemode="tozero")
    label = f"hypervolume over {len(history.numbers)} trials, at the end {history.shares[-1]:.1%} of the box"
    return Drawing("hypervolume", label, figure)
