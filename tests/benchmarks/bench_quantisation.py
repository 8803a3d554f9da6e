"""What 8 bits cost in accuracy, with calibration alone (PTQ) and with training in 8 bits (QAT), on a fold of ESC-10.

Run: python -m tests.benchmarks.bench_quantisation --data ../shared/data/esc10 --study quantisation --search 6m
Members of a study's front, spread over it, are trained at full length on all other folds with some seeds, and scored on
the fold that was never searched: the network in float, and the int8 files as onnxruntime runs them. The study is
searched first where there is none; without --study the members are starting guesses of CP-Mobile. Nothing is chosen by
the scored fold. Training in 8 bits is done twice with one seed: once for the file, once for the network in simulated
integers, which the file has to confirm. Prints a table in Markdown with the date, the commit and the machine; every
training is kept in a file as soon as it is done, so that an interrupted run goes on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import TypeVar

import numpy as np

from nas_asc.cost import count_cost
from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import StudyError
from nas_asc.evaluation import Exported, Outcome, PreparedData, evaluate_candidate, export_network
from nas_asc.evaluation.quantised_training import quantise
from nas_asc.metrics import score_predictions
from nas_asc.models import lower_network
from nas_asc.space import Design, load_space
from nas_asc.study import find_study, front_of, load_config, load_records
from nas_asc.training import CPU, Run, predict, prepare_process
from tests.benchmarks.heading import machine, made_by
from tests.evaluation.brief import with_epochs

SPACE = "cp_mobile"  # of the members without a study
LARGEST_DIFFERENCE = 0.005  # of accuracy, between a file and its simulation
Row = dict[str, float]
Item = TypeVar("Item")


def main() -> None:
    """Run what the command line asks for."""
    options = read_options()
    prepare_process()
    prepared = prepare_fold(options.data, options.test_fold)
    members = study_members(options, prepared) if options.study else guessed_members(prepared, options.members)
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    jobs = [(seed, name) for seed in range(options.seeds) for name in members]
    for number, (seed, name) in enumerate([] if options.table else jobs, start=1):
        key = key_of(name, seed, options)
        if key not in done:
            done[key] = measure(members[name], prepared, seed=seed, epochs=options.epochs, qat_epochs=options.qat)
            options.keep.write_text(json.dumps(done, indent=1))
        print(f"{number} of {len(jobs)}: {key}: {done[key]}", flush=True)
    print(format_table(done, list(members), options))


def read_options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--test-fold", type=int, default=5, help="the fold that is scored")
    parser.add_argument("--study", help="name or folder of a study that was searched with this test fold")
    parser.add_argument("--search", metavar="TIME", help="search the study first where there is none, for so long")
    parser.add_argument("--space", default=SPACE, help="space of that search")
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, help="by default the recipe's")
    parser.add_argument("--qat", type=int, default=10, help="epochs of training in 8 bits")
    parser.add_argument("--keep", type=Path, default=Path("quantisations.json"), help="file of what is done")
    parser.add_argument("--table", action="store_true", help="print the table of what is done, and train nothing")
    return parser.parse_args()


def prepare_fold(data: str, test_fold: int) -> PreparedData:
    """All other folds to train on; the fold in the place of the validation clips, which no training reads."""
    data_set = load_data_set(data)
    split = split_data_set(data_set, seed=0, test_fold=test_fold)
    split = replace(split, train=split.development, validation=split.test, test=split.test[:0])
    return PreparedData(data_set, split)


def study_members(options: argparse.Namespace, prepared: PreparedData) -> dict[str, Design]:
    """Members of a study's front by name, from its smallest to its largest network."""
    try:
        folder = find_study(options.study)
    except StudyError:
        if options.search is None:
            raise
        search(options)
        folder = find_study(options.study)
    config = load_config(folder)
    if (config.data_digest, config.test_fold) != (prepared.data_set.digest, options.test_fold):
        raise SystemExit(f"study {options.study} was searched on other data or with test fold {config.test_fold}.")
    front = sorted(front_of(load_records(folder), config.objectives), key=lambda record: record.cost.params)
    layer_types = load_space(config.space).layer_types
    return {
        f"trial {record.number} of {config.name}": record.design(layer_types)
        for record in spread(front, options.members)
    }


def search(options: argparse.Namespace) -> None:
    """Search a new study of that name without its test fold."""
    words = ["search", "--space", options.space, "--data", options.data, "--budget", "128k", "--macs", "30M"]
    words += ["--test-fold", str(options.test_fold), "--timeout", options.search, "--study", options.study]
    print(f"$ nas-asc {' '.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "nas_asc.cli", *words], check=True)


def guessed_members(prepared: PreparedData, n: int) -> dict[str, Design]:
    """Starting guesses of CP-Mobile by name, from the smallest to the largest."""
    space = load_space(SPACE)
    designs = [space.build(guess, prepared.task) for guess in space.guesses]
    designs.sort(key=lambda design: count_cost(design.architecture).params)
    return {f"{SPACE}, {count_cost(each.architecture).params:,} parameters": each for each in spread(designs, n)}


def spread(items: Sequence[Item], n: int) -> list[Item]:
    """So many of some items, from the first to the last."""
    places = np.unique(np.linspace(0, len(items) - 1, min(n, len(items))).round().astype(int))
    return [items[place] for place in places]


def measure(design: Design, prepared: PreparedData, *, seed: int, epochs: int | None, qat_epochs: int) -> Row:
    """What was measured of one training and its two int8 files."""
    design = design if epochs is None else with_epochs(design, epochs)
    outcome = evaluate_candidate(design, prepared, Run(seed))
    calibrated = export(outcome, design, prepared, seed=seed)
    trained = export(outcome, design, prepared, seed=seed, qat_epochs=qat_epochs)
    cost = count_cost(outcome.network.architecture)
    row = {"params": cost.params, "macs": cost.official_macs, "seconds": outcome.training.seconds}
    row |= {"float": outcome.scores.accuracy, "float_loss": outcome.scores.log_loss}
    for kind, exported in (("ptq", calibrated), ("qat", trained)):
        scores = exported.scores
        row |= {kind: scores.accuracy, f"{kind}_loss": scores.log_loss, f"{kind}_agreement": exported.agreement}
    return row | {"simulated": simulate(outcome, design, prepared, seed=seed, qat_epochs=qat_epochs)}


def export(outcome: Outcome, design: Design, prepared: PreparedData, *, seed: int, qat_epochs: int = 0) -> Exported:
    """What was measured of the int8 file."""
    with tempfile.TemporaryDirectory() as folder:
        return export_network(
            Path(folder) / "int8.onnx",
            outcome.network,
            prepared,
            recipe=design.recipe,
            name="member",
            qat_epochs=qat_epochs,
            qat_run=Run(seed),
            probabilities=outcome.probabilities,
            measures_noise=False,
        )


def simulate(outcome: Outcome, design: Design, prepared: PreparedData, *, seed: int, qat_epochs: int) -> float:
    """Accuracy of the network trained in simulated 8 bits, without a file."""
    model, band_mean, band_std = outcome.network.load()
    log_mel = outcome.network.log_mel
    clips = replace(prepared.train_clips(log_mel), mean=band_mean, std=band_std)
    network = quantise(lower_network(model), clips, Run(seed), recipe=design.recipe, qat_epochs=qat_epochs)
    scored = prepared.validation_clips(log_mel)
    probabilities = predict(network, replace(scored.clips, mean=band_mean, std=band_std), torch_device=CPU)
    return score_predictions(scored.labels, probabilities, scored.devices).accuracy


def key_of(name: str, seed: int, options: argparse.Namespace) -> str:
    """Name of one training in the file of what is done."""
    return f"{name}, fold {options.test_fold}, seed {seed}, {options.epochs or 'full'} epochs, {options.qat} in 8 bits"


_HEADER = (
    "| member | params | MACs | float | PTQ file | QAT file | QAT simulated | same class, PTQ | same class, QAT"
    " | log loss, float | PTQ | QAT |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def format_table(done: dict[str, Row], names: Sequence[str], options: argparse.Namespace) -> str:
    """Markdown table of the members trained with every seed, as means, and whether files confirm simulations."""
    lines = [
        f"{made_by()}, {machine()};"
        f" test fold {options.test_fold}, {options.seeds} seeds, {options.epochs or 'full'} epochs and {options.qat} in"
        " 8 bits",
        "",
        *_HEADER,
    ]
    keys = {name: [key_of(name, seed, options) for seed in range(options.seeds)] for name in names}
    whole = {name: [done[key] for key in found] for name, found in keys.items() if all(key in done for key in found)}
    lines += [format_row(name, rows) for name, rows in whole.items()]
    rows = [row for found in whole.values() for row in found]
    return "\n".join([*lines, format_row("mean", rows), "", confirm(rows)]) if rows else "no member is done"


def format_row(name: str, rows: Sequence[Row]) -> str:
    """Line of the table: means."""
    row = {column: mean(each[column] for each in rows) for column in rows[0]}
    accuracies = [row[kind] for kind in ("float", "ptq", "qat", "simulated", "ptq_agreement", "qat_agreement")]
    return (
        f"| {name} | {row['params']:,.0f} | {row['macs']:,.0f} | "
        + " | ".join(f"{100 * value:.2f} %" for value in accuracies)
        + f" | {row['float_loss']:.3f} | {row['ptq_loss']:.3f} | {row['qat_loss']:.3f} |"
    )


def confirm(rows: Sequence[Row]) -> str:
    """Whether the files trained in 8 bits score what their simulations score, on average over all trainings."""
    difference = mean(row["qat"] for row in rows) - mean(row["simulated"] for row in rows)
    largest = max(abs(row["qat"] - row["simulated"]) for row in rows)
    verdict = "confirm" if abs(difference) <= LARGEST_DIFFERENCE else "DO NOT CONFIRM"
    return (
        f"the QAT files {verdict} the simulation: {100 * difference:+.2f} points on average over {len(rows)} trainings,"
        f" {100 * largest:.2f} at most in one ({100 * LARGEST_DIFFERENCE:.1f} points on average are allowed)"
    )


if __name__ == "__main__":
    main()
