"""What each part of a recipe is worth: each switched off in turn from one good network, on folds of ESC-10.

Run: python -m tests.benchmarks.bench_recipe --data ../shared/data/esc10 --folds 1 2 --seeds 3 --epochs 25
Four folds train and one tests. Prints a table in Markdown with the date and the commit; every training is kept in a
file as soon as it is done, so that an interrupted run goes on.
"""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import mean, stdev

import torch

from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, refit, score_test
from nas_asc.recipe import (
    CosineDecay,
    CrossEntropy,
    Ema,
    FreqMask,
    FreqMixStyle,
    Gain,
    Mixup,
    PitchShift,
    Recipe,
    TimeMask,
    TimeRoll,
)
from nas_asc.space import Design, load_space
from nas_asc.training import prepare_process

CPU = torch.device("cpu")
PARTS = (TimeRoll(1.0), Gain(), PitchShift(), FreqMixStyle(), Mixup(0.3), FreqMask(0.2), TimeMask(0.1))
FULL = Recipe(augmentation=PARTS, loss=CrossEntropy(0.1), averaging=Ema(0.99))
SPACE, WIDTH = "cp_mobile", 24  # the starting guess of that width


def variants() -> dict[str, Recipe]:
    """The whole recipe, each part of it switched off in turn, and the project's default."""
    found = {"all parts": FULL}
    for part in PARTS:
        found[f"without {type(part).__name__}"] = replace(
            FULL, augmentation=tuple(other for other in PARTS if other is not part)
        )
    found["without label smoothing"] = replace(FULL, loss=CrossEntropy(0.0))
    found["without Ema"] = replace(FULL, averaging=None)
    found["without warm-up"] = replace(FULL, schedule=CosineDecay(0.0))
    found["without weight decay"] = replace(FULL, optimiser=replace(FULL.optimiser, weight_decay=0.0))
    found["no augmentation"] = replace(FULL, augmentation=())
    found["default recipe"] = Recipe()
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--keep", type=Path, default=Path("recipe-trainings.json"), help="file of what is done")
    options = parser.parse_args()
    prepare_process()
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    jobs = [(seed, fold, name) for seed in range(options.seeds) for fold in options.folds for name in variants()]
    for number, (seed, fold, name) in enumerate(jobs, start=1):
        key = f"{name}, fold {fold}, seed {seed}, {options.epochs} epochs"
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
    design = Design(design.architecture, design.log_mel, variants()[name])
    started = time.perf_counter()
    trained = refit(design, prepared, seed=seed, torch_device=CPU, epochs=epochs)
    scores = score_test(design, trained.state, prepared, torch_device=CPU)
    return {"accuracy": scores.accuracy, "log_loss": scores.log_loss, "seconds": time.perf_counter() - started}


def format_table(done: dict[str, dict[str, float]], options: argparse.Namespace) -> str:
    """Markdown table: means over folds and seeds, the spread over seeds of the mean over folds."""
    commit = subprocess.run(["git", "log", "-1", "--format=%h"], capture_output=True, text=True, check=False).stdout
    lines = [
        f"{date.today()}, commit {commit.strip()}, {platform.machine()}, {os.cpu_count()} cores; {SPACE} of width"
        f" {WIDTH}, {options.epochs} epochs, folds {options.folds}, {options.seeds} seeds",
        "",
        "| recipe | accuracy | spread over seeds | against all parts | log loss |",
        "|---|---|---|---|---|",
    ]
    means = {name: seed_means(done, name, options, "accuracy") for name in variants()}
    for name, values in means.items():
        losses = seed_means(done, name, options, "log_loss")
        spread = f"{100 * stdev(values):.2f}" if len(values) > 1 else "-"
        difference = 100 * (mean(values) - mean(means["all parts"]))
        lines.append(f"| {name} | {100 * mean(values):.2f} % | {spread} | {difference:+.2f} | {mean(losses):.3f} |")
    return "\n".join(lines)


def seed_means(
    done: dict[str, dict[str, float]], name: str, options: argparse.Namespace, score: str
) -> Sequence[float]:
    """For each seed the mean of a score over the folds."""
    return [
        mean(done[f"{name}, fold {fold}, seed {seed}, {options.epochs} epochs"][score] for fold in options.folds)
        for seed in range(options.seeds)
    ]


if __name__ == "__main__":
    main()
