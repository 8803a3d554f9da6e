"""What a change of the recipe is worth to a guess of `asc`, after short and after long trainings.

Run: python -m tests.benchmarks.bench_tune --keep FILE [--data DATA] [--guess 1] [--lengths 1,3] [--seeds 1]
A guess is trained as it is and with each change, and scored on the validation clips. A training is appended to FILE as
soon as it is done, so that an interrupted run goes on. Prints a table in Markdown with the date and the commit.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from nas_asc.budget import parse_budget
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, evaluate_candidate
from nas_asc.metrics import score_predictions
from nas_asc.propose import Screen
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import Candidate, load_space
from nas_asc.training import Run, default_epochs, prepare_process
from tests.benchmarks.heading import machine, made_by

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "rate 0.01": {"learning_rate": 0.01},
    "not mixed": {"mixing": "none", "mixing_alpha": None},
    "both": {"learning_rate": 0.01, "mixing": "none", "mixing_alpha": None},
    "both, no shift in pitch": {"learning_rate": 0.01, "mixing": "none", "mixing_alpha": None, "pitch_hz": 0},
    "rate 0.01, mixed less": {"learning_rate": 0.01, "mixing_alpha": 0.1},
}


def format_table(rows: list[dict[str, Any]]) -> str:
    """Log loss of each change at each length, means over seeds, in Markdown."""
    lengths = sorted({row["epochs"] for row in rows})
    lines = [
        f"{made_by()}, {machine()}",
        "",
        "| recipe | " + " | ".join(f"{length} epochs" for length in lengths) + " |",
        "|---" * (1 + len(lengths)) + "|",
    ]
    for name in CHANGES:
        found = [[row["log_loss"] for row in rows if (row["change"], row["epochs"]) == (name, n)] for n in lengths]
        lines.append(f"| {name} | " + " | ".join(f"{mean(each):.3f}" if each else "-" for each in found) + " |")
    return "\n".join(lines)


def add_guess_options(parser: argparse.ArgumentParser) -> None:
    """Options of a benchmark of one guess: the data, the limits, which guess, where to keep what is done."""
    parser.add_argument("--data", help="default: synthetic scenes")
    parser.add_argument("--clip", type=float, help="seconds of a clip")
    parser.add_argument("--test-fold", type=int)
    parser.add_argument("--params", default="128k")
    parser.add_argument("--macs", default="30M")
    parser.add_argument("--guess", type=int, default=1, help="which of the first networks of a search")
    parser.add_argument("--keep", type=Path, required=True, help="file of what is done")


def find_guess(options: argparse.Namespace) -> tuple[PreparedData, Screen, Candidate]:
    """Clips, what fits, and the guess that the options name."""
    prepare_process()
    data_set = load_data_set(options.data, clip_s=options.clip)
    prepared = PreparedData(data_set, split_data_set(data_set, seed=0, test_fold=options.test_fold))
    budget = parse_budget({"params": options.params, "macs": options.macs}, rules=None, bits=8)
    screen = Screen(load_space("asc"), prepared.task, budget=budget)
    return prepared, screen, warm_start(screen, seed=0)[options.guess - 1].candidate


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_guess_options(parser)
    parser.add_argument("--lengths", default="1,3", help="multiples of the usual number of epochs")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    prepared, screen, guess = find_guess(options)
    space = screen.space
    usual = default_epochs(prepared.n_train)
    options.keep.touch()
    for seed in range(options.seeds):
        for epochs in (int(times) * usual for times in options.lengths.split(",")):
            for name, values in CHANGES.items():
                rows = [json.loads(line) for line in options.keep.read_text().splitlines()]
                job = {"change": name, "epochs": epochs, "seed": seed}
                if any(job.items() <= row.items() for row in rows):
                    continue
                design = space.build(space.candidate_from({**guess.values, **values}), prepared.task)
                design = replace(design, recipe=replace(design.recipe, epochs=epochs))
                started = time.perf_counter()
                found = evaluate_candidate(design, prepared, Run(seed))
                scores = score_predictions(prepared.validation_clips(design.log_mel).labels, found.probabilities)
                row = job | {"log_loss": scores.log_loss, "accuracy": scores.accuracy}
                row["seconds"] = time.perf_counter() - started
                with options.keep.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(row, flush=True)
    print(format_table([json.loads(line) for line in options.keep.read_text().splitlines()]))


if __name__ == "__main__":
    main()
