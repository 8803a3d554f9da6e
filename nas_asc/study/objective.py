"""Objectives: the scores and costs that a study minimises, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nas_asc.cost import Cost
from nas_asc.errors import StudyError
from nas_asc.metrics import Scores


@dataclass(frozen=True)
class Objective:
    """One quantity that a study minimises.

    Args:
        name: As `--objectives` spells it.
        label: With its unit, for axes and columns.
        is_score: Whether it needs a trained network; a cost is known before.
        value: The quantity; costs take no part of the scores and the other way round.
    """

    name: str
    label: str
    is_score: bool
    value: Callable[[Cost, Scores], float]


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("log_loss", "log loss (nats)", True, lambda cost, scores: scores.log_loss),
        Objective("error", "error (share of clips)", True, lambda cost, scores: 1.0 - scores.accuracy),
        Objective("params", "parameters", False, lambda cost, scores: float(cost.params)),
        Objective("macs", "MACs per clip", False, lambda cost, scores: float(cost.macs)),
        Objective("int8_bytes", "int8 size (bytes)", False, lambda cost, scores: float(cost.int8_bytes)),
        Objective("peak_ram", "peak RAM (bytes)", False, lambda cost, scores: float(cost.peak_ram_bytes)),
    )
}
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
            raise StudyError(f"`--objectives` must be among {known}, but got {name!r}.")
    if len(set(names)) != len(names):
        raise StudyError(f"`--objectives` must not repeat a name, but got {','.join(names)}.")
    if not any(OBJECTIVES[name].is_score for name in names):
        raise StudyError(f"`--objectives` must have log_loss or error, but got {','.join(names) or 'none'}. Add one.")
    return tuple(names)


def objective_values(names: Sequence[str], cost: Cost, scores: Scores) -> tuple[float, ...]:
    """Values of the named objectives, in their order; smaller is better.

    Args:
        names: Keys of `OBJECTIVES`.
        cost: Of the network.
        scores: Of the trained network on the validation clips.
    """
    return tuple(float(OBJECTIVES[name].value(cost, scores)) for name in names)
