"""The reference point of a study's hypervolume, fixed when the study is made."""

from collections.abc import Sequence

import numpy as np

from nas_asc.metrics import MINIMISED_SCORES, Scores
from nas_asc.propose.screen import Screen
from nas_asc.study import OBJECTIVES, objective_values

_DRAWS = 512
_MARGIN = 1.1
_NO_SCORES = Scores(0, 0.0, 0.0, 0.0, ())


def reference_point(objectives: Sequence[str], screen: Screen, *, seed: int) -> tuple[float, ...]:
    """One value an objective that no network of use exceeds.

    For a score its worst one, such as 1 for the error; for a cost its limit, or where it has none a tenth more than
    the dearest of some random candidates that fit.

    Args:
        objectives: Names.
        screen: Knows space, task and budget.
        seed: The seed of the study.
    """
    costs = [name for name in objectives if not OBJECTIVES[name].is_score]
    dearest = dict.fromkeys(costs, 1.0)
    for candidate in screen.space.draw_many(np.random.default_rng(seed), _DRAWS):
        cost = screen.cost_if_fits(candidate)
        if cost is not None:
            found = objective_values(costs, cost, _NO_SCORES)
            dearest = {name: max(dearest[name], value) for name, value in zip(costs, found, strict=True)}
    known = {name: score.worst(screen.task.n_classes) for name, score in MINIMISED_SCORES.items()}
    known |= {name: _limit(name, screen, default=_MARGIN * value) for name, value in dearest.items()}
    return tuple(known[name] for name in objectives)


def _limit(objective: str, screen: Screen, *, default: float) -> float:
    return float(screen.budget.limits.get(OBJECTIVES[objective].resource or "", default))
