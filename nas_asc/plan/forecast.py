"""How long a search will take, from a few training steps on this machine."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.evaluation import Speed, Worker
from nas_asc.plan.designs import draw_fitting
from nas_asc.plan.front_ends import FrontEndForecast, FrontEnds
from nas_asc.plan.line import predict_seconds
from nas_asc.plan.time_plan import TimePlan
from nas_asc.plan.workers import WorkersForecast, forecast_workers
from nas_asc.propose import Screen, exploring_share
from nas_asc.recipe import Recipe
from nas_asc.search import Jobs
from nas_asc.space import whole_log_mel
from nas_asc.study import StudyConfig, expected_share
from nas_asc.training import peak_bytes

_QUANTILES = (0.1, 0.5, 0.9)
_MEASURED = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
_N_STEPS = 5
_ONE_WORKER = WorkersForecast(1)


@dataclass(frozen=True)
class Forecast:
    """Expected wall time of a search on this machine, and what its front ends take.

    Args:
        epochs: Passes over the training clips in the trial of median MACs.
        measured: MACs and measured seconds of an epoch, of the candidates that were tried.
        trial_s: Seconds of a whole training at the 10th, 50th and 90th percentile of the MACs of candidates that fit.
        mean_trial_s: Mean seconds of a whole training.
        n_trials: Trials asked for; None where time is the limit.
        total_s: Seconds of all trials, several at a time where that is measured, features left out; None where time is
            the limit.
        trained_share: Mean share of a whole training that a trial takes; below 1 with rungs.
        share_enough: Share of the candidates that fit which use enough of a limit; 1 where nothing is asked of them.
        plan: How the search's time is shared out.
        n_within: Trials that end in time with the features that they need; None without a limit on time.
        features: The features of the front ends that the search is expected to use; None where they were not asked
            for.
        workers: Trainings at a time.
    """

    epochs: int
    measured: tuple[tuple[int, float], ...]
    trial_s: tuple[float, float, float]
    mean_trial_s: float
    n_trials: int | None
    total_s: float | None
    trained_share: float = 1.0
    share_enough: float = 1.0
    plan: TimePlan = field(default_factory=lambda: TimePlan(None))
    n_within: int | None = None
    features: FrontEndForecast | None = None
    workers: WorkersForecast = _ONE_WORKER

    @property
    def trials_an_hour(self) -> float:
        """Trials in an hour, features left out; those of one training at a time where several are not measured."""
        return 3600 / max(self.mean_trial_s * self.trained_share, 1e-9) * (self.workers.speed_up or 1.0)

    @property
    def features_s(self) -> float:
        """Seconds of computing the features of all trials."""
        return 0.0 if self.features is None else self.features.seconds

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plan = self.plan.to_dict(self.mean_trial_s)
        return asdict(self) | {"plan": plan, "trials_an_hour": self.trials_an_hour}


def forecast_search(
    config: StudyConfig,
    screen: Screen,
    worker: Worker,
    *,
    plan: TimePlan,
    workers: WorkersForecast | None = None,
) -> Forecast | None:
    """Time of a trial and of the search, by a straight line in MACs through measured steps; None where nothing fits.

    Args:
        config: The config of the search.
        screen: Knows the space and what fits.
        worker: Measures, on the search's clips.
        plan: How the search's time is shared out.
        workers: Trainings at a time; None measures what those of the config bring.
    """
    fitting = draw_fitting(screen, seed=config.seed)
    enough = [pair for pair in fitting if config.min_share is None or screen.share(pair[0]) >= config.min_share]
    if not enough:
        return None
    jobs = Jobs(config, n_train=worker.prepared.n_train)
    chosen = [enough[round(position * (len(enough) - 1))] for position in _MEASURED]
    speeds = [(cost.macs, worker.measure_speed(design, n_steps=_N_STEPS)) for cost, design in chosen]
    seconds = _predict(speeds, [(cost.macs, jobs.recipe(design.recipe)) for cost, design in enough])
    low, middle, high = (float(value) for value in np.quantile(seconds, _QUANTILES))
    share = expected_share(config.rungs, eta=config.eta, clips=config.rung_clips)
    workers = workers or forecast_workers(config.n_workers, screen, worker)
    mean_s, speed_up = float(seconds.mean()), workers.speed_up or 1.0
    front_ends = FrontEnds([whole_log_mel(design.log_mel, design.recipe) for _, design in enough], worker)
    trials_s, exploring = plan.trials_s(mean_s), exploring_share(config.sampler)
    n_within = None
    if trials_s is not None:
        n_within = front_ends.n_trials_within(trials_s, trial_s=mean_s * share / speed_up, exploring=exploring)
    n_trials = min((each for each in (config.n_trials, n_within) if each is not None), default=1)
    return Forecast(
        epochs=jobs.n_epochs(enough[len(enough) // 2][1].recipe),
        measured=tuple((macs, speed.epoch_s) for macs, speed in speeds),
        trial_s=(low, middle, high),
        mean_trial_s=mean_s,
        n_trials=config.n_trials,
        total_s=None if config.n_trials is None else config.n_trials * mean_s * share / speed_up,
        trained_share=share,
        share_enough=len(enough) / len(fitting),
        plan=plan,
        n_within=n_within,
        features=front_ends.forecast(exploring * n_trials, peak_bytes=peak_bytes(worker.torch_device)),
        workers=workers,
    )


def _predict(speeds: Sequence[tuple[int, Speed]], asked: Sequence[tuple[int, Recipe]]) -> NDArray[np.float64]:
    """Seconds of whole trainings, their files included, by a line in MACs for each part."""
    macs = [each for each, _ in asked]

    def line(part: Callable[[Speed], float]) -> NDArray[np.float64]:
        measured = [(each, part(speed)) for each, speed in speeds if part(speed) > 0]
        return predict_seconds(measured, macs) if measured else np.zeros(len(macs))

    parts = zip(
        line(lambda each: each.epoch_s),
        line(lambda each: each.quantised_epoch_s),
        line(lambda each: each.file_s),
        line(lambda each: each.scoring_s),
        strict=True,
    )
    return np.array(
        [Speed(*each).training_s(recipe, recipe.epochs or 0) for each, (_, recipe) in zip(parts, asked, strict=True)]
    )
