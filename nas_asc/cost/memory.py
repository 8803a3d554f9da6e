"""Peak activation memory by liveness over a layer's operations."""

from math import prod

from nas_asc.cost.folding import absorbing_operation
from nas_asc.layers import Expansion, Operation


def peak_ram(expansion: Expansion, *, holds_input: bool = False) -> int:
    """Most bytes of activations live at once while one layer runs.

    The rule: int8 (1 byte a value), batch 1, operations in the order in which they are written. At each step the
    step's inputs, its output, and every tensor that a later step or the next layer needs are live; the layer's input
    counts, so the network's input does. A ReLU and a norm that folds belong to the step before them where nothing
    else reads that step; dropout and flatten do nothing. Any other norm or activation is a step of its own, and SiLU
    is two: a sigmoid as its gate, and the product. Layers follow one another, so the peak of a network is the largest
    peak of its layers.

    Not counted: weights; the scratch memory of a runtime's kernels; buffers in which strided inputs are padded; copies
    in float32, which norms over a clip or over channels and moments need; the map in another order that attentive
    pooling reads.

    Args:
        expansion: The layer on its input.
        holds_input: Whether something after the layer reads its input too.

    Source:
        Equal to the liveness over the graph of a .tflite file for every layer and published system without what is
        not counted, and within 5 % of TensorFlow Lite Micro's own plan where that leaves no gaps
        (tests/export/test_memory.py).
    """
    sizes = [prod(expansion.in_shape), *(prod(operation.out_shape) for operation in expansion.operations)]
    return max(sum(sizes[value] for value in step) for step in live_values(expansion, holds_input=holds_input))


def live_values(expansion: Expansion, *, holds_input: bool = False) -> list[tuple[int, ...]]:
    """Values that are live at each step of a layer, by the rule of `peak_ram`; before the first, its input.

    A value that was written over another stands under the other's index; one that is held twice stands there twice.
    """
    place = {0: 0}
    last_use = _last_uses(expansion)
    if holds_input:
        last_use[0] = len(expansion.operations)
    needed = {0: last_use.get(0, -1)}  # places, and the step after which what is there may go
    steps: list[tuple[int, ...]] = [(0,)]
    for step, operation in enumerate(expansion.operations):
        needed = {value: end for value, end in needed.items() if end > step}
        source = place[operation.inputs[0]] if operation.inputs else None
        is_moved = source is None or source in needed or not _is_in_place(expansion, operation)
        own = operation.output if source is None or is_moved else source
        if is_moved:
            live = needed.keys() | {place[value] for value in operation.inputs} | {own}
            steps.append((*live, *[own] * operation.primitive.n_copies))
        place[operation.output] = own
        needed[own] = last_use.get(operation.output, -1)
    return steps


def _is_in_place(expansion: Expansion, operation: Operation) -> bool:
    if operation.primitive.is_foldable:
        return absorbing_operation(expansion, operation) is not None
    return operation.primitive.is_in_place


def _last_uses(expansion: Expansion) -> dict[int, int]:
    """Step of the last use of each value; the layer's output is used after all steps."""
    last_use: dict[int, int] = {}
    for step, operation in enumerate(expansion.operations):
        for value in operation.inputs:
            last_use[value] = step
    last_use[expansion.output] = len(expansion.operations)
    return last_use
