"""`nas-asc twin`: a study beside random search at equal cost."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, build_table, print_json, say
from nas_asc.cli.worker_options import WorkerOptions
from nas_asc.units import format_duration

if TYPE_CHECKING:
    from nas_asc.handover import TwinResult
    from nas_asc.health import Comparison


@spread_groups
def twin(
    study: opt.StudyName,
    *,
    timeout: Annotated[str | None, typer.Option("--timeout", help="Wall time, such as 20m. Default: none.")] = None,
    workers: WorkerOptions,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Train a study's random twin: as many random networks that fit, on the same data; then compare.

    Example: nas-asc twin my-study
    """
    from nas_asc.cli.live_display import build_display
    from nas_asc.cli.study_command import reopen
    from nas_asc.study import load_records

    timeout_s = words.parse_timeout(timeout)
    session = reopen(study, cache=cache, torch_device=torch_device, quiet=json)
    workers.apply(session)
    asked = replace(session.config, n_trials=len(load_records(session.folder)) or None, timeout_s=timeout_s)
    with build_display(asked) as session.listener:
        result = session.twin(timeout_s=timeout_s)
    if json:
        comparisons = {"at_trials": result.at_trials.to_dict(), "at_seconds": result.at_seconds.to_dict()}
        print_json({"twin": result.search.config.name, "stopped_by": result.search.stopped_by, **comparisons})
    else:
        print_twin(result, session.folder)
    if result.search.stopped_by == "interrupt":
        raise typer.Exit(opt.INTERRUPTED)


def print_twin(result: "TwinResult", folder: Path) -> None:
    """Print what both reached at equal trials and at equal seconds.

    Args:
        result: The result of the twin.
        folder: The folder of the study.
    """
    from nas_asc.study import load_config, load_records

    config, n_trials = load_config(folder), len(load_records(folder))
    name, score = config.name, config.score
    say(f"twin: {result.search.folder}, {len(result.search.records)} of {n_trials} trials")
    rows = []
    for title, each in (("equal trials", result.at_trials), ("equal seconds", result.at_seconds)):
        rows += [_cells(f"{title}: {name}", each, is_twin=False), _cells(f"{title}: twin", each, is_twin=True)]
    heads = ("compared at", "trials", "time in trials", "hypervolume", f"best {score}")
    build_console().print(build_table(heads, rows))
    say("hypervolumes are of the study's reference point; one twin alone, so small differences may be luck")
    if len(result.search.records) < n_trials:
        say(f"go on: nas-asc twin {name}")


def _cells(title: str, each: "Comparison", *, is_twin: bool) -> tuple[object, ...]:
    n, seconds = (each.n_twin_trials, each.twin_seconds) if is_twin else (each.n_trials, each.seconds)
    volume, best = (each.twin_volume, each.twin_best) if is_twin else (each.volume, each.best)
    return (title, n, format_duration(seconds), f"{volume:.4g}", None if best is None else f"{best:.4f}")
