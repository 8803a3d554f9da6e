"""How often each loop of the exported C runs, by kernel, from the shapes of what it reads and writes.

Conventions:
    Kinds are those of the .tflite file's operators; the loops are those of kernel.c. What a network's values decide is
    left out. A map lies as (1, F, T, C).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import NamedTuple

from nas_asc.cost.broadcast import find_strides, merge_axes, to_axes
from nas_asc.layers import Pair

Work = Mapping[str, int]
_Lies = tuple[int, ...]


class KernelCall(NamedTuple):
    """One call of a kernel.

    Args:
        kind: What it does.
        inputs: Shapes of what it reads, weights and slopes included.
        output: Shape of what it writes.
        kernel: Of a window that slides over a map, frequency and time.
        stride: Of the window.
        before: Places of the first window that lie before the map.
    """

    kind: str
    inputs: tuple[_Lies, ...]
    output: _Lies
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    before: Pair = (0, 0)


def count_call(call: KernelCall) -> Work:
    """Passes of each loop, by "kernel: loop".

    >>> count_call(KernelCall("FULLY_CONNECTED", ((1, 24), (10, 24)), (1, 10)))
    {'dense: value': 10, 'dense: product': 240}
    """
    return _COUNTERS[call.kind](call)


def has_kernel(kind: str) -> bool:
    """Whether there is a kernel of a kind."""
    return kind in _COUNTERS


def _count_convolution(call: KernelCall) -> Work:
    channels, depth = call.output[3], call.inputs[1][3]
    groups = call.inputs[0][3] // depth
    n_pixels, n_rows, n_taps = _count_window(call)
    n_at_once = 4 if channels // groups % 4 == 0 else 1
    n_blocks = channels // n_at_once
    name = "convolution by four" if n_at_once == 4 else "convolution"
    return {
        f"{name}: pixel": n_pixels,
        f"{name}: block": n_pixels * n_blocks,
        f"{name}: row": n_rows * n_blocks,
        f"{name}: column": n_taps * n_blocks if groups > 1 else n_rows * n_blocks,
        f"{name}: product": n_taps * n_blocks * depth,
    }


def _count_by_channel(name: str) -> Callable[[KernelCall], Work]:
    def count(call: KernelCall) -> Work:
        n_pixels, n_rows, n_taps = _count_window(call)
        channels = call.output[3]
        return {
            f"{name}: pixel": n_pixels,
            f"{name}: value": n_pixels * channels,
            f"{name}: row": n_rows * channels,
            f"{name}: tap": n_taps * channels,
        }

    return count


def _count_window(call: KernelCall) -> tuple[int, int, int]:
    """Places of a window, rows of the kernel that lie on the map there, and taps."""
    (_, in_height, in_width, _), (_, out_height, out_width, _) = call.inputs[0], call.output
    n_rows = _count_inside(out_height, in_height, call.kernel[0], call.stride[0], call.before[0])
    n_columns = _count_inside(out_width, in_width, call.kernel[1], call.stride[1], call.before[1])
    return out_height * out_width, n_rows * out_width, n_rows * n_columns


@lru_cache(maxsize=2**14)
def _count_inside(n_out: int, n_in: int, kernel: int, stride: int, before: int) -> int:
    """How many taps of all places along an axis lie on it."""
    starts = (place * stride - before for place in range(n_out))
    return sum(max(min(kernel, n_in - start) - max(0, -start), 0) for start in starts)


def _count_dense(call: KernelCall) -> Work:
    n_values = prod(call.output)
    return {"dense: value": n_values, "dense: product": n_values * call.inputs[1][1]}


def _count_mean(call: KernelCall) -> Work:
    return {"mean: value": prod(call.output), "mean: term": prod(call.inputs[0])}


def _count_pair(name: str) -> Callable[[KernelCall], Work]:
    def count(call: KernelCall) -> Work:
        out = to_axes(call.output)
        sizes, _ = merge_axes(out, [find_strides(to_axes(shape), out) for shape in call.inputs[:2]])
        return {f"{name}: row": prod(sizes[:3]), f"{name}: value": prod(sizes)}

    return count


def _count_matrix_product(call: KernelCall) -> Work:
    n_values = prod(call.output)
    return {"matrix_product: value": n_values, "matrix_product: product": n_values * call.inputs[0][-1]}


def _count_by_row(name: str) -> Callable[[KernelCall], Work]:
    unit = "byte" if name == "copy" else "value"

    def count(call: KernelCall) -> Work:
        n_values = prod(call.output)
        n_parts = len(call.inputs) if call.kind == "CONCATENATION" else 1
        return {f"{name}: row": n_values // call.output[-1] * n_parts, f"{name}: {unit}": n_values}

    return count


def _count_look_up(call: KernelCall) -> Work:
    return {"look_up: value": prod(call.output)}


def _count_padding(call: KernelCall) -> Work:
    found = call.inputs[0]
    return {"pad: row": found[1], "pad: byte": prod(found), "pad: filled byte": prod(call.output)}


def _count_nothing(call: KernelCall) -> Work:
    return {}


_COUNTERS: dict[str, Callable[[KernelCall], Work]] = {
    "ADD": _count_pair("add"),
    "BATCH_MATMUL": _count_matrix_product,
    "CONCATENATION": _count_by_row("copy"),
    "CONV_2D": _count_convolution,
    "DEPTHWISE_CONV_2D": _count_by_channel("depthwise"),
    "FULLY_CONNECTED": _count_dense,
    **dict.fromkeys(("HARD_SWISH", "LOGISTIC", "QUANTIZE", "RELU"), _count_look_up),
    "MAX_POOL_2D": _count_by_channel("max_pool"),
    "MEAN": _count_mean,
    "MUL": _count_pair("multiply"),
    "PAD": _count_padding,
    "PADV2": _count_padding,
    "PRELU": _count_pair("prelu"),
    "RESHAPE": _count_nothing,
    "SLICE": _count_by_row("copy"),
    "SOFTMAX": _count_by_row("softmax"),
    "TRANSPOSE": _count_by_row("transpose"),
}
