"""`nas-asc plan`: what a budget leaves of a space, and what a search will take, before anything trains."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import print_json, say
from nas_asc.cli.worker_options import Workers
from nas_asc.units import format_duration, format_percent, format_short

if TYPE_CHECKING:
    from nas_asc.plan import Forecast, FrontEndForecast, PerGpu
    from nas_asc.session import Course, Session


@spread_groups
def plan(
    options: opt.SearchOptions,
    workers: Workers = None,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Random candidates to cost.")] = 10_000,
    json: opt.Json = False,
) -> None:
    """Show what fits a budget and how long a search will take, before anything trains.

    Takes the options of search but --study, and of those of workers only --workers; what changes neither what fits nor
    the time, such as --no-warm-start, is only checked.

    Example: nas-asc plan --budget 128k --macs 30M
    """
    if not json:
        say(options.resolved.describe())  # before torch is loaded, which takes seconds
    from nas_asc.cli.survey_lines import print_survey
    from nas_asc.session import begin_session

    session = begin_session(
        options.asked(""),
        torch_device=options.torch_device,
        cache=options.cache,
        cache_bytes=words.parse_cache_size(options.cache_size),
    )
    survey = session.survey(n_draws=draws)
    if not json:
        say(session.inputs.describe())
        print_survey(survey, session.inputs.space)
    survey.validate()
    forecast = _forecast(session, options.course, n_workers=workers)
    per_gpu = session.measure_per_gpu()
    if json:
        planned = {"survey": survey.to_dict(), "forecast": forecast.to_dict() if forecast else None}
        print_json(planned | {"per_gpu": per_gpu.to_dict()})
        return
    if forecast is None:
        say("no time is forecast: what fits is too rare among random candidates to be measured")
    else:
        say(*forecast_lines(forecast, options.course, min_share=options.min_share))
    say(*per_gpu_lines(per_gpu))


def per_gpu_lines(per_gpu: "PerGpu") -> Iterator[str]:
    """What is said of trainings that share a GPU; nothing where none was measured.

    Args:
        per_gpu: What was measured.
    """
    if per_gpu.n is None:
        return
    measured = ", ".join(f"{n}: {speed:,.0f}" for n, speed in per_gpu.clips_per_s.items())
    yield f"clips a second of so many trainings on one GPU: {measured}; {per_gpu.reason}"
    yield f"for a search: --gpus 0 --per-gpu {per_gpu.n}"
    if not per_gpu.has_mps:
        yield "NVIDIA's MPS daemon does not run, so they take turns: nvidia-cuda-mps-control -d, and plan again"


def _forecast(session: "Session", course: "Course", *, n_workers: int | None) -> "Forecast | None":
    """The forecast, with so many trainings at a time, or as many as a search would choose."""
    if n_workers is None:
        return session.forecast(course, workers=session.choose_workers(course))
    session.config = replace(session.config, n_workers=n_workers)
    return session.forecast(course)


def forecast_lines(forecast: "Forecast", course: "Course", *, min_share: float | None = None) -> Iterator[str]:
    """What is said of a forecast; how many networks the front will have is not known before.

    Args:
        forecast: The forecast of the search.
        course: How far it goes, and what follows the trials.
        min_share: That is asked of every network.
    """
    if min_share is not None:
        share = format_percent(forecast.share_enough)
        yield f"{share} of what fits use {format_percent(min_share)} of a limit or more"
    for macs, seconds in forecast.measured:
        yield f"measured: {format_short(macs)} MACs, {seconds:.2f} s an epoch"
    low, middle, high = (format_duration(value) for value in forecast.trial_s)
    yield f"a trial of {forecast.epochs} epochs: {low}, {middle}, {high} (10th, 50th, 90th percentile of what fits)"
    if forecast.trained_share < 1:
        yield f"with rungs a trial takes {format_percent(forecast.trained_share)} of that on average"
    yield _workers_line(forecast)
    if forecast.features is not None:
        yield from feature_lines(forecast.features)
    yield from _trials_lines(forecast)
    yield from _later_lines(forecast, course)
    if course.twin:
        yield "then the random twin, as long as all trials"


def _workers_line(forecast: "Forecast") -> str:
    """How many train at a time, why, and what that brings."""
    workers, rate = forecast.workers, forecast.trials_an_hour
    an_hour = f"about {rate:.{0 if rate >= 10 else 1}f} trials an hour"
    at_once = f"{workers.n_workers} training{'s' if workers.n_workers > 1 else ''} at a time"
    if workers.speed_up is None:
        return f"{at_once}: not forecast, for {workers.reason}; one at a time: {an_hour}"
    brings = f", {workers.speed_up:.2f} times as many as one at a time" if workers.n_workers > 1 else ""
    return f"{at_once}: {an_hour}{brings}{f'; {workers.reason}' if workers.reason else ''}"


def _trials_lines(forecast: "Forecast") -> Iterator[str]:
    if forecast.total_s is not None:
        total = format_duration(forecast.total_s + forecast.features_s)
        yield f"{forecast.n_trials} trials: about {total} with their features"
    trials_s = forecast.plan.trials_s(forecast.mean_trial_s)
    if trials_s is not None:
        n_said = f"about {forecast.n_within} trials with their features"
        if not forecast.n_within:
            n_said = "hardly one trial; give more --timeout, or fewer --epochs"
        yield f"within {format_duration(trials_s)}: {n_said}"


def _later_lines(forecast: "Forecast", course: "Course") -> Iterator[str]:
    """What follows the trials."""
    from nas_asc.study import MOST_FOUND_LENGTH, RACE_LENGTHS

    plan, mean_s = forecast.plan, forecast.mean_trial_s
    race_s, refit_s = plan.race_s(mean_s, n_trials=forecast.n_trials or 0), plan.refit_s(mean_s)
    if course.n_seeds > 1 and plan.finds_length:
        first, second, third = (length * forecast.epochs for length in RACE_LENGTHS)
        yield (
            f"then the leaders for twice as long, {first} epochs, the best of them for 5 and 10 times, {second} and"
            f" {third}, while it gains, within {format_duration(race_s)}"
        )
    elif course.n_seeds > 1:
        within = f", within {format_duration(plan.repeats_s)} of that time" if plan.repeats_s else ""
        each = f"about {format_duration(mean_s)}"
        yield f"then {course.n_seeds - 1} more for each network of the front, {each} a training{within}"
    if refit_s:
        most = f"at most {MOST_FOUND_LENGTH * forecast.epochs:.0f} epochs, " if plan.finds_length else ""
        about = f"{most}about {format_duration(refit_s)}"
        yield f"then the recommended network once more on all development clips, {about}"
    if plan.total_s is None and forecast.total_s is not None and plan.finds_length:
        most_s = forecast.total_s + forecast.features_s + race_s + refit_s
        yield f"in all: at most about {format_duration(most_s)}"


def feature_lines(features: "FrontEndForecast") -> Iterator[str]:
    """What is said of the features of a search's front ends: disk, memory, time.

    Args:
        features: The features of the forecast.
    """
    least, median, most = (f"{format_short(n_bytes)}B" for n_bytes in features.table_bytes)
    computed = f", about {format_duration(features.table_s)} to compute" if features.table_s else ", computed already"
    yield f"features of {features.n_clips:,} clips: {least}, {median}, {most} a front end{computed}"
    places = [f"{format_short(features.disk_bytes)}B of disk"] if features.disk_bytes else []
    if features.kept_bytes < features.disk_bytes:
        places[0] += f", of which the cache keeps {format_short(features.kept_bytes)}B at once (--cache-size)"
    if made_bytes := features.n_bytes - features.disk_bytes:
        places.append(f"{format_short(made_bytes)}B that the GPU makes and keeps while it has room")
    yield (
        f"about {features.n} front ends are used: {', '.join(places)},"
        f" {format_duration(features.seconds)} to compute; about {format_short(features.memory_bytes)}B of memory"
    )
