"""`nas-asc status`, `nas-asc report` and `nas-asc evaluate`: looking at a study."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json, say
from nas_asc.clock import WALL_CLOCK
from nas_asc.units import format_short

if TYPE_CHECKING:
    from nas_asc.metrics import Scores
    from nas_asc.session import Session
    from nas_asc.study import StudyConfig, TrialRecord


def status(study: opt.StudyName, json: opt.Json = False) -> None:
    """Show how far a study is, its front, and what failed.

    Example: nas-asc status my-study --json
    """
    from nas_asc.cli.display import front_table
    from nas_asc.pareto import hypervolume
    from nas_asc.study import find_study, front_of, is_locked, load_config, load_records, load_repeats, recommended

    folder = find_study(study)
    config, records = load_config(folder), load_records(folder)
    front = front_of(records, config.objectives)
    best = recommended(records, budget=config.budget, objective=config.score, repeats=load_repeats(folder))
    points = [record.objectives for record in records if record.is_complete]
    failed = [record for record in records if record.is_failed]
    rungs, rung_lines = _rung_facts(folder, config, records)
    facts: dict[str, Any] = {
        "study": config.name,
        "budget": config.budget.describe(),
        "is_running": is_locked(folder),
        "n_trials": len(records),
        "n_failed": len(failed),
        **rungs,
        "n_asked": config.n_trials,
        "front": [record.number for record in front],
        "recommended": None if best is None else best.number,
        "hypervolume": hypervolume(points, config.reference_point) if points else 0.0,
    }
    if json:
        print_json(facts | {"trials": [record.to_dict() for record in records]})
        return
    say(config.budget.describe())
    running = {True: "running now", False: "not running", None: "running or not, which cannot be told here"}
    asked = "" if config.n_trials is None else f" of {config.n_trials} asked"
    say(f"study {config.name}: {len(records)} trials{asked}, {len(failed)} failed, {running[facts['is_running']]}")
    if front:
        build_console().print(
            front_table(front, first=best, title=f"front, {len(front)} trials, the recommended one first")
        )
    for line in rung_lines:
        say(line)
    for record in failed:
        say(f"trial {record.number} failed: {record.reason}")
    if best is not None:
        say(f"recommended: trial {best.number}; hypervolume {facts['hypervolume']:.4g}")
    say(f"go on: nas-asc resume {config.name} --trials {max(len(records) + 1, config.n_trials or 0)}")


def _rung_facts(
    folder: Path, config: "StudyConfig", records: "Sequence[TrialRecord]"
) -> tuple[dict[str, Any], list[str]]:
    """What JSON says of trials stopped early, and the lines that say it."""
    from nas_asc.study import agreement_lines, agreements, checkpoint_bytes, rung_entries

    agreed, n_stopped = agreements(rung_entries(records, config.objectives)), sum(each.is_stopped for each in records)
    facts: dict[str, Any] = {
        "n_stopped": n_stopped,
        "checkpoint_bytes": checkpoint_bytes(folder),
        "rung_correlations": [each.correlation for each in agreed],
    }
    size = format_short(facts["checkpoint_bytes"])
    lines = [f"{n_stopped} stopped early; their checkpoints take {size}B"] if n_stopped else []
    return facts, lines + agreement_lines(agreed, n_rungs=len(config.rungs))


def report(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...", help="Name of a study under ./studies, or the path of its folder; several to compare."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the files; the page of several studies. Default: the study's, here."),
    ] = None,
) -> None:
    """Write a study's report.html and front.csv, or one page that compares several studies; print where it is.

    Example: nas-asc report my-study

    Example: nas-asc report my-study another-study
    """
    from nas_asc.study import find_study

    first, *others = map(find_study, studies)
    if others:
        from nas_asc.report import write_comparison

        print(write_comparison([first, *others], out or Path("comparison.html")))
        return
    from nas_asc.session import write_study_report

    print(write_study_report(first, out=out))


def reopen(
    study: str,
    *,
    cache: Path | None = None,
    cache_bytes: int | None = None,
    torch_device: str | tuple[str, ...] = "auto",
    quiet: bool = False,
) -> "Session":
    """The session of a study; its budget is the first line printed unless `quiet`, progress goes to stderr.

    A time limit counts from here.

    Args:
        study: Its name, or the path of its folder.
        cache: Where features are kept; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        torch_device: Where to train, or where each worker does.
        quiet: Whether the budget is not printed.

    Raises:
        NasAscError: There is no such study, or what it was searched with is gone or cannot be read.
    """
    from nas_asc.study import find_study, load_config

    began = WALL_CLOCK.now()
    if not quiet:
        say(load_config(find_study(study)).budget.describe())  # before torch is loaded
    from nas_asc.cli.display import FeatureDisplay
    from nas_asc.session import reopen_session

    session = reopen_session(
        study, torch_device=torch_device, cache=cache, cache_bytes=cache_bytes, listener=FeatureDisplay()
    )
    session.began = began
    return session


def evaluate(
    study: opt.StudyName,
    trial: Annotated[
        int | None, typer.Option("--trial", help="A trial's network as it was trained. Default: the final network.")
    ] = None,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Score a network of a study on the test clips; nothing else reads them.

    Example: nas-asc evaluate my-study
    """
    session = reopen(study, cache=cache, torch_device=torch_device, quiet=json)
    result = session.evaluate(number=trial)
    scores, file_scores = result.scores, result.file_scores
    if json:
        values = {"scores": scores.to_dict(), "file_scores": None if file_scores is None else file_scores.to_dict()}
        print_json({"trial": result.record.number, "is_final": result.is_refit, **values})
        return
    weights = "trained on all development clips" if result.is_refit else "as trained in its trial"
    say(f"trial {result.record.number} of {study}, {weights}, on {scores.n_clips:,} test clips:")
    console = build_console()
    columns = [_score_cells(each) for each in (scores, file_scores) if each is not None]
    heads = ("score", "network", "file")[: len(columns) + 1]
    console.print(build_table(heads, [(row[0][0], *(cell[1] for cell in row)) for row in zip(*columns, strict=True)]))
    classes = session.inputs.data_set.classes
    say("of the network, by class:")
    rows = [(name, _percent(value)) for name, value in zip(classes, scores.class_accuracy, strict=True)]
    console.print(build_table(("class", "accuracy"), rows))
    if scores.device_accuracy:
        devices = [
            (device, _percent(value), f"{scores.device_log_loss[device]:.3f}")
            for device, value in scores.device_accuracy.items()
        ]
        console.print(build_table(("device", "accuracy", "log loss"), devices))


def _score_cells(scores: "Scores") -> list[tuple[object, ...]]:
    return [
        ("accuracy", f"{100 * scores.accuracy:.2f} %"),
        ("macro accuracy", f"{100 * scores.macro_accuracy:.2f} %"),
        ("log loss", f"{scores.log_loss:.4f}"),
        ("calibration error", f"{scores.calibration_error:.4f}"),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
