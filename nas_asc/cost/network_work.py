"""What exported C takes for a network, from its description alone: loops, and the instructions that they are forecast.

Conventions:
    The steps are those of the exported C; tests/export/test_instructions.py holds the loops to those of its files.
"""

from collections import Counter
from functools import lru_cache

from nas_asc.cost.instructions import FORECAST_CORES, forecast_on_cores, price_work
from nas_asc.cost.kernel_work import KernelCall, Work, count_call, has_kernel
from nas_asc.cost.runtime_graph import Operator, RuntimeGraph, build_graph, fuse
from nas_asc.cost.target import list_obstacles
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Convolution, Layer, Pair, Shape, to_pair

_KINDS = {
    "Addition": "ADD",
    "AVERAGE_POOL": "DEPTHWISE_CONV_2D",
    "CONV": "CONV_2D",
    "ChannelSlice": "SLICE",
    "MAX_POOL": "MAX_POOL_2D",
    "Projection": "FULLY_CONNECTED",
    "hardswish": "HARD_SWISH",
    "matmul": "BATCH_MATMUL",
    "prelu": "PRELU",
    "product": "MUL",
    "relu": "RELU",
    "sum": "ADD",
}


def forecast_network(architecture: Architecture) -> dict[str, int]:
    """Instructions of one clip on each of `FORECAST_CORES`; empty where the C kernels do not run the network.

    Args:
        architecture: The network.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    >>> from nas_asc.layers import Classifier, Conv
    >>> network = Architecture((Conv(8, kernel_size=3, stride=2), Classifier()), (1, 34, 34), 10)
    >>> sorted(forecast_network(network))
    ['m33', 'm4f', 'm55']
    """
    if list_obstacles(architecture, "c"):
        return {}
    work = count_network_work(architecture)
    return {core: price_work(work, core) for core in FORECAST_CORES}


def forecast_parts(architecture: Architecture, log_mel: LogMel, clip_s: float) -> dict[str, dict[str, int]]:
    """Instructions of the features of a clip ("clip"), of a stream's frame ("frame") and of the network ("network").

    Args:
        architecture: The network.
        log_mel: Its front end.
        clip_s: Length of a clip in seconds.

    Returns:
        By core; empty where the C does not run both.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    network = forecast_network(architecture)
    front_end = forecast_on_cores(log_mel, clip_s) if network else {}
    return {core: {**parts, "network": network[core]} for core, parts in front_end.items()}


def count_network_work(architecture: Architecture) -> Work:
    """Work of all steps of a network that the C kernels run.

    Args:
        architecture: The network.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    return _count(architecture.layers, architecture.in_shape, architecture.n_classes)


@lru_cache(maxsize=2**10)
def _count(layers: tuple[Layer, ...], in_shape: Shape, n_classes: int) -> Work:
    graph, _ = build_graph(Architecture(layers, in_shape, n_classes))
    padded = {operator.output for operator in graph.run if operator.kind == "PADV2"}
    total: Counter[str] = Counter()
    for operator in fuse(graph.run):
        total.update(count_call(_describe(operator, graph, is_padded=operator.inputs[0] in padded)))
    return total


def _describe(operator: Operator, graph: RuntimeGraph, *, is_padded: bool) -> KernelCall:
    kind, out = _KINDS.get(operator.kind, operator.kind), graph.shape(operator.output)
    inputs = tuple(map(graph.shape, operator.inputs))
    assert has_kernel(kind), kind
    if kind == "FULLY_CONNECTED":
        return KernelCall(kind, (*inputs, (out[-1], inputs[0][-1])), out)
    if kind == "PRELU":
        return KernelCall(kind, (*inputs, (1, 1, out[-1]) if len(out) == 4 else (out[-1],)), out)
    if operator.window is None:
        return KernelCall(kind, inputs, out)
    window, depth = operator.window, 1
    if isinstance(window, Convolution):
        channels = inputs[0][3]
        is_by_channel = window.groups == channels > 1
        kind, depth = ("DEPTHWISE_CONV_2D", 1) if is_by_channel else (kind, channels // window.groups)
    kernel, padding = to_pair(window.kernel_size), to_pair(window.padding)
    before: Pair = (0, 0) if is_padded else padding
    return KernelCall(kind, (*inputs, (out[3], *kernel, depth)), out, kernel, to_pair(window.stride), before)
