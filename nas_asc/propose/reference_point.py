"""The reference point of a study's hypervolume, fixed when the study is made."""

import math
from collections.abc import Sequence

import numpy as np

from nas_asc.errors import StudyError
from nas_asc.metrics import Scores
from nas_asc.propose.screen import Screen
from nas_asc.study import objective_values

_DRAWS = 512
_MARGIN = 1.1
_RESOURCES = {"params": "params", "macs": "macs", "int8_bytes": "bytes", "peak_ram": "ram"}


def reference_point(objectives: Sequence[str], screen: Screen, *, seed: int) -> tuple[float, ...]:
    """One value an objective that no network of use exceeds.

    For log loss 1.5 times that of a guess, ln(n_classes); for the error 1; for a cost its limit, or where it has none
    a tenth more than the dearest of some random candidates that fit.

    Args:
        objectives: Names.
        screen: Knows space, task and budget.
        seed: Of the study.

    Raises:
        StudyError: An objective has no such value; names it.
    """
    scores = Scores(0, 1.5 * math.log(screen.task.n_classes), 0.0, 0.0, ())
    dearest: dict[str, float] = dict.fromkeys(_RESOURCES, 1.0)
    for candidate in screen.space.draw_many(np.random.default_rng(seed), _DRAWS):
        cost = screen.cost(candidate)
        if cost is not None and screen.fits(candidate, cost):
            found = objective_values(tuple(_RESOURCES), cost, scores)
            dearest = {name: max(dearest[name], value) for name, value in zip(_RESOURCES, found, strict=True)}
    limits = screen.budget.limits
    costs = {name: float(limits.get(key, _MARGIN * dearest[name])) for name, key in _RESOURCES.items()}
    known = {"log_loss": scores.log_loss, "error": 1.0, **costs}
    unknown = [name for name in objectives if name not in known]
    if unknown:
        raise StudyError(
            f"objective {unknown[0]!r} has no reference point: no value is known that no network of use exceeds."
            " Add one in nas_asc/propose/reference_point.py."
        )
    return tuple(known[name] for name in objectives)
