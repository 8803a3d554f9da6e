"""One network or the mean of several, trained each by itself or together, clips varied or not: ESC-10, validation.

Run: python -m tests.benchmarks.bench_members --data ../shared/data/esc10 --epochs 200
For each fold as the test fold, which is not read, 240 clips train and 80 validate. Prints a table in Markdown with the
date and the commit; every training is kept in a file as soon as it is done, so that an interrupted run goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from nas_asc.cost import count_cost
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, evaluate_candidate
from nas_asc.space import Design, load_space
from nas_asc.training import Run, prepare_process
from tests.benchmarks.heading import machine, made_by
from tests.evaluation.brief import with_epochs

SPACE = "asc"
AS_RECORDED = {"pitch_hz": 0, "gain_db": 0, "response": 0.0}
VARIANTS: dict[str, tuple[dict[str, Any], float]] = {  # values of the axes other than the first guess's, member_weight
    "one network": ({}, 1.0),
    "one of stem stride (2, 4)": ({"stem_stride": (2, 4)}, 1.0),
    "the same, clips as recorded": ({"stem_stride": (2, 4), **AS_RECORDED}, 1.0),
    "three of these, each by itself": ({"stem_stride": (2, 4), "n_members": 3}, 1.0),
    "three of these, clips as recorded": ({"stem_stride": (2, 4), "n_members": 3, **AS_RECORDED}, 1.0),
    "three of these, together": ({"stem_stride": (2, 4), "n_members": 3}, 0.0),
    "four of stem stride (4, 4), each by itself": ({"stem_stride": (4, 4), "n_members": 4}, 1.0),
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--keep", type=Path, default=Path("member-trainings.json"), help="file of what is done")
    options = parser.parse_args()
    prepare_process()
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    for fold in options.folds:
        for name in VARIANTS:
            key = key_of(name, fold, options.epochs)
            if key not in done:
                done[key] = train_once(options.data, name, fold=fold, epochs=options.epochs)
                options.keep.write_text(json.dumps(done, indent=1))
            print(f"{key}: {100 * done[key]['accuracy']:.1f} %, {done[key]['log_loss']:.3f}", flush=True)
    print(format_table(done, options))


def train_once(data: Path, name: str, *, fold: int, epochs: int) -> dict[str, float]:
    """Costs, validation scores and seconds of one training."""
    data_set = load_data_set(str(data))
    prepared = PreparedData(data_set, split_data_set(data_set, seed=0, test_fold=fold))
    space, (values, member_weight) = load_space(SPACE), VARIANTS[name]
    design = space.build(space.candidate_from({**space.guesses[0].values, **values}), prepared.task)
    design = Design(design.architecture, design.log_mel, replace(design.recipe, member_weight=member_weight))
    cost = count_cost(design.architecture)
    outcome = evaluate_candidate(with_epochs(design, epochs), prepared, Run())
    return {
        "params": cost.params,
        "macs": cost.official_macs,
        "accuracy": outcome.scores.accuracy,
        "log_loss": outcome.scores.log_loss,
        "seconds": outcome.training.seconds,
    }


def key_of(name: str, fold: int, epochs: int) -> str:
    """Name of one training in the file of what is done."""
    return f"{name}, fold {fold}, {epochs} epochs"


def format_table(done: dict[str, dict[str, float]], options: argparse.Namespace) -> str:
    """Markdown table: costs, then accuracy and log loss of each fold and their means."""
    lines = [
        f"{made_by()}, {machine()}; {options.epochs} epochs",
        "",
        f"| network | params | MACs |{''.join(f' test fold {fold} |' for fold in options.folds)} mean | seconds |",
        f"|---|---|---|{'---|' * len(options.folds)}---|---|",
    ]
    for name in VARIANTS:
        found = [done[key_of(name, fold, options.epochs)] for fold in options.folds]
        means = {score: mean(one[score] for one in found) for score in ("accuracy", "log_loss", "seconds")}
        cells = [f"{100 * one['accuracy']:.1f} %, {one['log_loss']:.3f}" for one in (*found, means)]
        lines.append(
            f"| {name} | {found[0]['params']:,} | {found[0]['macs']:,} | {' | '.join(cells)} | {means['seconds']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
