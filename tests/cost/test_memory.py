"""Peak memory against examples counted by hand and a brute-force liveness."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.cost import count_cost, peak_ram
from nas_asc.layers import (
    Activation,
    Addition,
    Architecture,
    BatchNorm,
    Classifier,
    Concatenation,
    Conv,
    Convolution,
    Dense,
    Flatten,
    Flattening,
    InvertedBottleneck,
    Layer,
    MaxPool,
    Norm,
    Residual,
    expand_layer,
)
from tests.cost.systems import S1, cp_mobile, dcase2022


class Diamond(Layer):
    """Random graphs: each step convolves, normalises, adds or joins values written before."""

    steps: tuple[tuple[int, int, int], ...]
    output: int

    def expand(self, tape, x):
        values = [x]
        for kind, first, second in self.steps:
            one, two = values[first % len(values)], values[second % len(values)]
            if kind == 0:
                values.append(tape.apply(Convolution(4, 3, padding=1), one))
            elif kind == 1:
                values.append(tape.normalise(one, "batch"))
            elif kind == 2:
                values.append(tape.activate(one, ("relu", "silu", "hardswish")[second % 3]))
            elif kind == 3 and one.shape == two.shape:
                values.append(tape.apply(Addition(), one, two))
            else:
                values.append(tape.apply(Concatenation(), one, two))
        return values[self.output % len(values)]


def brute_force_peak(expansion):
    """Walks every step with the set of values still to be read; parts of the step before take their input's place."""
    sizes = [prod(expansion.in_shape)] + [prod(operation.out_shape) for operation in expansion.operations]
    root = list(range(len(sizes)))
    peak = sizes[0]
    for step, operation in enumerate(expansion.operations):
        later = [value for other in expansion.operations[step + 1 :] for value in other.inputs] + [expansion.output]
        held = {root[value] for value in later if value < operation.output}
        source = root[operation.inputs[0]]
        if is_part_of_the_step_before(expansion, operation) and source not in held:
            root[operation.output] = source
            continue
        live = held | {root[value] for value in operation.inputs} | {operation.output}
        gate = sizes[operation.output] if operation.primitive == Activation("silu") else 0
        peak = max(peak, sum(sizes[value] for value in live) + gate)
    return peak


def is_part_of_the_step_before(expansion, operation):
    """ReLUs, and batch norms right after a convolution whose output nothing else reads."""
    if not isinstance(operation.primitive, BatchNorm):
        return operation.primitive in (Activation("relu"), Flattening())
    source = operation.inputs[0]
    readers = [other for other in expansion.operations if source in other.inputs]
    is_convolved = source > 0 and isinstance(expansion.operations[source - 1].primitive, Convolution)
    return is_convolved and len(readers) == 1 and source != expansion.output


steps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9)


@given(steps.map(tuple), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_peak_of_any_graph_agrees_with_brute_force(steps, output):
    expansion = expand_layer(Diamond(steps, output), (4, 6, 5), 10)
    assert peak_ram(expansion) == brute_force_peak(expansion)


@pytest.mark.parametrize("architecture", [S1, cp_mobile(), dcase2022()], ids=["S1", "cp_mobile", "dcase2022"])
def test_peak_of_published_networks_agrees_with_brute_force(architecture):
    shape, peak = architecture.in_shape, 0
    for layer in architecture.layers:
        expansion = expand_layer(layer, shape, architecture.n_classes)
        peak, shape = max(peak, brute_force_peak(expansion)), expansion.out_shape
    assert count_cost(architecture).peak_ram_bytes == peak


def ram(layer, in_shape):
    return count_cost(Architecture((layer,), in_shape, 10)).peak_ram_bytes


def test_examples_counted_by_hand():
    # a convolution with norm and activation is one step: input and output
    assert ram(Conv(8, kernel_size=3, padding=1, norm="batch", activation="relu"), (2, 10, 10)) == 200 + 800
    assert ram(MaxPool(2), (8, 10, 10)) == 800 + 200
    # other activations than ReLU, and norms without a convolution before them, are steps of their own
    assert ram(Conv(8, kernel_size=1, activation="hardswish"), (2, 10, 10)) == 800 + 800
    assert ram(Norm(), (8, 10, 10)) == 800 + 800
    # a SiLU's product is written while its input and its gate are read
    assert ram(Conv(8, kernel_size=1, activation="silu"), (2, 10, 10)) == 3 * 800
    # the identity (400) is held while the second convolution runs (400 in, 400 out), and when it is added
    assert ram(Residual(4), (4, 10, 10)) == 3 * 400
    # the rolled copy goes once the first convolution has run: identity, rolled input, output
    assert ram(Residual(4, groups=2, roll=True), (4, 10, 10)) == 3 * 400
    # the input (200) waits while the branch runs (400, 400), and becomes the shortcut (400) that is added to it (400)
    assert ram(Residual(4), (2, 10, 10)) == 3 * 400
    assert ram(Residual(4), (8, 10, 10)) == 800 + 400 + 400
    # identity 800, widened 3200 twice around the depthwise convolution
    assert ram(InvertedBottleneck(8, expansion=4), (8, 10, 10)) == 800 + 3200 + 3200
    # without an identity the input goes after the first convolution
    assert ram(InvertedBottleneck(16, expansion=4), (8, 10, 10)) == 3200 + 3200
    # flattening moves nothing; logits are 10 bytes
    assert ram(Flatten(), (8, 10, 10)) == 800
    assert ram(Dense(10), (800,)) == 810
    # 1x1 convolution to the classes: 800 in, 1000 out; then 1000 in, 10 out
    assert ram(Classifier(), (8, 10, 10)) == 1800


def test_peak_of_the_2024_baseline_is_where_the_first_block_runs():
    # second stem convolution: 8 x 128 x 33 in, 32 x 64 x 17 out; first block: identity, 64 channels twice
    assert 32 * 64 * 17 + 2 * 64 * 64 * 17 == 174_080
    assert count_cost(cp_mobile()).peak_ram_bytes == 174_080
