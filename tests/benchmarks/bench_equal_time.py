"""Ours against feasible random search and a user's loop around plain Optuna, at equal wall time on real recordings.

Run: python -m tests.benchmarks.bench_equal_time --data ../shared/data/esc10 --test-fold 5 --timeout 15m --seeds 3
The space is `asc` behind one small front end, so that a trial takes seconds. All three train, score, keep time and
train the recommended network once more in the same way; only what proposes differs. Plain Optuna is TPE on all axes of
the flat space; what does not fit is told as a broken constraint and not trained. The recommended networks' int8 files
are scored on the fold that no search read. Prints a table in Markdown with the date, the commit and the machine; each
search is a study of its own, so that an interrupted run goes on.
"""

import argparse
import re
from collections.abc import Callable, Collection, Sequence
from math import log10
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import optuna

from nas_asc.budget import Budget
from nas_asc.clock import TimeLimit
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, Worker
from nas_asc.handover import evaluate_study, refit_recommended
from nas_asc.pareto import hypervolume
from nas_asc.plan import plan_time
from nas_asc.propose import Proposal, Proposer, Screen, build_proposer
from nas_asc.propose.optuna_study import model_distributions
from nas_asc.search import ask_study, run_search
from nas_asc.space import Space, load_space
from nas_asc.study import StudyConfig, TrialRecord, load_config, load_records, recommended, study_dir
from nas_asc.training import prepare_process, resolve_device
from nas_asc.units import parse_duration_s
from tests.benchmarks.heading import machine, made_by

BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
_MOST_ASKS = 5_000  # a trial
_SMALL = {"sample_rate": "16_000", "window_ms": "64", "hop_ms": "30", "n_mels": "64"}
_WORST = (float(np.log(10)), 8.0, 6.0)  # told of what was not trained: log loss, logarithms of MACs and bytes


class PlainProposer:
    """A user's loop: ask TPE, tell what does not fit, until something fits.

    Args:
        screen: Knows what fits.
        config: Gives the seed.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._screen = screen
        self._distributions = model_distributions(screen.space)
        sampler = optuna.samplers.TPESampler(seed=config.seed)
        self._study = optuna.create_study(directions=["minimize"] * 3, sampler=sampler)
        self._open: dict[str, optuna.Trial] = {}
        self._n_told = 0

    def propose(
        self,
        number: int,
        records: Sequence[TrialRecord],
        *,
        avoid: Collection[str] = (),
        running: Collection[str] = (),
    ) -> Proposal | None:
        """What TPE asks for that fits, repeated designs too."""
        for record in records[self._n_told :]:
            self._tell(record)
        self._n_told = len(records)
        for _ in range(_MOST_ASKS):
            trial = self._study.ask(self._distributions)
            candidate = self._screen.space.decode([trial.params[name] for name in self._distributions])
            is_valid = self._screen.space.broken_requirement(candidate) is None
            proposal = self._screen.admit(candidate, origin="plain") if is_valid else None
            if proposal is not None and proposal.design.key not in avoid:
                trial.set_constraint("excess", 0.0)
                self._open[proposal.design.key] = trial
                return proposal
            trial.set_constraint("excess", min(self._screen.excess(candidate), 10.0) or 1.0)
            self._study.tell(trial, list(_WORST))
        return None

    def _tell(self, record: TrialRecord) -> None:
        trial = self._open.pop(record.key, None)
        if trial is None:
            return
        if record.scores is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        cost = record.cost
        self._study.tell(trial, [record.scores.log_loss, log10(max(cost.macs, 1)), log10(max(cost.int8_bytes, 1))])


Build = Callable[[Screen, StudyConfig], Proposer]
CONTESTANTS: dict[str, tuple[str, bool, Build]] = {  # sampler, warm start, what proposes
    "ours": ("auto", True, build_proposer),
    "random": ("random", False, build_proposer),
    "plain": ("optuna:TPESampler", False, PlainProposer),
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--test-fold", type=int, default=5)
    parser.add_argument("--space", help="a space instead of `asc` behind a small front end")
    parser.add_argument("--timeout", default="15m")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--stem", default="equal-time", help="studies are named by this, the contestant and the seed")
    options = parser.parse_args()
    prepare_process()
    options.space = options.space or str(write_small_space(Path(f"{options.stem}-space.py")))
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for seed in range(options.seeds):
        for name in CONTESTANTS:
            rows[name].append(run(name, seed, options))
            print(f"{name}, seed {seed}: {rows[name][-1]}", flush=True)
    print(format_table(rows, options))


def write_small_space(path: Path) -> Path:
    """Path of a copy of `asc` in which the axes of the front end have one value each."""
    text = (Path(__file__).parents[2] / "search_spaces" / "asc.py").read_text(encoding="utf-8")
    for name, value in _SMALL.items():
        text, n_axes = re.subn(
            rf"^    {name}=choice.*$", f"    {name}=choice({value}, guess={value}),", text, flags=re.M
        )
        assert n_axes == 1
        text = re.sub(rf"^(space\.guess\(.*), {name}=[\d.]+", r"\1", text, flags=re.M)
    path.write_text(text, encoding="utf-8")
    return path


def run(name: str, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """What one search found, and how its recommended network's file does on the test fold."""
    data_set, space = load_data_set(options.data), load_space(options.space)
    prepared = PreparedData(data_set, split_data_set(data_set, seed=seed, test_fold=options.test_fold))
    worker = Worker(prepared, torch_device=resolve_device("auto"), layer_types=space.layer_types)
    study = f"{options.stem}-{name}-{seed}"
    folder = study_dir(study)
    if not (folder / "final").is_dir():
        search(study, folder, space, worker, name, seed, options)
    config, records = load_config(folder), load_records(folder)
    best = recommended(records, budget=config.budget, objective=config.score)
    assert best is not None
    assert best.scores is not None
    points = [record.objectives for record in records if record.is_complete]
    test = evaluate_study(folder, worker)
    assert test.file_scores is not None
    box = float(np.prod(config.reference_point))
    return {
        "trials": len(records),
        "hypervolume": hypervolume(points, config.reference_point) / box,
        "log_loss": best.scores.log_loss,
        "accuracy": best.scores.accuracy,
        "test_accuracy": test.file_scores.accuracy,
        "test_log_loss": test.file_scores.log_loss,
    }


def search(
    study: str, folder: Path, space: Space, worker: Worker, name: str, seed: int, options: argparse.Namespace
) -> None:
    """One search of one contestant, and the last training of what it recommends."""
    sampler, warm_start, build = CONTESTANTS[name]
    timeout_s = parse_duration_s(options.timeout, what="--timeout")
    asked = StudyConfig(
        name=study,
        space=options.space,
        data=str(Path(options.data).resolve()),
        budget=BUDGET,
        sampler=sampler,
        warm_start=warm_start,
        scored="int8",
        seed=seed,
        test_fold=options.test_fold,
        timeout_s=timeout_s,
    )
    run_search(
        ask_study(asked, space, worker.prepared),
        space,
        worker,
        limit=TimeLimit.after(timeout_s),
        kept_s=plan_time(timeout_s, worker.prepared, n_seeds=1, refits=True).after_trials_s,
        folder=folder,
        build=build,
    )
    refit_recommended(folder, worker)


def format_table(rows: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> str:
    """Markdown table: means over seeds, and the spread of the hypervolume and of the test accuracy."""
    lines = [
        f"{made_by()}, {machine()}; space {options.space},"
        f" {options.timeout} a search, {options.seeds} seeds, test fold {options.test_fold}",
        "",
        "| | trials | hypervolume | validation log loss | validation accuracy | test accuracy, int8 file | log loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        means = {key: mean(row[key] for row in found) for key in found[0]}
        spread = {key: stdev(row[key] for row in found) if len(found) > 1 else 0.0 for key in found[0]}
        lines.append(
            f"| {name} | {means['trials']:.1f} | {means['hypervolume']:.4f} ± {spread['hypervolume']:.4f}"
            f" | {means['log_loss']:.3f} | {100 * means['accuracy']:.1f} %"
            f" | {100 * means['test_accuracy']:.1f} ± {100 * spread['test_accuracy']:.1f} %"
            f" | {means['test_log_loss']:.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
