"""A network in int8 as one C file: constants, a static arena, and the steps in order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nas_asc.cost import Lifetime, count_arena, plan_memory
from nas_asc.export.c.cmsis import format_choice, list_scratches
from nas_asc.export.c.step import StepWriter
from nas_asc.export.tflite_file import TfliteNetwork
from nas_asc.export.tflite_model import Operator, TfliteModel

_HEAD = """\
/* The network, step by step. Written by nas-asc; network.h says how to use it. */
#include "network.h"

#include <stdalign.h>
#include <stddef.h>

#include "kernel.h"
"""


@dataclass(frozen=True)
class CNetwork:
    """A network as C.

    Args:
        text: The text of network.c.
        arena_bytes: The bytes of the values between steps.
        cmsis_arena_bytes: The same with CMSIS-NN's scratch memory, on a core with vectors and on one without.
    """

    text: str
    arena_bytes: int
    cmsis_arena_bytes: tuple[int, int]


def format_network(network: TfliteNetwork) -> CNetwork:
    """C of a network whose steps are all of int8.

    Raises:
        ExportError: A step has no kernel; names it.
    """
    model = network.model
    operators, same, lifetimes = _list_lifetimes(network)
    scratches = [list_scratches(model, operators, has_vectors=has_vectors) for has_vectors in (True, False)]
    plans = [lifetimes, *([*lifetimes, *scratch] for scratch in scratches)]
    names = {one.tensor: f"TENSOR_{one.tensor}" for one in lifetimes}
    places = names | {tensor: names[first] for tensor, first in same.items()}
    writer = StepWriter(model, places)
    lines = []
    for step, operator in enumerate(operators):
        call = writer.write(operator)
        if any(one.first == step for scratch in scratches for one in scratch):
            lines.append(f"KERNEL_SCRATCH(arena + SCRATCH_{step}, SCRATCH_BYTES_{step});")
        if call is not None:
            lines.append(call)
    body = "".join(f"    {line}\n" for line in lines)
    text = f"""\
{_HEAD}
{format_choice(*map(_format_places, plans))}
{writer.constants}
alignas(16) static int8_t arena[NETWORK_ARENA_BYTES];

int8_t *network_input(void)
{{
    return arena + {places[network.input]};
}}

const int8_t *network_run(void)
{{
{body}    return arena + {places[network.output]};
}}
"""
    plain, with_vectors, without = map(count_arena, plans)
    return CNetwork(text, plain, (with_vectors, without))


def _format_places(lifetimes: Sequence[Lifetime]) -> str:
    """Where in the arena each tensor and each step's scratch memory begins."""
    offsets = plan_memory(lifetimes)
    values = {f"TENSOR_{tensor}": place for tensor, place in offsets.items() if tensor >= 0}
    for one in lifetimes:
        if one.tensor < 0:
            values |= {f"SCRATCH_{one.first}": offsets[one.tensor], f"SCRATCH_BYTES_{one.first}": one.size}
    return "enum {\n" + "".join(f"    {name} = {value},\n" for name, value in values.items()) + "};"


def count_c_arena(network: TfliteNetwork) -> int:
    """Bytes of the values between the steps of a network's C, whether or not its steps have kernels."""
    return count_arena(_list_lifetimes(network)[2])


def list_operators(network: TfliteNetwork) -> list[Operator]:
    """The steps of a network's C, in order; a reshape is none, but is among them."""
    return _fuse(network.model)


def _list_lifetimes(network: TfliteNetwork) -> tuple[list[Operator], dict[int, int], list[Lifetime]]:
    """The operators, tensors that are another one's bytes, and how long each is kept."""
    operators = list_operators(network)
    same = _find_reshaped(operators)
    lifetimes = network.model.lifetimes((network.input,), (network.output,), operators)
    return operators, same, _merge(lifetimes, same)


def _fuse(model: TfliteModel) -> list[Operator]:
    """The operators, as one: a softmax in int16 and its way to int8, zeros around a map and their reader."""
    n_reads = Counter(tensor for operator in model.operators for tensor in operator.inputs)
    run: list[Operator] = []
    for operator in model.operators:
        before = run[-1] if run else None
        if before is None or before.output != operator.inputs[0] or n_reads[before.output] > 1:
            run.append(operator)
        elif (before.kind, operator.kind) == ("SOFTMAX", "QUANTIZE"):
            run[-1] = replace(before, output=operator.output)
        elif before.kind == "PAD" and operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            sides = model.values(before.inputs[1])
            assert sides is not None
            options = {**operator.options, "PadTop": int(sides[1][0]), "PadLeft": int(sides[2][0])}
            run[-1] = replace(operator, inputs=(before.inputs[0], *operator.inputs[1:]), options=options)
        else:
            run.append(operator)
    return run


def _find_reshaped(operators: Sequence[Operator]) -> dict[int, int]:
    """Tensors that are another one's bytes in another shape, and whose."""
    same: dict[int, int] = {}
    for operator in operators:
        if operator.kind == "RESHAPE":
            same[operator.output] = same.get(operator.inputs[0], operator.inputs[0])
    return same


def _merge(lifetimes: Sequence[Lifetime], same: dict[int, int]) -> list[Lifetime]:
    """Lifetimes with what is the same bytes taken as one tensor."""
    merged: dict[int, Lifetime] = {}
    for one in lifetimes:
        first = same.get(one.tensor, one.tensor)
        known = merged.get(first, one)
        merged[first] = replace(known, tensor=first, last=max(known.last, one.last))
    return list(merged.values())
