"""What `plan` says of the features of a search's front ends."""

from dataclasses import replace

import pytest

from nas_asc.cli.plan_command import feature_lines, forecast_lines
from nas_asc.plan import Forecast, FrontEndForecast, TimePlan, WorkersForecast
from nas_asc.session import Course

FEATURES = FrontEndForecast(
    n_clips=139_620,
    table_bytes=(10**9, 4 * 10**9, 7 * 10**9),
    table_s=240.0,
    n=10,
    n_bytes=40 * 10**9,
    disk_bytes=40 * 10**9,
    seconds=2_400.0,
    kept_bytes=20 * 10**9,
    memory_bytes=3 * 10**9,
)


def test_disk_memory_and_hours_are_said_and_what_the_cache_keeps_only_where_that_is_less():
    said = "\n".join(feature_lines(FEATURES))
    for part in (
        "139,620 clips: 1GB, 4GB, 7GB",
        "about 4 min 0 s to compute",
        "about 10 front ends",
        "40GB of disk, of which",
    ):
        assert part in said
    assert "keeps 20GB at once (--cache-size), 40 min 0 s to compute; about 3GB of memory" in said
    there = "\n".join(feature_lines(replace(FEATURES, table_s=0.0, kept_bytes=40 * 10**9)))
    assert "computed already" in there
    assert "--cache-size" not in there


def test_what_a_gpu_makes_takes_no_disk():
    some = "\n".join(feature_lines(replace(FEATURES, disk_bytes=15 * 10**9, kept_bytes=15 * 10**9)))
    assert "used: 15GB of disk, 25GB that the GPU makes and keeps while it has room, 40 min" in some
    none = "\n".join(feature_lines(replace(FEATURES, disk_bytes=0, kept_bytes=0)))
    assert "used: 40GB that the GPU makes" in none
    assert "disk" not in none


def test_without_a_limit_on_time_all_parts_are_summed_up():
    plan = TimePlan(None, n_seeds=3, refit_ratio=11.0, finds_length=True)
    options = {"n_trials": 30, "total_s": 30 * 60.0, "plan": plan, "features": FEATURES}
    forecast = Forecast(epochs=10, measured=(), trial_s=(60.0,) * 3, mean_trial_s=60.0, **options)
    said = "\n".join(forecast_lines(forecast, Course(n_trials=30)))
    assert "30 trials: about 1 h 10 min with their features" in said
    assert "20 epochs, the best of them for 5 and 10 times, 50 and 100, while it gains, within 15 min 0 s" in said
    assert "at most 100 epochs, about 11 min 0 s" in said
    assert "in all: at most about 1 h 36 min" in said


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        (
            WorkersForecast(1, reason="2 would make 1.05 times as many trials"),
            "1 training at a time: about 60 trials an hour; 2 would make 1.05 times as many trials",
        ),
        (
            WorkersForecast(4, 3.5),
            "4 trainings at a time: about 210 trials an hour, 3.50 times as many as one at a time",
        ),
        (
            WorkersForecast(2, None, "several on a GPU are not measured"),
            "2 trainings at a time: not forecast, for several on a GPU are not measured; one at a time: about 60",
        ),
        (WorkersForecast(1, reason="this machine has one core"), "1 training at a time: about 60 trials an hour; this"),
    ],
)
def test_plan_says_how_many_train_at_a_time_and_what_that_makes_an_hour(workers, said):
    forecast = Forecast(
        epochs=10,
        measured=(),
        trial_s=(60.0,) * 3,
        mean_trial_s=60.0,
        n_trials=30,
        total_s=1_800.0,
        workers=workers,
    )
    assert said in "\n".join(forecast_lines(forecast, Course(n_trials=30)))
