"""`nas-asc twin`: a study beside random search at equal cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.units import format_duration

if TYPE_CHECKING:
    from nas_asc.cli.setup import Setup
    from nas_asc.handover import TwinResult
    from nas_asc.health import Comparison


def twin(
    study: opt.StudyName,
    timeout: Annotated[str | None, typer.Option("--timeout", help="Wall time, such as 20m. Default: none.")] = None,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Train a study's random twin: as many random networks that fit, on the same data; then compare.

    Example: nas-asc twin my-study
    """
    from nas_asc.cli.setup import reopen_setup
    from nas_asc.study import find_study, load_config

    timeout_s = opt.parse_timeout(timeout)
    folder = find_study(study)
    setup = reopen_setup(load_config(folder), quiet=json)
    result = run_twin(folder, setup, timeout_s=timeout_s, torch_device=torch_device, cache=cache)
    if json:
        comparisons = {"at_trials": result.at_trials.to_dict(), "at_seconds": result.at_seconds.to_dict()}
        print_json({"twin": result.search.config.name, "stopped_by": result.search.stopped_by, **comparisons})
    else:
        print_twin(result, folder)
    if result.search.stopped_by == "interrupt":
        raise typer.Exit(opt.INTERRUPTED)


def run_twin(
    folder: Path, setup: "Setup", *, timeout_s: float | None, torch_device: str, cache: Path | None
) -> "TwinResult":
    """A study beside its random twin, which is trained now; progress goes to stderr.

    Args:
        folder: Of the study.
        setup: What the study was searched with.
        timeout_s: Wall time from now; None is no limit.
        torch_device: Where to train.
        cache: Where features are kept; None is the user's cache folder.
    """
    from nas_asc.cli.display import build_display
    from nas_asc.handover import train_twin
    from nas_asc.study import load_config, load_records
    from nas_asc.training import resolve_device

    with build_display(load_config(folder), n_trials=len(load_records(folder)), timeout_s=timeout_s) as display:
        return train_twin(
            folder,
            setup.space,
            setup.prepare(cache, on_progress=display.on_features),
            timeout_s=timeout_s,
            torch_device=resolve_device(torch_device),
            listener=display,
        )


def print_twin(result: "TwinResult", folder: Path) -> None:
    """Print what both reached at equal trials and at equal seconds.

    Args:
        result: Of the twin.
        folder: Of the study.
    """
    from nas_asc.study import load_config, load_records

    config, n_trials = load_config(folder), len(load_records(folder))
    name, score = config.name, config.score
    print(f"twin: {result.search.folder}, {len(result.search.records)} of {n_trials} trials")
    rows = []
    for title, each in (("equal trials", result.at_trials), ("equal seconds", result.at_seconds)):
        rows += [_cells(f"{title}: {name}", each, is_twin=False), _cells(f"{title}: twin", each, is_twin=True)]
    heads = ("compared at", "trials", "time in trials", "hypervolume", f"best {score}")
    build_console().print(build_table(heads, rows))
    print("hypervolumes are of the study's reference point; one twin alone, so small differences may be luck")
    if len(result.search.records) < n_trials:
        print(f"go on: nas-asc twin {name}")


def _cells(title: str, each: "Comparison", *, is_twin: bool) -> tuple[object, ...]:
    n, seconds = (each.n_twin_trials, each.twin_seconds) if is_twin else (each.n_trials, each.seconds)
    volume, best = (each.twin_volume, each.twin_best) if is_twin else (each.volume, each.best)
    return (title, n, format_duration(seconds), f"{volume:.4g}", None if best is None else f"{best:.4f}")
