"""`nas-asc train`: a published system, or a trial of a study, trained with its own recipe."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.errors import StudyError
from nas_asc.space import Design, Space, find_system, load_space

if TYPE_CHECKING:
    import torch

    from nas_asc.evaluation import PreparedData, SeedResult
    from nas_asc.metrics import Scores
    from nas_asc.training import EpochRow


def train(
    network: Annotated[str, typer.Argument(help="A system from `nas-asc systems`, or study:TRIAL.")],
    data: opt.DataFolder = None,
    subset: opt.Subset = None,
    clip: opt.Clip = None,
    test_fold: opt.TestFold = None,
    cache: opt.CacheFolder = None,
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
    from nas_asc.cli.display import FeatureLine
    from nas_asc.data import load_data_set, split_data_set
    from nas_asc.evaluation import PreparedData, train_seeds
    from nas_asc.training import prepare_process, resolve_device
    from nas_asc.units import parse_duration_s

    prepare_process()
    clip_s = None if clip is None else float(parse_duration_s(clip, what="--clip"))
    data_set = load_data_set(data, subset=subset, clip_s=clip_s)
    split = split_data_set(data_set, seed=seed, test_fold=test_fold)
    prepared = PreparedData(data_set, split, cache_dir=cache, on_progress=FeatureLine())
    design = find_design(network, prepared, load_space(space) if space else None)
    if design.recipe.adaptation is not None and not data_set.has_devices:
        design = replace(design, recipe=replace(design.recipe, adaptation=None))
        print("note: no recording devices are known, so nothing is adapted to them", file=sys.stderr)
    student = "-taught" if teacher else ""
    folder = out or Path("trained") / f"{network.replace(':', '-')}-{data_set.name}{student}"
    if teacher:
        design = _teach(design, teacher, prepared, folder, torch_device=resolve_device(torch_device))
    if not json:
        print(_headline(network, design, prepared), flush=True)
    results = []
    for result in train_seeds(
        network, design, prepared, seeds=range(seed, seed + seeds), folder=folder, epochs=epochs, on_test=test,
        torch_device=resolve_device(torch_device), on_epoch=_print_epoch,
    ):  # fmt: skip
        results.append(result)
        print(_result_line(result), file=sys.stderr, flush=True)
    _conclude(results, folder, json=json)


def _teach(
    design: Design, words: Sequence[str], prepared: "PreparedData", folder: Path, *, torch_device: "torch.device"
) -> Design:
    from nas_asc.cli.teacher import find_teachers
    from nas_asc.evaluation import learn_from, write_teacher_logits

    teachers = [teacher for word in words for teacher in find_teachers(word, prepared)]
    print(f"learning from {', '.join(teacher.name for teacher in teachers)}", file=sys.stderr, flush=True)
    logits = write_teacher_logits(teachers, prepared, folder, torch_device=torch_device)
    return replace(design, recipe=learn_from(design.recipe, logits))


def find_design(network: str, prepared: "PreparedData", space: Space | None = None) -> Design:
    """Design behind a system's name or study:TRIAL, for the classes and the clip length of the data.

    Args:
        network: What the user named.
        prepared: What it will be trained on.
        space: Space of the user's own systems.

    Raises:
        SpaceError: There is no such system.
        StudyError: There is no such study or trial, or it was made for other clips.
        LayerError: The network cannot take the data's clips.
    """
    if ":" in network:
        return _design_of_trial(network, prepared)
    if space is None or network not in space.systems:
        space, system = find_system(network)
    else:
        system = space.systems[network]
    return space.build_system(system, prepared.task)


def _design_of_trial(network: str, prepared: "PreparedData") -> Design:
    from nas_asc.cli.space_source import load_studied_space
    from nas_asc.layers import parse_architecture
    from nas_asc.study import find_study, load_config, load_records

    name, _, number = network.rpartition(":")
    folder = find_study(name)
    config = load_config(folder)
    found = {str(record.number): record for record in load_records(folder)}
    if number not in found:
        raise StudyError(f"study {name!r} has no trial {number!r}. It has trials {', '.join(found) or 'none'}.")
    record, task = found[number], prepared.task
    architecture = parse_architecture(record.architecture, load_studied_space(config).layer_types)
    if (architecture.n_classes, architecture.in_shape) != (task.n_classes, record.log_mel.shape(task.clip_s)):
        raise StudyError(
            f"{network} was made for {architecture.n_classes} classes and clips of {config.clip_s:g} s, but the data"
            f" have {task.n_classes} and {task.clip_s:g} s. Give the study's data with --data."
        )
    return Design(architecture, record.log_mel, record.recipe)


def _headline(network: str, design: Design, prepared: "PreparedData") -> str:
    from nas_asc.cost import count_cost
    from nas_asc.units import format_short

    cost = count_cost(design.architecture)
    shape = "x".join(map(str, design.architecture.in_shape))
    return (
        f"{network}: {format_short(cost.params)} parameters, {format_short(cost.official_macs)} MACs on {shape};"
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
        print(_spread([result.validation.accuracy for result in results]))
    print(f"weights, learning curves and scores: {folder}")


def _cells(training: str, clips: str, scores: "Scores") -> tuple[str, ...]:
    percents = (f"{100 * value:.2f} %" for value in (scores.accuracy, scores.macro_accuracy))
    return (training, clips, *percents, f"{scores.log_loss:.4f}")


def _spread(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"accuracy on validation: {100 * mean:.2f} % +- {100 * deviation:.2f} (deviation over {len(values)} seeds)"
