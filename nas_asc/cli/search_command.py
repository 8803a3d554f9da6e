"""`nas-asc search` and `nas-asc resume`: the main job, and going on with it."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import say
from nas_asc.cli.worker_options import DeviceOptions
from nas_asc.clock import WALL_CLOCK
from nas_asc.units import format_duration

if TYPE_CHECKING:
    from nas_asc.session import Course, Session, SessionResult

_N_MORE = 20


@spread_groups
def search(
    options: opt.SearchOptions,
    *,
    study: Annotated[str | None, typer.Option("--study", help="Name of the study. Default: space, data, date.")] = None,
    workers: DeviceOptions,
) -> None:
    """Search a space for the networks that score best inside a budget.

    Example: nas-asc search --budget 128k --macs 30M
    """
    began = WALL_CLOCK.now()
    say(options.resolved.describe())  # before torch is loaded, which takes seconds
    from nas_asc.cli.survey_lines import short_lines
    from nas_asc.session import begin_session

    session = begin_session(
        options.asked(study or ""),
        torch_device=workers.torch_devices(options.torch_device),
        cache=options.cache,
        cache_bytes=words.parse_cache_size(options.cache_size),
    )
    session.began = began
    workers.apply(session)
    say(session.inputs.describe(), *session.inputs.notes)
    survey = session.survey()
    survey.validate()
    say(*short_lines(survey, session.inputs.space))
    if workers.is_open:
        session.choose_workers(options.course)
    _run(session, options.course)


@spread_groups
def resume(
    study: opt.StudyName,
    *,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            rich_help_panel="Search",
            help="Trials in all, finished ones included. Default: as the study was asked.",
        ),
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            rich_help_panel="Search",
            help="Wall time from now, such as 90s, 20m or 2h. Default: as the study was asked.",
        ),
    ] = None,
    workers: DeviceOptions,
    accept_space_change: Annotated[bool, typer.Option(help="Go on although the space has changed.")] = False,
    accept_data_change: Annotated[bool, typer.Option(help="Go on although the data have changed.")] = False,
    accept_version_change: Annotated[bool, typer.Option(help="Go on although versions have changed.")] = False,
    accept_device_change: Annotated[bool, typer.Option(help="Go on although networks train elsewhere.")] = False,
    cache: opt.CacheFolder = None,
    cache_size: opt.CacheSize = None,
    refit: opt.Refit = True,
    final_seeds: opt.FinalSeeds = opt.DEFAULT_FINAL_SEEDS,
    twin: opt.Twin = False,
    torch_device: opt.TorchDevice = "auto",
) -> None:
    """Go on with a study up to a total number of trials.

    Example: nas-asc resume my-study --trials 100
    """
    from nas_asc.cli.study_command import reopen
    from nas_asc.session import Course

    timeout_s = words.parse_timeout(timeout)
    cache_bytes = words.parse_cache_size(cache_size)
    devices = workers.torch_devices(torch_device)
    session = reopen(study, cache=cache, cache_bytes=cache_bytes, torch_device=devices)
    say(session.inputs.describe())
    workers.apply(session)
    if trials is None and timeout_s is None:
        config = session.config
        trials, timeout_s = config.n_trials, config.timeout_s if config.n_trials is None else None
    flags = {"space": accept_space_change, "data": accept_data_change, "version": accept_version_change}
    flags["device"] = accept_device_change
    course = Course(n_trials=trials, timeout_s=timeout_s, n_seeds=final_seeds, refits=refit, twin=twin)
    _run(session, course, accepted=[kind for kind, given in flags.items() if given])


def _run(session: "Session", course: "Course", *, accepted: Collection[str] = ()) -> None:
    from nas_asc.cli.live_display import build_display

    _print_course(session, course)
    config = replace(session.config, n_trials=course.n_trials, timeout_s=course.timeout_s)
    with build_display(config, course, session.time_plan(course), began=session.began) as session.listener:
        result = session.search(course, accepted=accepted)
    _conclude(session, result)


def _print_course(session: "Session", course: "Course") -> None:
    """Print what the study is asked, and how far it goes."""
    from nas_asc.study import format_rungs

    config = session.config
    scored = "int8 files" if config.scored == "int8" else "networks in float"
    objectives = f"objectives {', '.join(config.minimised)}, scores of {scored}"
    parts = [f"up to {course.n_trials} trials"] if course.n_trials is not None else []
    parts += [f"within {format_duration(course.timeout_s)}"] if course.timeout_s is not None else []
    where = " on Ray" if config.executor == "ray" else ""
    at_once = f", {config.n_workers} trainings at a time{where}" if config.trains_elsewhere else ""
    say(f"study: {config.name}, {objectives}, {' '.join(parts)}{at_once}")
    if config.rungs:
        rungs = format_rungs(config.rungs).replace(",", " and ")
        clips = format_rungs(config.rung_clips).replace(",", " and ")
        on = f", until then on {clips} of the clips" if config.rung_clips else ""
        say(f"rungs: trainings stop after {rungs} of their epochs{on}; one in {config.eta:g} goes on")


_ENDINGS = {
    "trials": "all trials asked for are done",
    "timeout": "the time is over",
    "interrupt": "interrupted; everything finished is saved",
    "exhausted": "no further candidate fits",
}


def _conclude(session: "Session", result: "SessionResult") -> None:
    """Print what the search ended with, the front, and how to go on."""
    from nas_asc.cli.display import front_table
    from nas_asc.cli.finalists_command import print_repeats
    from nas_asc.cli.terminal import build_console
    from nas_asc.cli.twin_command import print_twin
    from nas_asc.health import Evidence, check_constant, count_validation
    from nas_asc.study import load_repeats, name_options

    name, records, front = session.config.name, result.search.records, result.search.front
    if result.repeats is not None:
        print_repeats(result.repeats, session.folder)
    if result.twin is not None:
        print_twin(result.twin, session.folder)
    n_stopped = sum(record.is_stopped for record in records)
    stopped = f", {n_stopped} of them stopped early" if n_stopped else ""
    say(f"{_ENDINGS[result.stopped_by]}: {len(records)} trials{stopped}, {len(front)} on the front")
    if front:
        build_console().print(front_table(front, first=result.recommended))
    validation = count_validation(session.inputs.data_set, session.inputs.split)
    card = check_constant(Evidence(session.config, tuple(records), validation=validation))
    if card.verdict == "warning":
        say(f"{card.finding}. {name_options(card.advice)}")
    if result.recommended is not None:
        say(f"recommended: trial {result.recommended.number}, {_weights(session, result)}")
        say(f"report: {result.report}")
        say(f"write it as an int8 file: nas-asc export {name}")
        say(f"score it on the test clips: nas-asc evaluate {name}")
        luck = "" if load_repeats(session.folder) else f"see what of the front is luck: nas-asc finalists {name}; "
        say(f"{luck}what to mend: nas-asc doctor {name}")
    say(f"go on: nas-asc resume {name} --trials {_next_total(len(records), session.config.n_trials)}")
    if result.stopped_by == "interrupt":
        raise typer.Exit(opt.INTERRUPTED)


def _next_total(n_done: int, n_asked: int | None) -> int:
    """Trials to ask for next: what was asked while that is not reached, then some more."""
    return n_asked if n_asked is not None and n_asked > n_done else n_done + _N_MORE


def _weights(session: "Session", result: "SessionResult") -> str:
    if result.is_refitted:
        return f"trained again on all development clips: {session.folder / 'final'}"
    number = result.recommended.number if result.recommended else 0
    return f"weights: {session.folder / 'trials' / str(number)}"
