"""Search once for each fold as the test fold, and score what is recommended on the fold its search never saw.

Run: python -m tests.benchmarks.bench_folds --data ../shared/data/esc10 --timeout 12m
Prints the commands, their output, and a table in Markdown with the date and the commit.
"""

import argparse
import json
import subprocess
import sys
from statistics import mean

from tests.benchmarks.heading import machine, made_by

_NAS_ASC = [sys.executable, "-m", "nas_asc.cli"]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--timeout", default="12m")
    parser.add_argument("--options", default="", help="further options of the searches, such as '--mode best'")
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--stem", default="esc10-fold", help="Studies are named by this and the fold's number.")
    arguments = parser.parse_args()
    rows = [search_fold(fold, arguments) for fold in arguments.folds]
    print(format_table(rows))


def search_fold(fold: int, arguments: argparse.Namespace) -> dict[str, object]:
    """Facts of one fold: its search, then the one reading of its test clips."""
    study = f"{arguments.stem}{fold}"
    words = ["--data", arguments.data, "--budget", "128k", "--macs", "30M", "--test-fold", str(fold)]
    run("search", *words, *arguments.options.split(), "--timeout", arguments.timeout, "--study", study)
    run("evaluate", study)
    evaluated = json.loads(run("evaluate", study, "--json", quiet=True))
    status = json.loads(run("status", study, "--json", quiet=True))
    (record,) = [each for each in status["trials"] if each["number"] == evaluated["trial"]]
    return {
        "fold": fold,
        "trials": status["n_trials"],
        "front": len(status["front"]),
        "cost": record["cost"],
        "validation": record["scores"],
        "test": evaluated["scores"],
        "file": evaluated["file_scores"],
        "is_final": evaluated["is_final"],
    }


def run(*words: str, quiet: bool = False) -> str:
    """Standard output of a command, which is shown with it unless `quiet`."""
    if not quiet:
        print(f"$ nas-asc {' '.join(words)}", flush=True)
    done = subprocess.run([*_NAS_ASC, *words], stdout=subprocess.PIPE, stderr=None, text=True, check=True)
    if not quiet:
        print(done.stdout, flush=True)
    return done.stdout


def format_table(rows: list[dict[str, object]]) -> str:
    """Markdown table of the folds and their mean."""
    lines = [
        f"{made_by()}, {machine()}",
        "",
        "| test fold | trials | front | params | MACs | validation accuracy | test clips | test accuracy | log loss"
        " | int8 file's test accuracy |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cost, validation, test = row["cost"], row["validation"], row["test"]
        lines.append(
            f"| {row['fold']} | {row['trials']} | {row['front']} | {cost['params']:,} | {cost['official_macs']:,}"
            f" | {100 * validation['accuracy']:.1f} % | {test['n_clips']} | {100 * test['accuracy']:.1f} %"
            f" | {test['log_loss']:.3f} | {100 * row['file']['accuracy']:.1f} % |"
        )
    network, file = (mean(100 * row[name]["accuracy"] for row in rows) for name in ("test", "file"))
    means = f"mean test accuracy over {len(rows)} folds: {network:.2f} %, of the int8 files {file:.2f} %"
    return "\n".join([*lines, "", means])


if __name__ == "__main__":
    main()
