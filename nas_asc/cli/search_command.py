"""`nas-asc search` and `nas-asc resume`: the main job, and going on with it."""

import sys
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.errors import StudyError
from nas_asc.units import format_duration

if TYPE_CHECKING:
    from nas_asc.cli.setup import Setup
    from nas_asc.search import SearchResult
    from nas_asc.study import StudyConfig

DEFAULT_TRIALS = 30
DEFAULT_TIMEOUT_S = 8 * 60
_N_MORE = 20
FINALS_SHARE = 0.25


@opt.spread_groups
def search(
    options: opt.SearchOptions,
    study: Annotated[str | None, typer.Option("--study", help="Name of the study. Default: space, data, date.")] = None,
) -> None:
    """Search a space for the networks that score best inside a budget.

    Example: nas-asc search --budget 128k --macs 30M
    """
    from nas_asc.cli.setup import ask_config, data_line, default_study_name, setup_of
    from nas_asc.study import STUDIES, has_study, study_dir

    timeout_s = opt.parse_timeout(options.timeout)
    setup = setup_of(options)
    name = default_study_name(setup, STUDIES) if study is None else study
    if has_study(study_dir(name)):
        raise StudyError(f"study {name!r} exists already. Go on with `nas-asc resume {name}`, or give another --study.")
    print(data_line(setup), flush=True)
    trials = options.trials
    if trials is None and timeout_s is None:
        trials, timeout_s = DEFAULT_TRIALS, DEFAULT_TIMEOUT_S
    _survey(setup, target=options.target, seed=options.seed)
    _run(
        ask_config(name, setup, setup.prepare(options.cache), options, trials=trials, timeout_s=timeout_s),
        setup,
        trials=trials,
        timeout_s=timeout_s,
        torch_device=options.torch_device,
        cache=options.cache,
        refit=options.refit,
        final_seeds=options.final_seeds,
        twin=options.twin,
    )


def resume(
    study: opt.StudyName,
    trials: opt.Trials = None,
    timeout: opt.Timeout = None,
    accept_space_change: Annotated[bool, typer.Option(help="Go on although the space has changed.")] = False,
    accept_data_change: Annotated[bool, typer.Option(help="Go on although the data have changed.")] = False,
    accept_version_change: Annotated[bool, typer.Option(help="Go on although versions have changed.")] = False,
    cache: opt.CacheFolder = None,
    refit: opt.Refit = True,
    final_seeds: opt.FinalSeeds = opt.DEFAULT_FINAL_SEEDS,
    twin: opt.Twin = False,
    torch_device: opt.TorchDevice = "auto",
) -> None:
    """Go on with a study up to a total number of trials.

    Example: nas-asc resume my-study --trials 100
    """
    from nas_asc.cli.setup import data_line, reopen_setup
    from nas_asc.search import ask_again
    from nas_asc.study import find_study, load_config

    folder = find_study(study)
    stored = load_config(folder)
    setup = reopen_setup(stored)
    print(data_line(setup), flush=True)
    timeout_s = opt.parse_timeout(timeout)
    if trials is None and timeout_s is None:
        trials, timeout_s = stored.n_trials, stored.timeout_s if stored.n_trials is None else None
    flags = {"space": accept_space_change, "data": accept_data_change, "version": accept_version_change}
    _run(
        ask_again(stored, setup.space, setup.data_set),
        setup,
        trials=trials,
        timeout_s=timeout_s,
        torch_device=torch_device,
        cache=cache,
        refit=refit,
        final_seeds=final_seeds,
        twin=twin,
        folder=folder,
        accepted=[kind for kind, given in flags.items() if given],
    )


def _survey(setup: "Setup", *, target: str, seed: int) -> None:
    from nas_asc.cli.plan_command import short_lines
    from nas_asc.survey import survey_space

    task = setup.data_set.task
    survey = survey_space(setup.space, task, setup.budget, target=target, n_draws=4_000, seed=seed)
    survey.validate()
    for line in short_lines(survey, setup.space):
        print(line, flush=True)


def _run(
    config: "StudyConfig",
    setup: "Setup",
    *,
    trials: int | None,
    timeout_s: float | None,
    torch_device: str,
    cache: Path | None,
    refit: bool,
    final_seeds: int,
    twin: bool,
    folder: Path | None = None,
    accepted: Collection[str] = (),
) -> None:
    from nas_asc.cli.display import build_display
    from nas_asc.search import run_search
    from nas_asc.study import format_rungs
    from nas_asc.training import resolve_device

    scored = "int8 files" if config.scored == "int8" else "networks in float"
    objectives = f"objectives {', '.join(config.minimised)}, scores of {scored}"
    has_finals = final_seeds > 1
    reserve_s = FINALS_SHARE * timeout_s if has_finals and timeout_s is not None else 0.0
    extent = _extent(trials, timeout_s) + (f", {format_duration(reserve_s)} of it for finalists" if reserve_s else "")
    print(f"study: {config.name}, {objectives}, {extent}", flush=True)
    if config.rungs:
        rungs = format_rungs(config.rungs).replace(",", " and ")
        clips = format_rungs(config.rung_clips).replace(",", " and ")
        on = f", until then on {clips} of the clips" if config.rung_clips else ""
        print(f"rungs: trainings stop after {rungs} of their epochs{on}; one in {config.eta:g} goes on", flush=True)
    end = None if timeout_s is None else time.monotonic() + timeout_s
    with build_display(config, n_trials=trials, timeout_s=timeout_s) as display:
        result = run_search(
            config,
            setup.space,
            setup.prepare(cache, on_progress=display.on_features),
            n_trials=trials,
            timeout_s=timeout_s,
            torch_device=resolve_device(torch_device),
            listener=display,
            folder=folder,
            refit=refit,
            kept_s=reserve_s if has_finals else None,
            accepted=accepted,
        )
    if has_finals and result.recommended is not None and result.stopped_by != "interrupt":
        left_s = None if end is None else max(0.0, end - time.monotonic())
        result = _train_finalists(
            result, setup, seeds=final_seeds, timeout_s=left_s, refit=refit, torch_device=torch_device, cache=cache
        )
    if twin and result.stopped_by != "interrupt":
        result = _train_twin(result, setup, timeout_s=timeout_s, torch_device=torch_device, cache=cache)
    _conclude(result, setup)


def _train_finalists(
    result: "SearchResult",
    setup: "Setup",
    *,
    seeds: int,
    timeout_s: float | None,
    refit: bool,
    torch_device: str,
    cache: Path | None,
) -> "SearchResult":
    """The search's result after its front was trained again: another trial may be recommended now."""
    from nas_asc.cli.finalists_command import print_finals, run_finalists
    from nas_asc.study import has_final, recommend

    found = run_finalists(
        result.folder,
        setup,
        seeds=seeds,
        members=None,
        timeout_s=timeout_s,
        torch_device=torch_device,
        cache=cache,
        refit=refit,
    )
    print_finals(found, result.folder)
    best = recommend(result.folder, result.config, result.records)
    stopped_by = "interrupt" if found.was_interrupted else result.stopped_by
    is_final = best is not None and has_final(result.folder, best)
    return replace(result, recommended=best, has_final=is_final, stopped_by=stopped_by)


def _train_twin(
    result: "SearchResult", setup: "Setup", *, timeout_s: float | None, torch_device: str, cache: Path | None
) -> "SearchResult":
    from nas_asc.cli.twin_command import print_twin, run_twin

    found = run_twin(result.folder, setup, timeout_s=timeout_s, torch_device=torch_device, cache=cache)
    print_twin(found, result.folder)
    return replace(result, stopped_by="interrupt") if found.search.stopped_by == "interrupt" else result


def _extent(trials: int | None, timeout_s: float | None) -> str:
    parts = [f"up to {trials} trials"] if trials is not None else []
    parts += [f"within {format_duration(timeout_s)}"] if timeout_s is not None else []
    return " ".join(parts)


_ENDINGS = {
    "trials": "all trials asked for are done",
    "timeout": "the time is over",
    "interrupt": "interrupted; everything finished is saved",
    "exhausted": "no further candidate fits",
}


def _conclude(result: "SearchResult", setup: "Setup") -> None:
    """Print the front, write the report, and say how to go on."""
    from nas_asc.cli.display import FRONT_COLUMNS, front_rows
    from nas_asc.cli.study_command import make_report
    from nas_asc.cli.terminal import build_console, build_table
    from nas_asc.study import front_of, load_repeats

    name = result.config.name
    front = front_of(result.records, result.config.objectives)
    n_stopped = sum(record.is_stopped for record in result.records)
    stopped = f", {n_stopped} of them stopped early" if n_stopped else ""
    n_trials = f"{len(result.records)} trials{stopped}"
    print(f"{_ENDINGS[result.stopped_by]}: {n_trials}, {len(front)} on the front", flush=True)
    if front:
        build_console().print(build_table(FRONT_COLUMNS, front_rows(front)))
    if result.recommended is not None:
        print(f"recommended: trial {result.recommended.number}, {_weights(result)}")
        print(f"report: {make_report(result.folder, setup.space, setup=setup)}")
        print(f"write it as an int8 file: nas-asc export {name}")
        print(f"score it on the test clips: nas-asc evaluate {name}")
        luck = "" if load_repeats(result.folder) else f"see what of the front is luck: nas-asc finalists {name}; "
        print(f"{luck}what to mend: nas-asc doctor {name}")
    print(f"go on: nas-asc resume {name} --trials {_next_total(len(result.records), result.config.n_trials)}")
    sys.stdout.flush()
    if result.stopped_by == "interrupt":
        raise typer.Exit(opt.INTERRUPTED)


def _next_total(n_done: int, n_asked: int | None) -> int:
    """Trials to ask for next: what was asked while that is not reached, then some more."""
    return n_asked if n_asked is not None and n_asked > n_done else n_done + _N_MORE


def _weights(result: "SearchResult") -> str:
    if result.has_final:
        return f"trained again on all development clips: {result.folder / 'final'}"
    number = result.recommended.number if result.recommended else 0
    return f"weights: {result.folder / 'trials' / str(number)}"
