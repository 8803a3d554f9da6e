"""How many trainings at a time a search is fastest with on this machine, by a few steps on shares of its cores.

Conventions:
    Of N trainings at a time each has the Nth part of the cores. How many trials that makes in the same time, compared
    with one training on all cores, is measured. What starting the processes takes comes off.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import mean

from nas_asc.cores import can_bind, count_cores, count_free_bytes
from nas_asc.evaluation import Worker
from nas_asc.plan.designs import usual_designs
from nas_asc.plan.time_plan import TimePlan
from nas_asc.propose import Screen
from nas_asc.search import Jobs
from nas_asc.space import Design
from nas_asc.study import StudyConfig, expected_share
from nas_asc.training import CPU, peak_bytes

_MEASURED_S = 3.0  # after which no further turn of the shares begins
_START_S = 6.0  # of a process, until it trains
_TRIALS_EACH = 4  # of those asked for: proposals live on the trials before
_WORTH, _ALIKE = 1.15, 0.95  # a gain that is worth the processes; a share of the best gain that is as good


@dataclass(frozen=True)
class WorkersForecast:
    """Trainings at a time, and what they bring.

    Args:
        n_workers: Trainings at a time.
        speed_up: Expected trials in the same time, in those of one training at a time; None where that is not measured.
        reason: Why it is not measured, or why there are not more; empty where there is nothing to say.
    """

    n_workers: int
    speed_up: float | None = 1.0
    reason: str = ""


def forecast_workers(n_workers: int, screen: Screen, worker: Worker, *, n_cores: int | None = None) -> WorkersForecast:
    """What so many trainings at a time bring, the start of their processes left out.

    Args:
        n_workers: Trainings at a time.
        screen: Knows the space and what fits.
        worker: Measures, on the search's clips.
        n_cores: Physical cores; None counts them.
    """
    if n_workers == 1:
        return WorkersForecast(1)
    reason, designs = _why_unmeasured(worker), usual_designs(screen, seed=0)
    gains = {} if reason else _measure_gains([n_workers], worker, designs, n_cores=n_cores or count_cores())[0]
    return WorkersForecast(n_workers, gains.get(n_workers), reason or ("" if gains else _FAIL))


def choose_workers(
    config: StudyConfig,
    screen: Screen,
    worker: Worker,
    *,
    plan: TimePlan,
    n_cores: int | None = None,
    free_bytes: float | None = None,
) -> WorkersForecast:
    """With how many trainings at a time a search is expected to be fastest; the least of those that are alike.

    Args:
        config: The config of the search.
        screen: Knows the space and what fits.
        worker: Measures, on the search's clips.
        plan: How the search's time is shared out.
        n_cores: Physical cores; None counts them.
        free_bytes: Memory for the processes; None counts it.
    """
    n_cores = n_cores or count_cores()
    free_bytes = count_free_bytes() if free_bytes is None else free_bytes
    most = {
        "this machine has one core": n_cores,
        "there is memory for no more": free_bytes / peak_bytes(CPU),
        f"more need {2 * _TRIALS_EACH} trials or more": (config.n_trials or math.inf) / _TRIALS_EACH,
    }
    reason = next((reason for reason, n in most.items() if n < 2), _why_unmeasured(worker))
    if reason:
        return WorkersForecast(1, reason=reason)
    counts, designs = count_choices(n_cores, most=int(min(most.values()))), usual_designs(screen, seed=config.seed)
    gains, epoch_s = _measure_gains(counts, worker, designs, n_cores=n_cores)
    if not gains:
        return WorkersForecast(1, reason=_FAIL)
    work_s = _work_s(config, worker, designs, epoch_s=epoch_s, plan=plan)
    speed_ups = {n: 1.0 if n == 1 else gain / (1 + gain * _START_S / work_s) for n, gain in gains.items()}
    best = max(speed_ups.values())
    chosen = min(n for n, speed_up in speed_ups.items() if speed_up >= _ALIKE * best) if best >= _WORTH else 1
    if chosen > 1:
        return WorkersForecast(chosen, speed_ups[chosen])
    n, speed_up = max(((n, each) for n, each in speed_ups.items() if n > 1), key=lambda pair: pair[1])
    return WorkersForecast(1, reason=f"{n} would make {speed_up:.2f} times as many trials")


_FAIL = "their steps fail"


def _why_unmeasured(worker: Worker) -> str:
    if worker.torch_device.type != "cpu":
        return "several on a GPU are not measured"
    return "" if can_bind() else "shares of the cores are measured on Linux alone"


def count_choices(n_cores: int, *, most: int) -> list[int]:
    """Trainings at a time that are compared: each with 1, 2, 4 and so on of the cores, and one with all.

    Args:
        n_cores: Physical cores.
        most: Trainings at a time.

    >>> count_choices(12, most=12)
    [1, 3, 6, 12]
    """
    shares = (2**power for power in range(n_cores.bit_length()))
    return sorted({1, *(min(n_cores // share, most) for share in shares if share <= n_cores)})


def _measure_gains(
    counts: Collection[int], worker: Worker, designs: Sequence[Design], *, n_cores: int
) -> tuple[dict[int, float], float]:
    """Trainings in the same time by numbers of trainings at a time, in those of one; mean seconds of an epoch of that.

    Nothing of either where the steps fail.
    """
    shares = {n: max(1, n_cores // n) for n in counts}
    measured = worker.measure_shares(designs, {n_cores, *shares.values()}, most_s=_MEASURED_S)
    if not measured:
        return {}, 0.0
    seconds = {share: mean(row[share] for row in measured) for share in measured[0]}
    gains = {n: min(n, n_cores) * seconds[n_cores] / seconds[share] for n, share in shares.items()}
    return gains, seconds[n_cores]


def _work_s(config: StudyConfig, worker: Worker, designs: Sequence[Design], *, epoch_s: float, plan: TimePlan) -> float:
    """Expected seconds of all trials, one after the other."""
    jobs = Jobs(config, n_train=worker.prepared.n_train)
    share = expected_share(config.rungs, eta=config.eta, clips=config.rung_clips)
    trial_s = epoch_s * mean(jobs.n_epochs(design.recipe) for design in designs) * share
    within = plan.trials_s(trial_s)
    asked = math.inf if config.n_trials is None else config.n_trials * trial_s
    return max(min(asked, math.inf if within is None else within), 1e-9)
