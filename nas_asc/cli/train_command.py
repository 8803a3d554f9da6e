"""`nas-asc train`: a published system, or a trial of a study, trained with its own recipe."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, build_table, print_json, say
from nas_asc.cli.worker_options import WorkerOptions

if TYPE_CHECKING:
    from nas_asc.metrics import Scores
    from nas_asc.session import EpochRow, NetworkTraining, SeedResult


@spread_groups
def train(
    network: Annotated[str, typer.Argument(help="A system from `nas-asc systems`, or study:TRIAL.")],
    *,
    data: opt.DataFolder = None,
    clips: opt.ClipOptions,
    cache: opt.CacheFolder = None,
    cache_size: opt.CacheSize = None,
    space: Annotated[str | None, typer.Option("--space", help="Space file that declares the system.")] = None,
    epochs: opt.Epochs = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher",
            help="A network to learn from: study:TRIAL, or a folder that this command wrote, all its seeds together."
            " May be given several times.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Number of trainings, with seeds from --seed on.", min=1)] = 1,
    seed: opt.Seed = 0,
    workers: WorkerOptions,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the results. Default: trained/<network>-<data>.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Score the test clips too.")] = False,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Train a published system or a study's trial with its own recipe: checkpoint, learning curve, scores.

    Example: nas-asc train CP-Mobile-2024 --data recordings/esc10 --epochs 30 --seeds 3
    """
    from nas_asc.cli.display import FeatureDisplay
    from nas_asc.session import ClipsAsked, open_training

    asked = ClipsAsked(
        data=data,
        subset=clips.subset,
        clip_length_s=clips.clip_s,
        clip_step_s=clips.clip_step_s,
        test_fold=clips.test_fold,
        layout=clips.layout,
        columns=clips.column_names,
        allow_damaged=clips.damaged_share,
        seed=seed,
        cache=cache,
        cache_bytes=words.parse_cache_size(cache_size),
    )
    kind: Any = workers.executor or "processes"  # checked where the workers begin
    ray, listener = workers.ray_of(kind), FeatureDisplay()
    training = open_training(
        network,
        asked,
        space=space,
        out=out,
        is_taught=bool(teacher),
        torch_device=torch_device,
        on_features=listener.on_features,
    )
    for note in training.notes:
        print(f"note: {note}", file=sys.stderr, flush=True)
    if teacher:
        names = training.teach(teacher)
        print(f"learning from {', '.join(names)}", file=sys.stderr, flush=True)
    if not json:
        say(_headline(training))
    results = []
    for result in training.train(
        range(seed, seed + seeds),
        epochs=epochs,
        on_test=test,
        on_epoch=_print_epoch,
        n_workers=workers.workers or 1,
        executor=kind,
        ray=ray,
        listener=listener,
    ):
        results.append(result)
        print(_result_line(result), file=sys.stderr, flush=True)
    _conclude(sorted(results, key=lambda result: result.seed), training.folder, json=json)


def _headline(training: "NetworkTraining") -> str:
    from nas_asc.cost import count_cost
    from nas_asc.units import format_short

    design, prepared = training.design, training.prepared
    cost = count_cost(design.architecture)
    shape = "x".join(map(str, design.architecture.in_shape))
    return (
        f"{training.name}: {format_short(cost.params)} parameters, {format_short(cost.official_macs)} MACs on {shape};"
        f" {prepared.n_train:,} training and {prepared.n_validation:,} validation clips of {prepared.data_set.name}"
    )


def _print_epoch(seed: int, row: "EpochRow", n_epochs: int) -> None:
    text = f"seed {seed}: epoch {row.epoch} of {n_epochs}, loss {row.loss:.4f}, {row.clips_per_s:.0f} clips/s"
    end = "\r" if sys.stderr.isatty() and row.epoch < n_epochs else "\n"
    print(f"{text:<78}", end=end, file=sys.stderr, flush=True)


def _result_line(result: "SeedResult") -> str:
    from nas_asc.units import format_duration

    how = f"trained in {format_duration(result.seconds)}" if result.is_new else "trained before"
    return f"seed {result.seed}: {how}, accuracy {100 * result.validation.accuracy:.2f} % on validation"


def _conclude(results: Sequence["SeedResult"], folder: Path, *, json: bool) -> None:
    if json:
        print_json(
            {
                "folder": str(folder),
                "seeds": [
                    {
                        "seed": result.seed,
                        "seconds": result.seconds,
                        "validation": result.validation.to_dict(),
                        "test": None if result.test is None else result.test.to_dict(),
                    }
                    for result in results
                ],
            }
        )
        return
    rows = [_cells(f"seed {result.seed}", "validation", result.validation) for result in results]
    rows += [_cells(f"seed {result.seed}", "test", result.test) for result in results if result.test is not None]
    build_console().print(build_table(("training", "clips", "accuracy", "macro accuracy", "log loss"), rows))
    if len(results) > 1:
        say(_spread([result.validation.accuracy for result in results]))
    say(f"weights, learning curves and scores: {folder}")


def _cells(training: str, clips: str, scores: "Scores") -> tuple[str, ...]:
    percents = (f"{100 * value:.2f} %" for value in (scores.accuracy, scores.macro_accuracy))
    return (training, clips, *percents, f"{scores.log_loss:.4f}")


def _spread(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"accuracy on validation: {100 * mean:.2f} % +- {100 * deviation:.2f} (deviation over {len(values)} seeds)"
