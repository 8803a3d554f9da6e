"""What each part of a recipe is worth: each switched off, or on, in turn from one good network, on folds of ESC-10.

Run: python -m tests.benchmarks.bench_recipe --data ../shared/data/esc10 --folds 1 2 --seeds 3 --epochs 25
Four folds train and one tests. Prints a table in Markdown with the date and the commit; every training is kept in a
file as soon as it is done, so that an interrupted run goes on.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, score_test, train_design, training_log_mel
from nas_asc.recipe import (
    CosineDecay,
    CrossEntropy,
    CutMix,
    Ema,
    FreqMix,
    FreqMixStyle,
    Gain,
    Mixup,
    PitchShift,
    Recipe,
    Swa,
    TimeMask,
)
from nas_asc.space import load_space
from nas_asc.training import Run, prepare_process
from tests.benchmarks.heading import machine, made_by
from tests.evaluation.brief import with_epochs

DEFAULT = Recipe()
SPACE, WIDTH = "cp_mobile", 24  # the starting guess of that width


def variants() -> dict[str, Recipe]:
    """The default recipe, each part of it switched off in turn, then each other part switched on."""
    found = {"default recipe": DEFAULT}
    for part in DEFAULT.augmentation:
        others = tuple(other for other in DEFAULT.augmentation if other is not part)
        found[f"without {type(part).__name__}"] = replace(DEFAULT, augmentation=others)
    found["no augmentation"] = replace(DEFAULT, augmentation=())
    found["without warm-up"] = replace(DEFAULT, schedule=CosineDecay(0.0))
    found["without weight decay"] = replace(DEFAULT, optimiser=replace(DEFAULT.optimiser, weight_decay=0.0))
    for part in (Gain(), PitchShift(), FreqMixStyle(), TimeMask(0.1)):
        found[f"with {type(part).__name__}"] = replace(DEFAULT, augmentation=(*DEFAULT.augmentation, part))
    for part in (FreqMix(), CutMix()):
        mixed = tuple(part if isinstance(other, Mixup) else other for other in DEFAULT.augmentation)
        found[f"{type(part).__name__} for Mixup"] = replace(DEFAULT, augmentation=mixed)
    found["with label smoothing 0.1"] = replace(DEFAULT, loss=CrossEntropy(0.1))
    found["with Ema"] = replace(DEFAULT, averaging=Ema(0.99))
    found["with Swa"] = replace(DEFAULT, averaging=Swa(5))
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--keep", type=Path, default=Path("recipe-trainings.json"), help="file of what is done")
    parser.add_argument("--table", action="store_true", help="print the table of what is done, and train nothing")
    options = parser.parse_args()
    prepare_process()
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    jobs = [(seed, fold, name) for name in variants() for seed in range(options.seeds) for fold in options.folds]
    for number, (seed, fold, name) in enumerate([] if options.table else jobs, start=1):
        key = key_of(name, fold, seed, options.epochs)
        if key not in done:
            done[key] = train_once(options.data, name, fold=fold, seed=seed, epochs=options.epochs)
            options.keep.write_text(json.dumps(done, indent=1))
        print(f"{number} of {len(jobs)}: {key}: {100 * done[key]['accuracy']:.2f} %", flush=True)
    print(format_table(done, options))


def train_once(data: Path, name: str, *, fold: int, seed: int, epochs: int) -> dict[str, float]:
    """Test accuracy, log loss and seconds of one training on the other four folds."""
    data_set = load_data_set(str(data))
    prepared = PreparedData(data_set, split_data_set(data_set, seed=0, test_fold=fold))
    space = load_space(SPACE)
    candidate = next(guess for guess in space.guesses if guess.values["width"] == WIDTH)
    design = space.build(candidate, prepared.task)
    design = with_epochs(replace(design, recipe=variants()[name]), epochs)
    started = time.perf_counter()
    trained = train_design(design, prepared.development_clips(training_log_mel(design)), Run(seed))
    scores = score_test(trained.network, prepared)
    return {"accuracy": scores.accuracy, "log_loss": scores.log_loss, "seconds": time.perf_counter() - started}


def key_of(name: str, fold: int, seed: int, epochs: int) -> str:
    """Name of one training in the file of what is done."""
    return f"{name}, fold {fold}, seed {seed}, {epochs} epochs"


def is_whole(done: dict[str, dict[str, float]], name: str, options: argparse.Namespace) -> bool:
    """Whether a variant is trained with every seed on every fold."""
    seeds = range(options.seeds)
    return all(key_of(name, fold, seed, options.epochs) in done for fold in options.folds for seed in seeds)


def format_table(done: dict[str, dict[str, float]], options: argparse.Namespace) -> str:
    """Markdown table of whole variants: means over folds and seeds, the spread over seeds of the mean over folds."""
    lines = [
        f"{made_by()}, {machine()}; {SPACE} of width"
        f" {WIDTH}, {options.epochs} epochs, folds {options.folds}, {options.seeds} seeds",
        "",
        "| recipe | accuracy | spread over seeds | against the default | log loss |",
        "|---|---|---|---|---|",
    ]
    whole = [name for name in variants() if is_whole(done, name, options)]
    means = {name: seed_means(done, name, options, "accuracy") for name in whole}
    for name, values in means.items():
        losses = seed_means(done, name, options, "log_loss")
        spread = f"{100 * stdev(values):.2f}" if len(values) > 1 else "-"
        difference = 100 * (mean(values) - mean(means["default recipe"]))
        lines.append(f"| {name} | {100 * mean(values):.2f} % | {spread} | {difference:+.2f} | {mean(losses):.3f} |")
    return "\n".join(lines)


def seed_means(
    done: dict[str, dict[str, float]], name: str, options: argparse.Namespace, score: str
) -> Sequence[float]:
    """For each seed the mean of a score over the folds."""
    return [
        mean(done[key_of(name, fold, seed, options.epochs)][score] for fold in options.folds)
        for seed in range(options.seeds)
    ]


if __name__ == "__main__":
    main()
