"""The ONNX nodes of each step of a lowered network."""

import math
from functools import singledispatch
from typing import Any

from torch import nn

from nas_asc import layers
from nas_asc.export.graph import Graph
from nas_asc.export.weights import Precision
from nas_asc.layers import Primitive, to_pair
from nas_asc.models import GroupScale, Lowered, LoweredNetwork, Step

_EPSILON = 1e-5
_ACTIVATIONS = {"relu": "Relu", "hardswish": "HardSwish"}
_ORDERS = {"skewness": 3, "kurtosis": 4, "hyperskewness": 5}


def write_network(lowered: LoweredNetwork, precision: Precision) -> tuple[Graph, str]:
    """The network's graph, and the tensor that holds its logits.

    Raises:
        ExportError: A primitive of one's own has no `write_nodes`.
    """
    graph = Graph()
    tensors = {0: precision.value(graph, "log_mel", 0)}
    for step in lowered.steps:
        is_done = step.primitive == layers.Activation("relu") and precision.is_done(step.inputs[0], step.output)
        if is_done:
            tensors[step.output] = tensors[step.inputs[0]]
            continue
        written = _write(step.primitive, graph, precision, step, [tensors[index] for index in step.inputs])
        tensors[step.output] = precision.value(graph, written, step.output)
    return graph, tensors[lowered.output]


@singledispatch
def _write(primitive: Primitive, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    return primitive.write_nodes(graph, step.module, *inputs)


@_write.register
def _(primitive: layers.Convolution, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    assert isinstance(step.module, nn.Conv2d)
    rows, columns = to_pair(primitive.padding)
    weight = precision.weight(graph, step.module)
    bias = precision.bias(graph, step.module, step.inputs[0])
    return graph.node(
        "Conv",
        *[inputs[0], weight, *([bias] if bias else [])],
        name=step.name,
        kernel_shape=to_pair(primitive.kernel_size),
        strides=to_pair(primitive.stride),
        pads=(rows, columns, rows, columns),
        group=primitive.groups,
    )


@_write.register
def _(primitive: layers.Projection, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    assert isinstance(step.module, nn.Linear)
    weight = precision.weight(graph, step.module)
    bias = precision.bias(graph, step.module, step.inputs[0])
    return graph.node("Gemm", *[inputs[0], weight, *([bias] if bias else [])], name=step.name, transB=1)


@_write.register
def _(primitive: layers.Activation, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    if primitive.kind == "gelu":  # spelled out, since the operator is as young as opset 20
        error = graph.node("Erf", graph.node("Mul", inputs[0], graph.scalar(math.sqrt(0.5))))
        share = graph.node("Mul", graph.node("Add", error, graph.scalar(1.0)), graph.scalar(0.5))
        return graph.node("Mul", inputs[0], share, name=step.name)
    if primitive.kind != "prelu":
        return graph.node(_ACTIVATIONS[primitive.kind], inputs[0], name=step.name)
    assert isinstance(step.module, nn.PReLU)
    slopes = step.module.weight.reshape(-1, *[1] * (len(step.out_shape) - 1))
    return graph.node("PRelu", inputs[0], precision.other(graph, slopes), name=step.name)


@_write.register
def _(primitive: layers.Pooling, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    kernel, (rows, columns) = to_pair(primitive.kernel_size), to_pair(primitive.padding)
    if primitive.kind == "mean" and kernel == step.in_shapes[0][1:] and not (rows or columns):
        return graph.node("GlobalAveragePool", inputs[0], name=step.name)
    options: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": to_pair(primitive.stride),
        "pads": (rows, columns, rows, columns),
    }
    if primitive.kind == "max":
        return graph.node("MaxPool", inputs[0], name=step.name, **options)
    return graph.node("AveragePool", inputs[0], name=step.name, count_include_pad=1, **options)


@_write.register
def _(primitive: layers.Addition, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    return graph.node("Add", *inputs, name=step.name)


@_write.register
def _(primitive: layers.Concatenation, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    return graph.node("Concat", *inputs, name=step.name, axis=1)


@_write.register
def _(primitive: layers.ChannelSlice, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    start, stop, axis = (graph.integers(value) for value in (primitive.start, primitive.stop, 1))
    return graph.node("Slice", inputs[0], start, stop, axis, name=step.name)


@_write.register
def _(primitive: Lowered, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    if primitive.kind == "reshape":
        return graph.node("Reshape", inputs[0], graph.integers(-1, *primitive.shape), name=step.name)
    if primitive.kind == "scale":
        return _scale_groups(graph, step, inputs[0])
    if primitive.kind == "softmax":
        scaled = graph.node("Mul", inputs[0], graph.scalar(primitive.scale))
        return graph.node("Softmax", scaled, name=step.name, axis=-1)
    kind = {"sigmoid": "Sigmoid", "product": "Mul", "matmul": "MatMul"}[primitive.kind]
    return graph.node(kind, *inputs, name=step.name)


@_write.register
def _(primitive: layers.ChannelNorm, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    assert isinstance(step.module, nn.LayerNorm)
    shape = (-1, *[1] * (len(step.out_shape) - 1))
    weight, bias = (precision.other(graph, value.reshape(shape)) for value in (step.module.weight, step.module.bias))
    _, normed = _standardise(graph, inputs[0], (1,))
    return graph.node("Add", graph.node("Mul", normed, weight), bias, name=step.name)


@_write.register
def _(
    primitive: layers.FrequencyInstanceNorm, graph: Graph, precision: Precision, step: Step, inputs: list[str]
) -> str:
    _, normed = _standardise(graph, inputs[0], (1, 3))
    if not primitive.residual:
        return normed
    return graph.node("Add", normed, graph.node("Mul", inputs[0], graph.scalar(primitive.residual)), name=step.name)


@_write.register
def _(primitive: layers.TimeMoments, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    variance, standard = _standardise(graph, inputs[0], (3,))
    found = {"mean": _mean(graph, inputs[0], (3,)), "variance": variance}
    for kind in primitive.kinds:
        if kind in _ORDERS:
            powers = [standard] * _ORDERS[kind]
            product = powers[0]
            for power in powers[1:]:
                product = graph.node("Mul", product, power)
            found[kind] = _mean(graph, product, (3,))
    flat = [graph.node("Flatten", found[kind]) for kind in primitive.kinds]
    return graph.node("Concat", *flat, name=step.name, axis=1)


@_write.register
def _(primitive: layers.ProbabilityMean, graph: Graph, precision: Precision, step: Step, inputs: list[str]) -> str:
    parts = [graph.node("Unsqueeze", graph.node("LogSoftmax", one, axis=1), graph.integers(0)) for one in inputs]
    total = graph.node("ReduceLogSumExp", graph.node("Concat", *parts, axis=0), graph.integers(0), keepdims=0)
    return graph.node("Sub", total, graph.scalar(math.log(len(inputs))), name=step.name)


def _scale_groups(graph: Graph, step: Step, tensor: str) -> str:
    assert isinstance(step.module, GroupScale)
    shift, scale = (value.reshape(-1, 1).cpu().numpy() for value in (step.module.shift, step.module.scale))
    if (shift == 0).all() and (scale == 1).all():
        return tensor
    grouped = graph.node("Reshape", tensor, graph.integers(-1, len(scale), step.out_shape[0] // len(scale)))
    standard = graph.node("Div", graph.node("Sub", grouped, graph.constant(shift)), graph.constant(scale))
    return graph.node("Flatten", standard, name=step.name)


def _mean(graph: Graph, tensor: str, axes: tuple[int, ...]) -> str:
    return graph.node("ReduceMean", tensor, graph.integers(*axes), keepdims=1)


def _standardise(graph: Graph, tensor: str, axes: tuple[int, ...]) -> tuple[str, str]:
    """Variance over some axes, and the tensor with mean 0 and deviation 1 over them."""
    centred = graph.node("Sub", tensor, _mean(graph, tensor, axes))
    variance = _mean(graph, graph.node("Mul", centred, centred), axes)
    deviation = graph.node("Sqrt", graph.node("Add", variance, graph.scalar(_EPSILON)))
    return variance, graph.node("Div", centred, deviation)
