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

from nas_asc.cost import count_cost, count_front_end_work, list_obstacles
from nas_asc.errors import ExportError, LayerError
from nas_asc.export import build_c, write_c
from nas_asc.export.c.instructions import count_step_work
from nas_asc.export.c.network import list_operators
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import (
    Architecture,
    AttentivePool,
    AvgPool,
    BasicBlock,
    Classifier,
    Conv,
    Dense,
    Inception,
    InvertedBottleneck,
    MaxPool,
)
from nas_asc.space import list_spaces, load_space
from tests.benchmarks.bench_c import build_drawn
from tests.benchmarks.heading import machine, made_by

MOST_MACS, N_DRAWS, HELD_OUT = 6 * 10**6, 2_000, 3
ALL = "every kernel"  # networks and front ends of what spaces seldom have; in every fit
STACKS = (
    (
        Conv(8, 5, 2, norm="batch", activation="prelu"),
        InvertedBottleneck(8, 3, activation="prelu"),
        MaxPool((3, 2), stride=(2, 1), padding=(1, 0)),
        Conv(6, 3, groups=2, activation="hardswish"),
        AttentivePool(3),
        Dense(10),
    ),
    (
        Conv(10, (5, 3), (2, 1), "same", activation="silu"),
        AvgPool(3, stride=2, padding=1),
        Inception(4),
        BasicBlock(15, stride=2, activation="prelu"),
        AttentivePool(5, hidden=6, over="time"),
        Dense(32, activation="prelu"),
        Dense(10),
    ),
    (
        Conv(16, 3, 2, norm="batch", activation="silu"),
        Conv(24, 3, groups=8, activation="prelu"),
        Conv(7, 3, 2),
        MaxPool(2),
        AttentivePool(over="time"),
        Dense(100, activation="hardswish"),
        Dense(10),
    ),
    (
        Conv(5, 7, 3, activation="silu"),
        Inception(6, activation="prelu"),
        Conv(9, (3, 1), groups=3, activation="prelu"),
        AttentivePool(1),
        Dense(64),
        Dense(10),
    ),
)
STACK_LOG_MEL = LogMel(sample_rate=16_000, n_fft=512, win_length=400, hop_length=320, n_mels=40)
FRONT_ENDS = tuple(
    LogMel(sample_rate=rate, n_fft=n_fft, win_length=win, hop_length=hop, n_mels=n, f_max=f_max, center=center)
    for rate, n_fft, win, hop, n, f_max, center in (
        (8_000, 256, 200, 80, 24, None, True),
        (8_000, 256, 256, 256, 64, 2_000.0, False),
        (16_000, 512, 512, 160, 32, 3_000.0, True),
        (16_000, 1_024, 640, 640, 128, None, False),
        (22_050, 1_024, 1_024, 441, 40, 4_000.0, False),
        (32_000, 2_048, 1_100, 500, 64, 6_000.0, True),
        (44_100, 2_048, 2_048, 1_500, 200, None, False),
        (32_000, 4_096, 3_072, 500, 256, None, True),
        (44_100, 4_096, 4_096, 2_048, 64, 9_000.0, False),
    )
)
_CALL = re.compile(r"^    kernel_.*;$", re.MULTILINE)
_CLOCK = '\n#include <stdio.h>\n#include "qemu/board.h"\nstatic uint64_t times[{n}];\n'

Row = dict[str, Any]  # kind, work, instructions


def iterate_stacks() -> Iterator[tuple[Architecture, LogMel]]:
    """Networks that have every kernel between them, and front ends of every kind."""
    for layers in STACKS:
        architecture = Architecture(layers, STACK_LOG_MEL.shape(Task().clip_s), 10)
        if obstacles := list_obstacles(architecture, "c"):
            raise ExportError(f"{layers} is refused: {', '.join(obstacles)}")
        yield architecture, STACK_LOG_MEL
    for log_mel in FRONT_ENDS:
        yield Architecture((Conv(4, 3, 4), Classifier()), log_mel.shape(Task().clip_s), 10), log_mel


def iterate_small(name: str, n_candidates: int) -> Iterator[tuple[Architecture, LogMel]]:
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
            yield design.architecture, design.log_mel


def measure_rows(architecture: Architecture, log_mel: LogMel, core: str) -> list[Row]:
    """What each step of a network and its front end take."""
    clip_s = Task().clip_s
    network, metadata, recordings, _ = build_drawn(architecture, log_mel, clip_s)
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
        work = dict(count_front_end_work(log_mel, clip_s, part=part))
        found = re.search(rf"{part}: (\d+) instructions", printed)
        assert found is not None
        rows.append({"kind": part, "work": work, "instructions": int(found[1])})
    return rows


def add_clock(text: str) -> str:
    """network.c that prints the instructions of every kernel's call."""
    n = len(_CALL.findall(text))
    numbers = iter(range(1, n + 1))
    text = _CALL.sub(lambda call: f"{call[0]}\n    times[{next(numbers)}] = board_count_instructions();", text)
    text = text.replace('#include "kernel.h"\n', '#include "kernel.h"\n' + _CLOCK.format(n=n + 1), 1)
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
    known = [
        row
        for name, family in measured.items()
        for number, one in enumerate(family)
        if number % HELD_OUT or name == ALL
        for row in one
    ]
    table = fit(known)
    print("| space | held out | network | clip | frame | clip and network, worst | by a fit without this space |")
    print("|---|---|---|---|---|---|---|")
    for name, family in measured.items():
        if name == ALL:
            continue
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
    parser.add_argument("--spaces", default=",".join((*list_spaces(), ALL)))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured: dict[str, list[list[Row]]] = json.loads(arguments.keep.read_text()) if arguments.keep.exists() else {}
    for name in arguments.spaces.split(","):
        if name in measured:
            continue
        measured[name] = []
        for network in iterate_stacks() if name == ALL else iterate_small(name, arguments.candidates):
            try:
                measured[name].append(measure_rows(*network, arguments.core))
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
