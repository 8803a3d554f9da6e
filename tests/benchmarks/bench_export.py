"""What int8 files cost: every published system and random candidates of every space, trained briefly and exported.

Run: python -m tests.benchmarks.bench_export --random 30
Prints a table in Markdown for each space, with the date, the commit and the machine; every network is kept in a file
as soon as it is done, so that an interrupted run goes on. Networks are trained on at most 100 clips, without pruning
and device adaptation. Export time is that of calibrating, writing, checking and scoring the file; a clip's time is
that of one thread in batches of 32.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean

import numpy as np

from nas_asc.data import load_data_set
from nas_asc.evaluation import PreparedData
from nas_asc.prediction import ModelFile
from nas_asc.space import Design, list_spaces, load_space
from nas_asc.training import prepare_process
from tests.benchmarks.heading import machine, made_by
from tests.evaluation.brief import draw_designs, export_briefly, prepare_some, simplify

N_CLIPS = 100  # to train on, and to score on
_BATCH = 32
Row = dict[str, float]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of recordings, by default the embedded scenes")
    parser.add_argument("--clip", type=float, help="seconds to cut its clips to")
    parser.add_argument("--spaces", nargs="+", default=list_spaces())
    parser.add_argument("--random", type=int, default=30, help="random candidates of each space")
    parser.add_argument("--epochs", type=int, default=1, help="of training; after one some networks know nothing yet")
    parser.add_argument("--keep", type=Path, default=Path("exports.json"), help="file of what is done")
    parser.add_argument("--table", action="store_true", help="print the tables of what is done, and export nothing")
    options = parser.parse_args()
    prepare_process()
    done = json.loads(options.keep.read_text()) if options.keep.is_file() else {}
    prepared = prepare_some(load_data_set(options.data, clip_s=options.clip), N_CLIPS, N_CLIPS, None)
    for space in options.spaces:
        for name, design in [] if options.table else list_designs(space, prepared, n_random=options.random):
            key = key_of(prepared, options.epochs, space, name)
            if key not in done:
                done[key] = measure(design, prepared, name=f"{space} {name}", epochs=options.epochs)
                options.keep.write_text(json.dumps(done, indent=1))
                print(f"{key}: {format_row(name, done[key])}", flush=True)
    print(format_tables(done, prepared, options))


def list_designs(space: str, prepared: PreparedData, *, n_random: int) -> Iterator[tuple[str, Design]]:
    """Name and design of each system, then of each random candidate."""
    found = load_space(space)
    for name, system in found.systems.items():
        yield name, simplify(found.build_system(system, prepared.task))
    for number, design in enumerate(draw_designs(space, prepared.task, n=n_random)):
        yield random_name(number), design


def random_name(number: int) -> str:
    """Of a random candidate."""
    return f"random {number}"


def key_of(prepared: PreparedData, epochs: int, space: str, name: str) -> str:
    """Name of one network in the file of what is done."""
    return f"{prepared.data_set.digest[:8]} {prepared.data_set.clip_s:g} s, {epochs} epochs, {space}, {name}"


def measure(design: Design, prepared: PreparedData, *, name: str, epochs: int) -> Row:
    """What was measured of one network and its int8 file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        found = export_briefly(design, prepared, path, name=name, epochs=epochs)
        exported = found.exported
        return {
            "params": exported.cost["params"],
            "is_dead": found.is_dead,
            "agreement": exported.agreement,
            "network_loss": exported.network_scores.log_loss,
            "file_loss": exported.scores.log_loss,
            "weight_ratio": exported.weight_bytes / exported.cost["int8_bytes"],
            "file_ratio": exported.file_bytes / exported.cost["int8_bytes"],
            "integer_share": exported.integer_share,
            "export_s": found.export_s,
            "clip_ms": time_clip(path),
        }


def time_clip(path: Path, *, n_rounds: int = 5) -> float:
    """Milliseconds that a file takes for one clip of a batch, the best of some rounds on one thread."""
    file = ModelFile(path)
    clips = np.random.default_rng(0).standard_normal((_BATCH, *file.metadata.in_shape), dtype=np.float32)
    seconds = []
    for _ in range(n_rounds):
        started = time.perf_counter()
        file.log_probabilities(clips)
        seconds.append(time.perf_counter() - started)
    return 1e3 * min(seconds) / _BATCH


def format_tables(done: dict[str, Row], prepared: PreparedData, options: argparse.Namespace) -> str:
    """Markdown table of each space: its systems that are done, then mean and worst of the random candidates."""
    lines = [
        f"{made_by()}, {machine()};"
        f" {prepared.data_set.name}, {prepared.n_validation} clips of {prepared.data_set.clip_s:g} s compared,"
        f" {options.epochs} epochs"
    ]
    for space in options.spaces:
        systems = load_space(space).systems
        keys = {name: key_of(prepared, options.epochs, space, name) for name in systems}
        drawn = [key_of(prepared, options.epochs, space, random_name(number)) for number in range(options.random)]
        drawn = [done[key] for key in drawn if key in done]
        lines += ["", f"### {space}", "", *_HEADER]
        lines += [format_row(name, done[key]) for name, key in keys.items() if key in done]
        if drawn:
            lines += summarise(drawn)
    return "\n".join(lines)


_HEADER = (
    "| network | params | same class | log loss, network | log loss, file | weights / counted bytes"
    " | file / counted bytes | MACs in integers | export | a clip |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def summarise(rows: Sequence[Row]) -> list[str]:
    """Mean and worst of some rows; the agreement is that of networks which do not say the same of every clip."""
    n_dead = sum(bool(row["is_dead"]) for row in rows)
    lively = [row for row in rows if not row["is_dead"]] or rows
    lower_is_worse: dict[bool, Callable[..., float]] = {True: min, False: max}

    def combine(choose: Callable[[str], Callable[..., float]]) -> Row:
        return {
            column: choose(column)([row[column] for row in (lively if column == "agreement" else rows)])
            for column in rows[0]
        }

    return [
        format_row(f"{len(rows)} random ({n_dead} dead), mean", combine(lambda _: mean)),
        format_row("worst", combine(lambda column: lower_is_worse[column in ("agreement", "integer_share")])),
    ]


def format_row(name: str, row: Row) -> str:
    """Line of the table."""
    return (
        f"| {name} | {row['params']:,.0f} | {100 * row['agreement']:.1f} % | {row['network_loss']:.3f}"
        f" | {row['file_loss']:.3f} | {row['weight_ratio']:.2f} | {row['file_ratio']:.2f}"
        f" | {100 * row['integer_share']:.0f} % | {row['export_s']:.2f} s | {row['clip_ms']:.2f} ms |"
    )


if __name__ == "__main__":
    main()
