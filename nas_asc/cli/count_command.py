"""`nas-asc count`: what one network takes, layer by layer and under every rule."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from nas_asc.budget import list_counts
from nas_asc.cli.options import Json
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.cost import (
    CostRow,
    cost_on_target,
    count_arena_of,
    count_cost,
    count_rows,
    forecast_network,
    forecast_on_cores,
    list_obstacles,
    receptive_field,
)
from nas_asc.frontend import MICROCONTROLLERS, TARGETS, LogMel
from nas_asc.layers import Architecture
from nas_asc.space import load_space
from nas_asc.units import format_count

_COLUMNS = ("#", "layer", "input", "output", "params", "MACs (pure)", "MACs (official)", "int8 B", "RAM B")


def count(
    network: Annotated[
        str, typer.Argument(help="A system from `nas-asc systems`, an architecture text file, or study:TRIAL.")
    ],
    space: Annotated[
        str | None, typer.Option("--space", help="Space file that defines the layer classes or the system.")
    ] = None,
    static: Annotated[
        bool, typer.Option("--static", help="From the description alone; do not build the module to compare.")
    ] = False,
    json: Json = False,
) -> None:
    """Count a network: parameters, MACs and memory by layer, and the totals under every rule.

    Example: nas-asc count CP-Mobile-2024
    """
    from nas_asc.session import find_architecture, find_front_end

    own = load_space(space) if space else None
    architecture, front_end = find_architecture(network, own), find_front_end(network, own)
    rows, totals = count_rows(architecture), _static_totals(architecture)
    totals |= _target_totals(architecture, *front_end) if front_end else {}
    measured = {} if static else _measured_totals(architecture)
    if json:
        print_json({"network": network, "layers": [row.to_dict() for row in rows], "totals": totals | measured})
        return
    console = build_console()
    console.print(
        build_table(_COLUMNS, _layer_cells(rows), title=f"{network}, one clip of {_shape(architecture.in_shape)}")
    )
    console.print(build_table(("total", "value", "rule"), _total_cells(totals, measured)))


def _static_totals(architecture: Architecture) -> dict[str, Any]:
    frequency, time = receptive_field(architecture)
    obstacles = {target: list(list_obstacles(architecture, target)) for target in TARGETS if target != "any"}
    cost = count_cost(architecture)
    counts = {count.column: count.value(cost) for count in list_counts()}
    return cost.to_dict() | counts | {"receptive_field": [frequency, time], "obstacles": obstacles}


def _target_totals(architecture: Architecture, log_mel: LogMel, clip_s: float) -> dict[str, Any]:
    """The front end, and RAM on each microcontroller target."""
    cost, ram = count_cost(architecture), {}
    for target in MICROCONTROLLERS:
        ram[target] = {
            "network": count_arena_of(architecture, target),
            "with_front_end": cost_on_target(cost, architecture, log_mel, target).ram_bytes,
        }
    return {
        "front_end": log_mel.count(clip_s).to_dict(),
        "network_operations": 2 * cost.macs,
        "front_end_instructions": forecast_on_cores(log_mel, clip_s),
        "network_instructions": forecast_network(architecture),
        "target_ram_bytes": ram,
    }


def _measured_totals(architecture: Architecture) -> dict[str, Any]:
    from nas_asc.models import build_model, count_module, count_thop, explain_thop, fold_branches

    model = fold_branches(build_model(architecture))
    measured = count_module(model, architecture.in_shape)
    thop = count_thop(model, architecture.in_shape)
    return {
        "measured_params": measured.params,
        "measured_macs": measured.macs,
        "measured_official_macs": measured.official_macs,
        "thop_macs": thop.macs,
        "thop_params": thop.params,
        "thop_differences": explain_thop(architecture),
    }


def _layer_cells(rows: Sequence[CostRow]) -> list[tuple[object, ...]]:
    cells: list[tuple[object, ...]] = []
    for row in rows:
        n_members = len(row.members)
        text = f"Ensemble of {n_members} networks" if n_members else row.text
        cells.append((row.index, text, *_value_cells(row)))
        for member, n_alike in Counter(row.members).items():
            times = f"each of {n_alike} alike" if n_alike > 1 else f"member {row.members.index(member) + 1}"
            cells.append(("", f"  {times}:", *[""] * 7))
            cells += [("", f"    {inner[1]}", *inner[2:]) for inner in _layer_cells(member)]
    return cells


def _value_cells(row: CostRow) -> tuple[object, ...]:
    shapes = _shape(row.in_shape), _shape(row.out_shape)
    return (*shapes, row.params, row.macs, row.official_macs, row.int8_bytes, row.ram_bytes)


_FRONT_END_RULES = {
    "window_bytes": "RAM of a window of samples, 16 bits",
    "spectrum_bytes": "RAM of one transform, float32",
    "column_bytes": "RAM of a clip of mel columns, int8",
    "clip_bytes": "RAM of a clip of samples, where clips are heard whole: instead of window and columns",
    "ram_bytes": "RAM of a stream: window, transform and columns",
    "frame_operations": "additions and multiplications of one frame, float32",
    "clip_operations": "of all frames of a clip; a multiply-accumulate is two",
}
_RULES = {
    "receptive_field": "bins x frames of the input that one output position sees",
    "measured_params": "walk over the built module",
    "measured_macs": "FlopCounterMode on the built module",
    "measured_official_macs": "torchinfo's rule on the built module",
    "thop_params": "thop 0.1.1 on a throw-away copy",
    "thop_macs": "thop 0.1.1 on a throw-away copy",
}


def _total_cells(totals: dict[str, Any], measured: dict[str, Any]) -> list[tuple[object, ...]]:
    differences = measured.get("thop_differences", {})
    cells: list[tuple[object, ...]] = []
    rules = _RULES | {count.column: count.rule for count in list_counts()}
    for name, value in (totals | measured).items():
        if name in rules:
            cells.append((name, _shape(value) if isinstance(value, list) else value, rules[name]))
    for name, value in totals.get("front_end", {}).items():
        cells.append((f"front end {name}", value, _FRONT_END_RULES[name]))
    if "network_operations" in totals:
        rule = "two for a multiply-accumulate: of a clip, and of each decision of a stream"
        cells.append(("network operations", totals["network_operations"], rule))
    for core, parts in totals.get("front_end_instructions", {}).items():
        rule = f"of a clip, forecast for the exported C; {format_count(parts['frame'])} of a frame of a stream"
        cells.append((f"front end instructions on {core}", parts["clip"], rule))
    for core, number in totals.get("network_instructions", {}).items():
        rule = "of a clip, and of each decision of a stream; forecast for the exported C"
        cells.append((f"network instructions on {core}", number, rule))
    for target, ram in totals.get("target_ram_bytes", {}).items():
        cells.append((f"RAM on {target}", ram["with_front_end"], f"{format_count(ram['network'])} of it the network"))
    for target, obstacles in totals["obstacles"].items():
        cells.append((f"on {target}", "integers" if not obstacles else "in part float", ", ".join(obstacles)))
    for reason, difference in differences.items():
        cells.append(("  thop - pure", difference, reason))
    if measured:
        rest = measured["thop_macs"] - totals["macs"] - sum(differences.values())
        cells.append(("  thop - pure", rest, "not explained"))
    return cells


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
