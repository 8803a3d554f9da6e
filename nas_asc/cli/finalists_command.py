"""`nas-asc finalists`: the networks of a study's front over several seeds."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json

if TYPE_CHECKING:
    from nas_asc.cli.setup import Setup
    from nas_asc.handover import FinalistsResult
    from nas_asc.study import Estimate, Finalist, Finals


def finalists(
    study: opt.StudyName,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Trainings of each network in all, that of its trial included.", min=2)
    ] = 3,
    members: Annotated[
        int | None, typer.Option("--members", help="Most networks, the best ones. Default: the whole front.", min=1)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Wall time, such as 20m; no training begins that would not end.")
    ] = None,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Train the front's networks again with other seeds: means, intervals, ties.

    What is on disk is not trained again; a run that was interrupted goes on where it was. Where another network is
    recommended by its mean than the one that was trained on all development clips, it is trained so as well.

    Example: nas-asc finalists my-study --seeds 3
    """
    from nas_asc.cli.setup import reopen_setup
    from nas_asc.cli.study_command import make_report
    from nas_asc.study import find_study, load_card, load_config

    timeout_s = opt.parse_timeout(timeout)
    folder = find_study(study)
    setup = reopen_setup(load_config(folder), quiet=json)
    result = run_finalists(
        folder,
        setup,
        seeds=seeds,
        members=members,
        timeout_s=timeout_s,
        torch_device=torch_device,
        cache=cache,
        refit=load_card(folder) is not None,
    )
    if json:
        found = None if result.finals is None else result.finals.to_dict()
        print_json({"n_trained": result.n_trained, "n_left": result.n_left, "finals": found})
    else:
        print_finals(result, folder)
        print(f"report: {make_report(folder, setup.space, setup=setup)}")
    if result.was_interrupted:
        raise typer.Exit(opt.INTERRUPTED)


def run_finalists(
    folder: Path,
    setup: "Setup",
    *,
    seeds: int,
    members: int | None,
    timeout_s: float | None,
    torch_device: str,
    cache: Path | None,
    refit: bool,
) -> "FinalistsResult":
    """What training a study's finalists again ended with; progress goes to stderr.

    Args:
        folder: Of the study.
        setup: What the study was searched with.
        seeds: Trainings of each network in all.
        members: Most networks; None is the whole front.
        timeout_s: Wall time from now; None is no limit.
        torch_device: Where to train.
        cache: Where features are kept; None is the user's cache folder.
        refit: Whether the network that is then recommended is trained once more on all development clips.
    """
    from nas_asc.cli.display import build_display
    from nas_asc.handover import forecast_refit_s, refit_recommended, train_finalists
    from nas_asc.study import load_config
    from nas_asc.training import resolve_device

    with build_display(load_config(folder), n_trials=None, timeout_s=timeout_s) as display:
        prepared, device = setup.prepare(cache, on_progress=display.on_features), resolve_device(torch_device)
        kept_s = forecast_refit_s(folder, prepared) if refit else 0.0
        result = train_finalists(
            folder,
            prepared,
            n_seeds=seeds,
            n_most=members,
            timeout_s=None if timeout_s is None else max(0.0, timeout_s - kept_s),
            layer_types=setup.space.layer_types,
            torch_device=device,
            listener=display,
        )
        if not refit or result.was_interrupted:
            return result
        try:
            refit_recommended(folder, setup.space, prepared, torch_device=device, listener=display)
        except KeyboardInterrupt:
            return replace(result, was_interrupted=True)
        return result


def print_finals(result: "FinalistsResult", folder: Path) -> None:
    """Print means, intervals and ties, and what was left undone.

    Args:
        result: Of the run.
        folder: Of the study.
    """
    if result.finals is not None:
        build_console().print(_table(result.finals))
        print(result.finals.describe())
        for line in _conclusions(result.finals):
            print(line)
    if result.n_left or result.was_interrupted:
        print(f"not all trainings are done: go on with `nas-asc finalists {folder.name}`")


def _table(finals: "Finals") -> object:
    heads = ("trial", "seeds", "log loss", "95 %", "accuracy", "95 %", "on the front", "best", "ties with the best")
    return build_table(heads, map(_cells, finals.finalists), title=f"finalists: {len(finals.finalists)}")


def _cells(finalist: "Finalist") -> tuple[object, ...]:
    log_loss, accuracy = finalist.log_loss, finalist.accuracy
    return (
        finalist.number,
        finalist.n_seeds,
        f"{log_loss.mean:.3f}",
        f"{log_loss.low:.3f} to {log_loss.high:.3f}",
        f"{100 * accuracy.mean:.1f} %",
        _percents(accuracy),
        f"{100 * finalist.front_probability:.0f} %",
        f"{100 * finalist.best_probability:.0f} %",
        finalist.ties_with_best,
    )


def _percents(estimate: "Estimate") -> str:
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def _conclusions(finals: "Finals") -> list[str]:
    best, *others = finals.finalists
    tied = [str(each.number) for each in others if each.ties_with_best]
    lines = [f"best mean {finals.score}: trial {best.number}" + (f", a tie with {', '.join(tied)}" if tied else "")]
    if finals.optimism is not None:
        way = "better" if finals.optimism > 0 else "worse"
        why = ", for the search chose them by that score" if finals.optimism > 0 else ""
        lines.append(
            f"the trials' own trainings scored {abs(finals.optimism):.3f} {way} in {finals.score} than the further ones"
            f" on average{why}"
        )
    return lines
