"""The memory that a runtime needs between the operators of a network, from the network's description alone."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod

from nas_asc.cost.arena import ALIGNMENT, Lifetime, align, count_arena
from nas_asc.cost.runtime_graph import Operator, RuntimeGraph, build_graph, fuse
from nas_asc.layers import Architecture, Layer, Shape

_SUM_BYTES = 4  # of a value that is summed


def count_arena_of(architecture: Architecture, target: str) -> int:
    """Bytes of memory between the steps of a network in 8 bits, padded copies and copies in float32 included.

    Args:
        architecture: The network.
        target: "c" for the static arena of the C that is exported, "tflite-micro" for the plan in the .tflite file
            and what means take beside it.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    >>> from nas_asc.layers import Conv
    >>> network = Architecture((Conv(8, kernel_size=3, stride=2, padding=1),), (1, 34, 34), 10)
    >>> [count_arena_of(network, target) for target in ("c", "tflite-micro")]
    [3488, 3552]
    """
    return _count(architecture.layers, architecture.in_shape, architecture.n_classes, target)


@lru_cache(maxsize=2**12)
def _count(layers: tuple[Layer, ...], in_shape: Shape, n_classes: int, target: str) -> int:
    graph, ends = build_graph(Architecture(layers, in_shape, n_classes))
    if target == "c":
        return count_arena(_list_lifetimes(fuse(graph.run), *ends, graph.size, merges=True))
    lifetimes = _list_lifetimes(graph.run, *ends, graph.size, merges=False)
    most = count_arena(lifetimes)
    for place, operator in enumerate(graph.run):
        scratch = _count_scratch(graph, operator)
        if scratch:
            live = sum(align(one.size) for one in lifetimes if one.first <= place <= one.last)
            most = max(most, live + scratch)
    return most


def _list_lifetimes(
    run: Sequence[Operator], into: int, output: int, size: Callable[[int], int], *, merges: bool
) -> list[Lifetime]:
    """How long each tensor is kept; with `merges`, a tensor and what reshapes it are one."""
    same: dict[int, int] = {}
    first, last = {into: 0}, dict[int, int]()
    for step, (kind, inputs, written, _) in enumerate(run):
        if merges and kind == "RESHAPE":
            same[written] = same.get(inputs[0], inputs[0])
        written = same.get(written, written)
        first.setdefault(written, step)
        last[written] = step
        for tensor in inputs:
            last[same.get(tensor, tensor)] = step
    last[same.get(output, output)] = len(run)
    return [Lifetime(tensor, size(tensor), step, max(step, last.get(tensor, step))) for tensor, step in first.items()]


def _count_scratch(graph: RuntimeGraph, operator: Operator) -> int:
    """Bytes that TensorFlow Lite Micro takes beside the values while an operator runs.

    A mean of integers is summed in 32 bits, and has two short lists of axes.
    """
    if operator.kind != "MEAN" or graph.width(operator.output) > 1:
        return 0
    return align(_SUM_BYTES * prod(graph.shape(operator.output))) + 2 * ALIGNMENT
