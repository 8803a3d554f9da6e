"""How many instructions the C takes on a Cortex-M, from its loops alone: a forecast beside what an emulator counts.

Conventions:
    The loops are those of kernel.c; what a network's values decide is left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from math import prod

from nas_asc.cost import Work, forecast_front_end, price_work
from nas_asc.export.c.broadcast import find_strides, merge_axes
from nas_asc.export.c.network import list_operators
from nas_asc.export.c.step import StepWriter, to_axes
from nas_asc.export.tflite_file import TfliteNetwork
from nas_asc.export.tflite_model import Operator, TfliteModel
from nas_asc.frontend import LogMel


def forecast_instructions(network: TfliteNetwork, log_mel: LogMel, clip_s: float, *, core: str) -> dict[str, int]:
    """Instructions of the features of a clip ("clip"), of a stream's frame ("frame"), of the network ("network").

    Args:
        network: What `build_tflite` gave; every step has a kernel.
        log_mel: Its front end.
        clip_s: Length of a clip in seconds.
        core: One of `FORECAST_CORES`.
    """
    return forecast_front_end(log_mel, clip_s, core=core) | {"network": price_work(count_network_work(network), core)}


def count_network_work(network: TfliteNetwork) -> Work:
    """Work of all steps of a network."""
    return _sum(count_step_work(network.model, operator) for operator in list_operators(network))


def count_step_work(model: TfliteModel, operator: Operator) -> Work:
    """Work of one of `list_operators`."""
    return _COUNTERS[operator.kind](model, operator)


def _sum(parts: Iterable[Work]) -> Work:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def _count_convolution(model: TfliteModel, operator: Operator) -> Work:
    _, height, width, depth = model.shape(operator.inputs[1])
    groups = model.shape(operator.inputs[0])[3] // depth
    n_pixels, n_rows, n_taps = _count_window(model, operator, (height, width))
    channels = model.shape(operator.output)[3]
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


def _count_depthwise(model: TfliteModel, operator: Operator) -> Work:
    n_pixels, n_rows, n_taps = _count_window(model, operator, model.shape(operator.inputs[1])[1:3])
    return _count_by_channel("depthwise", model, operator, (n_pixels, n_rows, n_taps))


def _count_max_pool(model: TfliteModel, operator: Operator) -> Work:
    kernel = (operator.options["FilterHeight"], operator.options["FilterWidth"])
    return _count_by_channel("max_pool", model, operator, _count_window(model, operator, kernel))


def _count_by_channel(name: str, model: TfliteModel, operator: Operator, counts: tuple[int, int, int]) -> Work:
    channels = model.shape(operator.output)[3]
    n_pixels, n_rows, n_taps = counts
    return {
        f"{name}: pixel": n_pixels,
        f"{name}: value": n_pixels * channels,
        f"{name}: row": n_rows * channels,
        f"{name}: tap": n_taps * channels,
    }


def _count_window(model: TfliteModel, operator: Operator, kernel: tuple[int, ...]) -> tuple[int, int, int]:
    """Places of a window, rows of the kernel that lie on the map there, and taps."""
    writer = StepWriter(model, {})
    window = writer.describe_window(operator, (kernel[0], kernel[1]), groups=1)
    (in_height, in_width), (out_height, out_width) = window[:2], window[3:5]
    n_rows = _count_inside(out_height, in_height, kernel[0], stride=window[8], before=window[10])
    n_columns = _count_inside(out_width, in_width, kernel[1], stride=window[9], before=window[11])
    return out_height * out_width, n_rows * out_width, n_rows * n_columns


def _count_inside(n_out: int, n_in: int, kernel: int, *, stride: int, before: int) -> int:
    """How many taps of all places along an axis lie on it."""
    starts = (place * stride - before for place in range(n_out))
    return sum(max(min(kernel, n_in - start) - max(0, -start), 0) for start in starts)


def _count_dense(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    return {"dense: value": n_values, "dense: product": n_values * model.shape(operator.inputs[1])[1]}


def _count_mean(model: TfliteModel, operator: Operator) -> Work:
    return {
        "mean: value": prod(model.shape(operator.output)),
        "mean: term": prod(model.shape(operator.inputs[0])),
    }


def _count_pair(name: str) -> Callable[[TfliteModel, Operator], Work]:
    def count(model: TfliteModel, operator: Operator) -> Work:
        out = to_axes(model.shape(operator.output))
        strides = [find_strides(to_axes(model.shape(tensor)), out) for tensor in operator.inputs[:2]]
        sizes, _ = merge_axes(out, strides)
        return {f"{name}: row": prod(sizes[:3]), f"{name}: value": prod(sizes)}

    return count


def _count_matrix_product(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    n_terms = model.shape(operator.inputs[0])[-1]
    return {"matrix_product: value": n_values, "matrix_product: product": n_values * n_terms}


def _count_softmax(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    return {"softmax: row": n_values // model.shape(operator.output)[-1], "softmax: value": n_values}


def _count_look_up(model: TfliteModel, operator: Operator) -> Work:
    return {"look_up: value": prod(model.shape(operator.output))}


def _count_padding(model: TfliteModel, operator: Operator) -> Work:
    found = model.shape(operator.inputs[0])
    return {
        "pad: row": found[1],
        "pad: byte": prod(found),
        "pad: filled byte": prod(model.shape(operator.output)),
    }


def _count_concatenation(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    n_rows = n_values // model.shape(operator.output)[-1]
    return {"copy: row": n_rows * len(operator.inputs), "copy: byte": n_values}


def _count_slice(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    return {"copy: row": n_values // model.shape(operator.output)[-1], "copy: byte": n_values}


def _count_transposition(model: TfliteModel, operator: Operator) -> Work:
    n_values = prod(model.shape(operator.output))
    return {"transpose: row": n_values // model.shape(operator.output)[-1], "transpose: value": n_values}


def _count_nothing(model: TfliteModel, operator: Operator) -> Work:
    return {}


_COUNTERS: dict[str, Callable[[TfliteModel, Operator], Work]] = {
    "ADD": _count_pair("add"),
    "BATCH_MATMUL": _count_matrix_product,
    "CONCATENATION": _count_concatenation,
    "CONV_2D": _count_convolution,
    "DEPTHWISE_CONV_2D": _count_depthwise,
    "FULLY_CONNECTED": _count_dense,
    **dict.fromkeys(("HARD_SWISH", "LOGISTIC", "QUANTIZE", "RELU"), _count_look_up),
    "MAX_POOL_2D": _count_max_pool,
    "MEAN": _count_mean,
    "MUL": _count_pair("multiply"),
    "PAD": _count_padding,
    "PADV2": _count_padding,
    "PRELU": _count_pair("prelu"),
    "RESHAPE": _count_nothing,
    "SLICE": _count_slice,
    "SOFTMAX": _count_softmax,
    "TRANSPOSE": _count_transposition,
}
