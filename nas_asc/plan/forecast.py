"""How long a search will take, from a few training steps on this machine."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.cost import Cost, count_pruned_cost, list_obstacles
from nas_asc.errors import LayerError
from nas_asc.evaluation import PreparedData, measure_speed
from nas_asc.frontend import Task
from nas_asc.plan.line import predict_seconds
from nas_asc.space import Candidate, Design, Space
from nas_asc.training import default_epochs

_QUANTILES = (0.1, 0.5, 0.9)
_MEASURED = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
_N_STEPS = 5
_N_DRAWS = 400  # at a time, until some fit
_N_BATCHES = 25


@dataclass(frozen=True)
class Forecast:
    """Expected wall time of a search on this machine; features of new front ends come on top.

    Args:
        epochs: Passes over the training clips in the trial of median MACs.
        measured: MACs and measured seconds of an epoch, of the candidates that were tried.
        trial_s: Seconds of a whole training at the 10th, 50th and 90th percentile of the MACs of candidates that fit.
        mean_trial_s: Mean seconds of a whole training.
        n_trials: Trials asked for; None where time is the limit.
        total_s: Seconds in all; None where time is the limit.
        trained_share: Mean share of a whole training that a trial takes; below 1 with rungs.
        share_enough: Share of the candidates that fit which use enough of a limit; 1 where nothing is asked of them.
        development_share: Clips of the last training over those of a trial's.
    """

    epochs: int
    measured: tuple[tuple[int, float], ...]
    trial_s: tuple[float, float, float]
    mean_trial_s: float
    n_trials: int | None
    total_s: float | None
    trained_share: float = 1.0
    share_enough: float = 1.0
    development_share: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def forecast_search(
    space: Space,
    prepared: PreparedData,
    budget: Budget,
    *,
    torch_device: torch.device,
    target: str = "any",
    min_share: float | None = None,
    n_trials: int | None = None,
    trained_share: float = 1.0,
    epochs: int | None = None,
    seed: int = 0,
) -> Forecast | None:
    """Time of a trial and of the search, by a straight line in MACs through measured steps; None where nothing fits.

    Args:
        space: Where candidates come from.
        prepared: Gives the number of training clips.
        budget: What candidates fit.
        torch_device: Where to train.
        target: Runtime whose integers must suffice.
        min_share: Share of a limit that a candidate must use of one limited resource or more; None is none.
        n_trials: Trials in all; None where time is the limit.
        trained_share: Mean share of a whole training that a trial takes.
        epochs: Of every training; None is by the number of clips.
        seed: Of the draws.
    """
    fitting = _fitting(space, prepared, budget, target, seed)
    designs = [(cost.macs, design) for cost, design in fitting if min_share is None or budget.share(cost) >= min_share]
    if not designs:
        return None
    chosen = [designs[round(position * (len(designs) - 1))] for position in _MEASURED]
    measured = tuple(
        (macs, measure_speed(design, prepared, torch_device=torch_device, n_steps=_N_STEPS)) for macs, design in chosen
    )
    n_epochs = [epochs or design.recipe.epochs or default_epochs(prepared.n_train) for _, design in designs]
    n_passes = [design.recipe.n_passes(n) for n, (_, design) in zip(n_epochs, designs, strict=True)]
    seconds = np.array(n_passes) * predict_seconds(measured, [macs for macs, _ in designs])
    low, middle, high = (float(value) for value in np.quantile(seconds, _QUANTILES))
    mean = float(seconds.mean())
    return Forecast(
        epochs=n_epochs[len(n_epochs) // 2],
        measured=measured,
        trial_s=(low, middle, high),
        mean_trial_s=mean,
        n_trials=n_trials,
        total_s=None if n_trials is None else n_trials * mean * trained_share,
        trained_share=trained_share,
        share_enough=len(designs) / len(fitting),
        development_share=(prepared.n_train + prepared.n_validation) / max(prepared.n_train, 1),
    )


def _fitting(space: Space, prepared: PreparedData, budget: Budget, target: str, seed: int) -> list[tuple[Cost, Design]]:
    """Costs and designs of random candidates that fit, ascending in MACs; of guesses where none drawn does."""
    rng = np.random.default_rng(seed)
    for _ in range(_N_BATCHES):
        found = _costed(space, space.draw_many(rng, _N_DRAWS), prepared.task, budget, target)
        if found:
            return found
    return _costed(space, space.guesses, prepared.task, budget, target)


def _costed(
    space: Space, candidates: Iterable[Candidate], task: Task, budget: Budget, target: str
) -> list[tuple[Cost, Design]]:
    found = []
    for candidate in candidates:
        try:
            architecture = space.architecture(candidate, task)
            recipe = space.training_recipe(candidate, task)
            cost = count_pruned_cost(architecture, recipe.pruning, bits=recipe.bits)
        except LayerError:
            continue
        if budget.fits(cost) and not list_obstacles(architecture, target):
            found.append((cost, space.build(candidate, task)))
    return sorted(found, key=lambda pair: pair[0].macs)
