"""`nas-asc plan`: what a budget leaves of a space, and what a search will take, before anything trains."""

from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.search_command import DEFAULT_TRIALS, FINALS_SHARE
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.units import format_duration, format_short

if TYPE_CHECKING:
    from nas_asc.cli.setup import Setup
    from nas_asc.plan import Forecast
    from nas_asc.space import Space
    from nas_asc.survey import Survey


@opt.spread_groups
def plan(
    options: opt.SearchOptions,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Random candidates to cost.")] = 10_000,
    json: opt.Json = False,
) -> None:
    """Show what fits a budget and how long a search will take, before anything trains.

    Takes the options of search but --study; those that change neither what fits nor the time, such as --sampler, are
    only checked.

    Example: nas-asc plan --budget 128k --macs 30M
    """
    from nas_asc.cli.setup import data_line, setup_of
    from nas_asc.survey import survey_space

    timeout_s = opt.parse_timeout(options.timeout)
    setup = setup_of(options, quiet=json)
    survey = survey_space(
        setup.space, setup.data_set.task, setup.budget, target=options.target, n_draws=draws, seed=options.seed
    )
    if not json:
        print(data_line(setup), flush=True)
        _print_survey(survey, setup.space)
    survey.validate()
    forecast = _forecast(setup, options)
    if json:
        print_json({"survey": survey.to_dict(), "forecast": forecast.to_dict() if forecast else None})
    elif forecast is None:
        print("no time is forecast: what fits is too rare among random candidates to be measured")
    else:
        final_seeds, last_length = options.final_seeds, options.final_length if options.refit else 0.0
        last_s = last_length * forecast.development_share * forecast.mean_trial_s
        trials_s = None if timeout_s is None else _time_of_trials(timeout_s, last_s, final_seeds)
        _print_forecast(forecast, trials_s, min_share=options.min_share)
        _print_last_trainings(forecast, timeout_s, last_s=last_s, final_seeds=final_seeds, twin=options.twin)


def _time_of_trials(timeout_s: float, last_s: float, final_seeds: int) -> float:
    """Seconds that a search leaves to its trials: the last training's time is kept, or the finalists' where longer."""
    finals_s = FINALS_SHARE * timeout_s if final_seeds > 1 else 0.0
    return max(0.0, timeout_s - max(finals_s, last_s))


def _forecast(setup: "Setup", options: opt.SearchOptions) -> "Forecast | None":
    """Expected times of the search that the options ask for."""
    from nas_asc.cli.setup import ask_config
    from nas_asc.plan import forecast_search
    from nas_asc.study import expected_share
    from nas_asc.training import resolve_device

    prepared, timeout_s = setup.prepare(options.cache), opt.parse_timeout(options.timeout)
    n_trials = DEFAULT_TRIALS if options.trials is None and timeout_s is None else options.trials
    config = ask_config("plan", setup, prepared, options, trials=n_trials, timeout_s=timeout_s)
    return forecast_search(
        setup.space,
        prepared,
        setup.budget,
        torch_device=resolve_device(options.torch_device),
        target=config.target,
        min_share=config.min_share,
        n_trials=n_trials,
        trained_share=expected_share(config.rungs, eta=config.eta, clips=config.rung_clips),
        epochs=config.epochs,
        seed=config.seed,
    )


def short_lines(survey: "Survey", space: "Space") -> list[str]:
    """What a search prints of its plan before it begins."""
    limited = [row for row in survey.rows if row.limit is not None]
    shares = ", ".join(f"{_percent(row.share or 0)} by {row.resource}" for row in limited)
    spans = ", ".join(
        f"{row.resource} {format_short(row.minimum)} .. {format_short(row.maximum)}" for row in survey.rows
    )
    lines = [
        f"space: {space.name}, {spans}",
        f"plan: {_percent(survey.share_fits)} of {survey.n_drawn:,} drawn candidates fit ({shares or 'no limits'})",
    ]
    return lines if survey.left_out.target == "any" else [*lines, survey.left_out.describe(survey.n_drawn)]


def _print_survey(survey: "Survey", space: "Space") -> None:
    console = build_console()
    rows = [
        (
            row.resource,
            row.minimum,
            row.median,
            row.maximum,
            row.limit,
            None if row.share is None else _percent(row.share),
            row.is_reachable,
        )
        for row in survey.rows
    ]
    columns = ("resource", "minimum", "median", "maximum", "limit", "fit", "reachable")
    console.print(build_table(columns, rows, title=f"space {space.name}, {survey.n_drawn:,} drawn candidates"))
    for row in survey.rows:
        if row.limit is not None:
            values = ", ".join(f"{name}={value}" for name, value in row.smallest.items())
            print(f"smallest in {row.resource}: {row.minimum:,} with {values}")
    if survey.left_out.target != "any":
        print(survey.left_out.describe(survey.n_drawn))
    unbuildable = survey.n_unbuildable / survey.n_drawn
    print(
        f"{_percent(survey.share_fits)} fit the whole budget; {_percent(unbuildable)} cannot take clips of this shape"
    )


def _print_forecast(forecast: "Forecast", trials_s: float | None, *, min_share: float | None) -> None:
    if min_share is not None:
        print(f"{_percent(forecast.share_enough)} of what fits use {_percent(min_share)} of a limit or more")
    for macs, seconds in forecast.measured:
        print(f"measured: {format_short(macs)} MACs, {seconds:.2f} s an epoch")
    low, middle, high = (format_duration(value) for value in forecast.trial_s)
    print(f"a trial of {forecast.epochs} epochs: {low}, {middle}, {high} (10th, 50th, 90th percentile of what fits)")
    if forecast.trained_share < 1:
        print(f"with rungs a trial takes {_percent(forecast.trained_share)} of that on average")
    if forecast.total_s is not None:
        print(f"{forecast.n_trials} trials: about {format_duration(forecast.total_s)}")
    if trials_s is not None:
        n_trials = int(trials_s / (forecast.mean_trial_s * forecast.trained_share))
        n_said = f"about {n_trials} trials" if n_trials else "hardly one trial; give more --timeout, or fewer --epochs"
        print(f"within {format_duration(trials_s)}: {n_said}")


def _print_last_trainings(
    forecast: "Forecast", timeout_s: float | None, *, last_s: float, final_seeds: int, twin: bool
) -> None:
    """What comes after the trials; how many networks the front will have is not known before."""
    each = f"about {format_duration(forecast.mean_trial_s)}"
    if final_seeds > 1:
        within = "" if timeout_s is None else f", within {format_duration(FINALS_SHARE * timeout_s)} of that time"
        print(f"then {final_seeds - 1} more for each network of the front, {each} a training{within}")
    if last_s:
        print(f"then the recommended network once more on all development clips, about {format_duration(last_s)}")
    if twin:
        print("then the random twin, as long as all trials")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
