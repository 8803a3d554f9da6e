"""`nas-asc finalists`: the networks of a study's front over several seeds."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, build_table, print_json, say
from nas_asc.cli.worker_options import WorkerOptions

if TYPE_CHECKING:
    from nas_asc.handover import RepeatsResult
    from nas_asc.study import Estimate, RepeatedTrial, RepeatSummary


@spread_groups
def finalists(
    study: opt.StudyName,
    *,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Trainings of each network in all, that of its trial included.", min=2)
    ] = 3,
    members: Annotated[
        int | None, typer.Option("--members", help="Most networks, the best ones. Default: the whole front.", min=1)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Wall time, such as 20m; no training begins that would not end.")
    ] = None,
    workers: WorkerOptions,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Train the front's networks again with other seeds: means, intervals, ties.

    What is on disk is not trained again; a run that was interrupted goes on where it was. Where another network is
    recommended by its mean than the one that was trained on all development clips, it is trained so as well.

    Example: nas-asc finalists my-study --seeds 3
    """
    from nas_asc.cli.live_display import build_display
    from nas_asc.cli.study_command import reopen

    timeout_s = words.parse_timeout(timeout)
    session = reopen(study, cache=cache, torch_device=torch_device, quiet=json)
    workers.apply(session)
    with build_display(replace(session.config, n_trials=None, timeout_s=timeout_s)) as session.listener:
        result = session.repeat(n_seeds=seeds, n_most=members, timeout_s=timeout_s)
    if json:
        found = None if result.summary is None else result.summary.to_dict()
        print_json({"n_trained": result.n_trained, "n_left": result.n_left, "finals": found})
    else:
        print_repeats(result, session.folder)
        say(f"report: {session.report()}")
    if result.was_interrupted:
        raise typer.Exit(opt.INTERRUPTED)


def print_repeats(result: "RepeatsResult", folder: Path) -> None:
    """Print means, intervals and ties, and what was left undone.

    Args:
        result: The result of the run.
        folder: The folder of the study.
    """
    if result.summary is not None:
        build_console().print(_table(result.summary))
        say(result.summary.describe())
        for line in _conclusions(result.summary):
            say(line)
    has_begun = result.summary is not None or result.n_trained > 0
    if (result.n_left and has_begun) or result.was_interrupted:
        say(f"not all trainings are done: go on with `nas-asc finalists {folder.name}`")


def _table(summary: "RepeatSummary") -> object:
    heads = ("trial", "seeds", "log loss", "95 %", "accuracy", "95 %", "on the front", "best", "ties with the best")
    return build_table(heads, map(_cells, summary.trials), title=f"finalists: {len(summary.trials)}")


def _cells(trial: "RepeatedTrial") -> tuple[object, ...]:
    log_loss, accuracy = trial.log_loss, trial.accuracy
    return (
        trial.number,
        trial.n_seeds,
        f"{log_loss.mean:.3f}",
        f"{log_loss.low:.3f} to {log_loss.high:.3f}",
        f"{100 * accuracy.mean:.1f} %",
        _percents(accuracy),
        f"{100 * trial.front_probability:.0f} %",
        f"{100 * trial.best_probability:.0f} %",
        trial.ties_with_best,
    )


def _percents(estimate: "Estimate") -> str:
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def _conclusions(summary: "RepeatSummary") -> list[str]:
    best, *others = summary.trials
    tied = [str(each.number) for each in others if each.ties_with_best]
    lines = [f"best mean {summary.score}: trial {best.number}" + (f", a tie with {', '.join(tied)}" if tied else "")]
    if summary.optimism is not None:
        way = "better" if summary.optimism > 0 else "worse"
        why = ", for the search chose them by that score" if summary.optimism > 0 else ""
        lines.append(
            f"the trials' own trainings scored {abs(summary.optimism):.3f} {way} in {summary.score} than the further"
            f" ones on average{why}"
        )
    return lines
