"""Is a search worth its time? `nas-asc search` against no search and other rivals, at equal wall time.

Run: python -m tests.benchmarks.bench_worth --minutes 8 [--data DATA [--folds]] [--only ours,none] [--seeds 3]
"ours" is the command with default options. "none" trains the guesses of `asc` once, then the best of them for 3, 6 and
10 times as long, as long as there is time, and refits it as `nas-asc search` would by these trainings. "mutations"
changes one or two axes of the best at random after the guesses; "random" draws what fits; "tpe" is plain Optuna, told
what does not fit as a broken constraint. These three share our repeats and refit. With --folds, seed s keeps fold s + 1
for the test. Test clips are read once, at the end, by the int8 file. Each row is a process with a study and a cache of
its own, kept under --folder with the share of the processor that it got: a row of less than 90 % is void and run again,
and an interrupted run goes on. What runs beside it with `nice -n 19` has only what the row leaves, and is not counted.
Prints a table in Markdown with the date, the commit and the machine, and how much each rival's log loss is above ours
with its interval of 95 %: bootstrap draws of recording groups, the same for both, and of seeds; with --folds the clips
of all folds are pooled.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from nas_asc.budget import parse_budget
from nas_asc.clock import TimeLimit
from nas_asc.evaluation import export_network, predict_file
from nas_asc.handover import RepeatRun, evaluate_study, find_network, race_leaders, refit_recommended
from nas_asc.metrics import clip_losses, percentile_interval, resample_means
from nas_asc.plan import plan_time
from nas_asc.propose import Proposal, Screen, TurnProposer, build_proposer
from nas_asc.search import SilentListener, ask_study, run_search
from nas_asc.session import begin_session, reopen_session
from nas_asc.study import (
    StudyConfig,
    TrialRecord,
    load_config,
    load_records,
    load_refit_card,
    recommend,
)
from tests.benchmarks.bench_equal_time import PlainProposer
from tests.benchmarks.heading import machine, made_by
from tests.benchmarks.processor import read_processor, share_got
from tests.benchmarks.strategies.contestants import build_mutations

CONTESTANTS = ("ours", "none", "mutations", "random", "tpe")
_LENGTHS = (3, 6, 10)
_REFIT_MARGIN = 1.3  # time of a refit in trainings of its length: more clips, and some luck
_ENOUGH = 0.9


class GuessesOnly:
    """The guesses, then nothing."""

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        self._starts = TurnProposer(screen, config, lambda number, n_complete: ()).starts

    def propose(
        self,
        number: int,
        records: Sequence[TrialRecord],
        *,
        avoid: Collection[str] = (),
        running: Collection[str] = (),
    ) -> Proposal | None:
        """The next guess that was not tried."""
        seen = {*avoid, *(record.key for record in records)}
        return next((start for start in self._starts if start.design.key not in seen), None)


_BUILDS: dict[str, Any] = {
    "none": GuessesOnly,
    "mutations": build_mutations,
    "random": build_proposer,
    "tpe": PlainProposer,
}


def run_rival(name: str, folder: Path, options: argparse.Namespace) -> None:
    """One rival's search, its longer trainings and its refit."""
    limit = TimeLimit.after(60 * options.minutes)
    asked = StudyConfig(
        name=folder.name,
        space="asc",
        data=options.data and str(Path(options.data).resolve()),
        budget=parse_budget({"params": options.params, "macs": options.macs}, rules=None, bits=8),
        sampler="random" if name == "random" else "auto",
        warm_start=name != "random",
        scored="int8",
        seed=options.seed,
        test_fold=options.test_fold,
        clip_length_s=options.clip,
        timeout_s=60 * options.minutes,
    )
    session = begin_session(asked, root=folder.parent)
    worker, space = session.worker, session.inputs.space
    plan = plan_time(limit.left_s, worker.prepared, n_seeds=1 if name == "none" else 3, refits=True)
    kept_s = (lambda trial_s: 0.0) if name == "none" else plan.after_trials_s
    run_search(
        ask_study(asked, space, worker.prepared),
        space,
        worker,
        limit=limit,
        kept_s=kept_s,
        folder=folder,
        build=_BUILDS[name],
    )
    config, records = load_config(folder), load_records(folder)
    best = recommend(folder, config, records)
    assert best is not None
    if name == "none":
        _lengthen(folder, config, best, worker, limit)
    else:
        race_leaders(folder, worker, limit=limit.keep(plan.after_repeats_s(best.seconds)))
    refit_recommended(folder, worker, limit=limit)


def _lengthen(folder: Path, config: StudyConfig, best: TrialRecord, worker: Any, limit: TimeLimit) -> None:
    """Train the best guess for longer and longer, as long as there is time for that and for a refit as long."""
    share = (worker.prepared.n_train + worker.prepared.n_validation) / worker.prepared.n_train
    for length in _LENGTHS:
        refit_s = _REFIT_MARGIN * share * length * best.seconds
        run = RepeatRun(folder, config, worker, limit=limit.keep(refit_s), listener=SilentListener())
        if not run.train_one(best, epochs=length * best.epochs):
            break


def run_ours(folder: Path, options: argparse.Namespace) -> None:
    """The command as a user types it."""
    command = ["search", "--budget", options.params, "--macs", options.macs, "--timeout", f"{options.minutes}m"]
    command += ["--study", folder.name, "--seed", str(options.seed), *options.more.split()]
    for option, value in (("--data", options.data), ("--test-fold", options.test_fold)):
        command += [option, str(value)] if value is not None else []
    command += ["--clip", f"{options.clip:g}s"] if options.clip is not None else []
    _call(command, folder)


def _call(command: list[str], folder: Path) -> str:
    program = "import sys; from nas_asc.cli import main; sys.argv[0] = 'nas-asc'; sys.exit(main())"
    root = str(Path(__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-c", program, *command],
        cwd=folder.parents[1],
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return found.stdout


def run_row(options: argparse.Namespace) -> None:
    """One row, in this process: search, then the scores of the int8 file on the test clips."""
    folder = options.folder.resolve() / "studies" / options.row
    os.environ["NAS_ASC_CACHE"] = cache = tempfile.mkdtemp(prefix="cache-", dir=folder.parent)
    started, before = time.perf_counter(), read_processor()
    if options.contestant == "ours":
        run_ours(folder, options)
    else:
        run_rival(options.contestant, folder, options)
    seconds = time.perf_counter() - started
    share = share_got(before, seconds)
    test = evaluate_study(folder, reopen_session(str(folder)).worker)
    config, records = load_config(folder), load_records(folder)
    assert test.file_scores is not None
    best = recommend(folder, config, records)
    assert best is not None
    assert best.scores is not None
    row = {
        "contestant": options.contestant,
        "seed": options.seed,
        "minutes": options.minutes,
        "commit": made_by(),
        "seconds": seconds,
        "processor": share,
        "trials": len(records),
        "recommended": best.number,
        "origin": best.origin,
        "params": best.cost.params,
        "macs": best.cost.macs,
        "validation": best.scores.log_loss,
        "refit_epochs": (load_refit_card(folder) or {})["recipe"]["epochs"],
        "log_loss": test.file_scores.log_loss,
        "accuracy": test.file_scores.accuracy,
        "n_test": test.file_scores.n_clips,
    }
    (folder / "row.json").write_text(json.dumps(row))
    shutil.rmtree(cache)


def read_losses(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Losses of the shipped int8 file on the test clips, (n,) in nats, and the clips' recording groups, (n,)."""
    kept = folder / "losses.npz"
    if not kept.is_file():
        prepared = reopen_session(str(folder)).worker.prepared
        stored = find_network(folder, prepared)
        test = prepared.test_clips(stored.network.log_mel)
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "network.onnx"
            recipe, bits = stored.record.recipe, stored.record.bits
            export_network(path, stored.network, prepared, recipe=recipe, name=folder.name, bits=bits)
            found = predict_file(path, test.clips)
        np.savez(kept, losses=clip_losses(test.labels, found), groups=test.groups)
    arrays = np.load(kept)
    return arrays["losses"], arrays["groups"]


def compare_losses(
    ours: Sequence[tuple[np.ndarray, np.ndarray]], rival: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[float, float, float]:
    """How much a rival's mean log loss is above ours, and the interval of 95 % of that.

    Args:
        ours: For each seed the losses (n,) and recording groups (n,) of the clips.
        rival: The same of the rival, of the same seeds.

    >>> losses, groups = np.array([0.1, 0.3]), np.array(["a", "b"])
    >>> [round(value, 9) for value in compare_losses([(losses, groups)], [(losses + 0.5, groups)])]
    [0.5, 0.5, 0.5]
    """
    same = all(np.array_equal(groups, ours[0][1]) for _, groups in ours)
    join = np.stack if same else lambda each: np.concatenate(each)[None]
    values = [join([losses for losses, _ in found]) for found in (ours, rival)]
    groups = ours[0][1] if same else np.concatenate([groups for _, groups in ours])
    draws = resample_means(values, groups)
    return float(values[1].mean() - values[0].mean()), *percentile_interval(draws[:, 1] - draws[:, 0])


def format_differences(rows: Sequence[dict[str, Any]], losses: Any) -> str:
    """For each rival one line: its log loss less ours over the seeds that both have.

    Args:
        rows: Rows of `run_row`.
        losses: Gives what `read_losses` gives of a contestant's name and a seed.
    """
    seeds = {name: {row["seed"] for row in rows if row["contestant"] == name} for name in CONTESTANTS}
    lines = []
    for name in CONTESTANTS[1:]:
        if both := sorted(seeds["ours"] & seeds[name]):
            ours, rival = ([losses(each, seed) for seed in both] for each in ("ours", name))
            mean_of, low, high = compare_losses(ours, rival)
            seeds_of = f"{len(both)} seed{'' if len(both) == 1 else 's'}"
            lines.append(f"{name} less ours, {seeds_of}: {mean_of:+.3f} [{low:+.3f}, {high:+.3f}]")
    return "\n".join(lines)


def format_table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows and means, in Markdown."""
    lines = [
        f"{made_by()}, {machine()}",
        "",
        "| | seed | minutes | trials | shipped | params | MACs | refit epochs | validation | test log loss | test |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: (CONTESTANTS.index(row["contestant"]), row["seed"])):
        lines.append(
            f"| {row['contestant']} | {row['seed']} | {row['seconds'] / 60:.1f} | {row['trials']} | {row['origin']}"
            f" | {row['params']:,} | {row['macs'] / 1e6:.1f} M | {row['refit_epochs']} | {row['validation']:.3f}"
            f" | {row['log_loss']:.3f} | {100 * row['accuracy']:.1f} % |"
        )
    for name in CONTESTANTS:
        found = [row for row in rows if row["contestant"] == name]
        if len(found) > 1:
            log_loss, accuracy = (mean(row[key] for row in found) for key in ("log_loss", "accuracy"))
            lines.append(
                f"| **{name}**, mean of {len(found)} | | | | | | | | | {log_loss:.3f} | {100 * accuracy:.1f} % |"
            )
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--data", help="default: synthetic scenes")
    parser.add_argument("--folds", action="store_true", help="seed s keeps fold s + 1 for the test")
    parser.add_argument("--clip", type=float, help="seconds of a clip")
    parser.add_argument("--params", default="128k")
    parser.add_argument("--macs", default="30M")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="ours,none")
    parser.add_argument("--more", default="", help="further options of `nas-asc search`, for ours alone")
    parser.add_argument("--stem", default="worth", help="rows are named by this, the contestant and the seed")
    parser.add_argument("--folder", type=Path, default=Path("worth"))
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--test-fold", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with contextlib.suppress(OSError):  # else Linux gives a nice process of another terminal as much as this one
        Path("/proc/self/autogroup").write_text("-19")
    if options.row is not None:
        run_row(options)
        return
    rows = []
    for seed in range(options.seeds):
        for name in options.only.split(","):
            rows.append(_row(name, seed, options))
            print(json.dumps(rows[-1]), flush=True)
    print(format_table(rows))
    print(format_differences(rows, lambda name, seed: read_losses(_folder(name, seed, options))))


def _folder(name: str, seed: int, options: argparse.Namespace) -> Path:
    return options.folder.resolve() / "studies" / f"{options.stem}-{name}-{seed}"


def _row(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """A row that is there, or one that is run in a process of its own until it had the processor."""
    folder = _folder(name, seed, options)
    for attempt in range(3):
        kept = folder / "row.json"
        if kept.is_file():
            row: dict[str, Any] = json.loads(kept.read_text())
            if row["processor"] >= _ENOUGH:
                return row
        if folder.is_dir():
            folder.rename(folder.with_name(f".void-{folder.name}-{int(time.time())}-{attempt}"))
        folder.parent.mkdir(parents=True, exist_ok=True)
        more = ["--row", folder.name, "--contestant", name, "--seed", str(seed)]
        more += ["--test-fold", str(seed + 1)] if options.folds else []
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_worth", *sys.argv[1:], *more], check=True)
    return json.loads((folder / "row.json").read_text())


if __name__ == "__main__":
    main()
