"""Check what a search left on disk, reading SQLite, CSV, TOML and text alone.

Use: check_study.py FOLDER TRIALS PARAMS MACS
"""

import csv
import re
import sqlite3
import sys
import tomllib
from pathlib import Path

_LOADS = re.compile(r"""<(script|link|img|iframe)[^>]+(src|href)=["']?(https?:)?//""")


def main(folder: Path, n_trials: int, max_params: int, max_macs: int) -> None:
    """Exit with a message at the first thing that is not as promised."""
    states = [row[0] for row in sqlite3.connect(folder / "study.db").execute("select state from trials")]
    check(len(states) == n_trials, f"{len(states)} trials in study.db instead of {n_trials}")
    check(set(states) == {"COMPLETE"}, f"states in study.db: {sorted(set(states))}")
    check(bool(tomllib.loads((folder / "study.toml").read_text())), "study.toml is empty")
    files = sorted(path.name for path in (folder / "trials").iterdir())
    check(sorted(map(int, files)) == list(range(n_trials)), f"folders under trials/: {files}")
    with (folder / "front.csv").open(newline="") as stream:
        front = list(csv.DictReader(stream))
    check(bool(front), "front.csv has no rows")
    for row in front:
        check(int(row["params"]) <= max_params, f"trial {row['number']} has {row['params']} parameters")
        check(max(int(row["macs"]), int(row["official_macs"])) <= max_macs, f"trial {row['number']} is over in MACs")
        file = folder / "trials" / row["number"] / "int8.onnx"
        check(file.stat().st_size == int(row["file_bytes"]), f"{file} has not {row['file_bytes']} bytes")
        check(row["log_loss"] == row["int8_log_loss"], f"trial {row['number']} is not scored by its file")
    html = (folder / "report.html").read_text()
    check("<html" in html and html.rstrip().endswith("</html>"), "report.html is cut off")
    check(not _LOADS.search(html), "report.html loads from the network")
    check(not list(folder.rglob("*.tmp*")), "temporary files were left behind")
    print(f"{folder}: {n_trials} trials, {len(front)} on the front, all within the limits")


def check(holds: bool, fault: str) -> None:
    """Exit with the fault unless it holds."""
    if not holds:
        sys.exit(f"check_study: {fault}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
