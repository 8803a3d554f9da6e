"""Instructions of the exported C on an emulated Cortex, step by step, and the formula that is fitted to them.

Run with `python -m tests.benchmarks.bench_instructions --keep FILE [--core m4f] [--candidates 5] [--spaces asc,vgg]`.
Small random candidates of each space, their weights untrained; what is measured is kept in FILE, and a second run with
the same file only fits. Every third candidate is held out of the fit that is judged; the printed coefficients are those
of all. Needs the Debian packages gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import json
import re
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nas_asc.cost import count_cost, list_obstacles
from nas_asc.errors import ExportError, LayerError
from nas_asc.export import build_c, write_c
from nas_asc.export.c.instructions import count_front_end_work, count_step_work
from nas_asc.export.c.network import list_operators
from nas_asc.frontend import Task
from nas_asc.space import Design, list_spaces, load_space
from tests.benchmarks.bench_c import build_drawn
from tests.benchmarks.heading import machine, made_by

MOST_MACS, N_DRAWS, HELD_OUT = 6 * 10**6, 2_000, 3
_CALL = re.compile(r"^    kernel_.*;$", re.MULTILINE)
_CLOCK = "\n#include <stdio.h>\n#include \"qemu/board.h\"\nstatic uint64_t times[{n}];\n"

Row = dict[str, Any]  # kind, work, instructions


def iterate_small(name: str, n_candidates: int) -> Iterator[Design]:
    """Random candidates of a space that the target c runs, with few multiply-accumulates."""
    space, number = load_space(name), 0
    for candidate in space.draw_many(np.random.default_rng(1), N_DRAWS):
        if number == n_candidates:
            return
        try:
            design = space.build(candidate, Task())
            is_small = count_cost(design.architecture).macs < MOST_MACS
        except LayerError:
            continue
        if is_small and not list_obstacles(design.architecture, "c"):
            number += 1
            yield design


def measure_rows(design: Design, core: str) -> list[Row]:
    """What each step of a network and its front end take."""
    clip_s = Task().clip_s
    network, metadata, recordings, _ = build_drawn(design.architecture, design.log_mel, clip_s)
    operators = [one for one in list_operators(network) if one.kind != "RESHAPE"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_c(folder, build_c(network, metadata, recordings[0]))
        file = folder / "network.c"
        n_calls = len(_CALL.findall(file.read_text()))
        file.write_text(add_clock(file.read_text()))
        command = ["make", "-s", "-C", place, "qemu", f"CORE={core}"]
        printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    counts = [int(count) for count in re.findall(r"step: (\d+)", printed)][-n_calls:]
    rows = []
    for operator in operators:
        n = len(operator.inputs) if operator.kind == "CONCATENATION" else 1
        taken, counts = counts[:n], counts[n:]
        work = dict(count_step_work(network.model, operator))
        rows.append({"kind": operator.kind, "work": work, "instructions": sum(taken)})
    for part in ("clip", "frame"):
        work = dict(count_front_end_work(design.log_mel, clip_s, part=part))
        found = re.search(rf"{part}: (\d+) instructions", printed)
        assert found is not None
        rows.append({"kind": part, "work": work, "instructions": int(found[1])})
    return rows


def add_clock(text: str) -> str:
    """network.c that prints the instructions of every kernel's call."""
    n = len(_CALL.findall(text))
    numbers = iter(range(1, n + 1))
    text = _CALL.sub(lambda call: f"{call[0]}\n    times[{next(numbers)}] = board_count_instructions();", text)
    text = text.replace("#include \"kernel.h\"\n", "#include \"kernel.h\"\n" + _CLOCK.format(n=n + 1), 1)
    head, body = text.split("const int8_t *network_run(void)\n{\n")
    body, tail = body.rsplit("    return arena", 1)
    loop = f"    for (int i = 1; i <= {n}; i++) {{\n"
    shown = '        printf("step: %lu\\n", (unsigned long)(times[i] - times[i - 1]));\n    }\n'
    start = "    times[0] = board_count_instructions();\n"
    return f"{head}const int8_t *network_run(void)\n{{\n{start}{body}{loop}{shown}    return arena{tail}"


def fit(rows: list[Row]) -> dict[str, float]:
    """Instructions of one pass of each loop: least squares of relative errors, none below 0.

    Loops of one kernel are fitted together, apart from other kernels'.
    """
    table: dict[str, float] = {}
    for group in group_rows(rows):
        loops = sorted({loop for row in group for loop, count in row["work"].items()})
        counts = np.array([[row["work"].get(loop, 0) for loop in loops] for row in group], float)
        taken = np.array([row["instructions"] for row in group], float)
        table |= dict(zip(loops, solve(counts, taken).tolist(), strict=True))
    return table


def group_rows(rows: list[Row]) -> list[list[Row]]:
    """By kernel; the front end is one."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row["work"]:
            is_front_end = row["kind"] in ("clip", "frame")
            groups.setdefault("front end" if is_front_end else next(iter(row["work"])).split(":")[0], []).append(row)
    return list(groups.values())


def solve(counts: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Least squares with rows weighted between their relative and their absolute error; none below 0."""
    weight = 1 / taken**0.75
    kept = np.flatnonzero(counts.any(axis=0))
    while True:
        scale = np.linalg.norm(counts[:, kept] * weight[:, None], axis=0)
        found = np.linalg.lstsq(counts[:, kept] * weight[:, None] / scale, taken * weight, rcond=1e-6)[0] / scale
        if (found >= 0).all():
            break
        kept = np.delete(kept, found.argmin())
    solution = np.zeros(counts.shape[1])
    solution[kept] = found
    return solution


def price(rows: list[Row], table: Mapping[str, float]) -> tuple[float, float]:
    """Instructions as forecast and as counted."""
    forecast = sum(count * table.get(loop, 0.0) for row in rows for loop, count in row["work"].items())
    return forecast, sum(row["instructions"] for row in rows)


def split(rows: list[Row]) -> dict[str, list[Row]]:
    """The parts that an export's card has."""
    parts = {"network": [row for row in rows if row["kind"] not in ("clip", "frame")]}
    return parts | {part: [row for row in rows if row["kind"] == part] for part in ("clip", "frame")}


def print_errors(measured: dict[str, list[list[Row]]]) -> None:
    """The errors on candidates that the fit has not seen, family by family."""
    known = [row for family in measured.values() for number, one in enumerate(family) if number % HELD_OUT for row in one]
    table = fit(known)
    print("| space | held out | network | clip | frame | clip and network, worst | by a fit without this space |")
    print("|---|---|---|---|---|---|---|")
    for name, family in measured.items():
        others = fit([row for other, found in measured.items() if other != name for one in found for row in one])
        held = [one for number, one in enumerate(family) if number % HELD_OUT == 0]
        errors = {part: [_error(split(one)[part], table) for one in held] for part in ("network", "clip", "frame")}
        totals = [_error([row for row in one if row["kind"] != "frame"], table) for one in held]
        strange = [_error(split(one)["network"], others) for one in family]
        cells = [f"{np.abs(found).max():.1%}" for found in (*errors.values(), totals, strange)]
        print(f"| {name} | {len(held)} of {len(family)} | {' | '.join(cells)} |")


def _error(rows: list[Row], table: Mapping[str, float]) -> float:
    forecast, counted = price(rows, table)
    return forecast / counted - 1


def print_kinds(rows: list[Row], table: Mapping[str, float]) -> None:
    """The errors of each kind of step."""
    print("\n| kind | steps | instructions | error in total | mean error | worst |\n|---|---|---|---|---|---|")
    for kind in sorted({row["kind"] for row in rows}):
        group = [row for row in rows if row["kind"] == kind]
        errors = [abs(_error([row], table)) for row in group]
        taken = sum(row["instructions"] for row in group)
        print(
            f"| {kind} | {len(group)} | {taken / 1e6:.1f} M | {_error(group, table):+.1%} | {np.mean(errors):.1%} |"
            f" {max(errors):.1%} |"
        )


def main() -> None:
    """Measure what the file has not, fit, and print errors and coefficients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--core", default="m4f")
    parser.add_argument("--candidates", type=int, default=5)
    parser.add_argument("--spaces", default=",".join(list_spaces()))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured: dict[str, list[list[Row]]] = json.loads(arguments.keep.read_text()) if arguments.keep.exists() else {}
    for name in arguments.spaces.split(","):
        if name in measured:
            continue
        measured[name] = []
        for design in iterate_small(name, arguments.candidates):
            try:
                measured[name].append(measure_rows(design, arguments.core))
            except ExportError as error:
                print(f"{name}: refused: {error}", flush=True)
        arguments.keep.write_text(json.dumps(measured))
        print(f"{name}: {len(measured[name])}", flush=True)
    measured = {name: family for name, family in measured.items() if family}
    rows = [row for family in measured.values() for one in family for row in one]
    print(f"{made_by()}, {machine()}, {arguments.core}\n")
    print_errors(measured)
    table = fit(rows)
    print_kinds(rows, table)
    print()
    for loop, value in table.items():
        print(f'    "{loop}": {float(f"{value:.4g}")},')


if __name__ == "__main__":
    main()
