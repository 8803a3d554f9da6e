"""Convolutions and matrix products in a TensorFlow Lite model: int8 weights by output channel, int32 biases."""

from math import prod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from nas_asc.cost import find_padding
from nas_asc.export.tflite_graph import TfliteGraph, Value
from nas_asc.export.tflite_model import Quantisation
from nas_asc.layers import Convolution, Pair, Pooling, to_pair
from nas_asc.models import Step

_Integers = NDArray[np.int8]
_Floats = NDArray[np.float32]


def write_convolution(primitive: Convolution, graph: TfliteGraph, step: Step, value: Value) -> Value:
    """A convolution; one of each channel has an operator of its own."""
    assert isinstance(step.module, nn.Conv2d)
    integers, scales, bias = _constants(graph, step.module, value)
    shape = (to_pair(primitive.kernel_size), to_pair(primitive.stride), to_pair(primitive.padding))
    if primitive.groups == value.shape[0] > 1:
        return _write_channels(graph, step, value, integers.transpose(1, 2, 3, 0), scales, bias, *shape)
    weight = graph.model.constant(integers.transpose(0, 2, 3, 1), quantisation=Quantisation(tuple(scales.tolist())))
    return _write_window("CONV_2D", "Conv2DOptions", {}, graph, step, value, [weight, bias], *shape)


def write_window_mean(primitive: Pooling, graph: TfliteGraph, step: Step, value: Value) -> Value:
    """Means of windows as a convolution of each channel, which counts the padding and has a range of its own."""
    kernel, channels = to_pair(primitive.kernel_size), value.shape[0]
    integers = np.full((1, *kernel, channels), 127, dtype=np.int8)
    scales = np.full(channels, 1 / (127 * prod(kernel)), dtype=np.float32)
    shape = (kernel, to_pair(primitive.stride), to_pair(primitive.padding))
    return _write_channels(graph, step, value, integers, scales, _biases(graph, value, scales, None), *shape)


def write_projection(graph: TfliteGraph, step: Step, value: Value) -> Value:
    """A dense layer; its weights take the order in which the values lie."""
    assert isinstance(step.module, nn.Linear)
    integers, scales, bias = _constants(graph, step.module, value)
    if value.flattened is not None:
        integers = integers.reshape(-1, *value.flattened).transpose(0, 2, 3, 1).reshape(integers.shape)
    weight = graph.model.constant(integers, quantisation=Quantisation(tuple(scales.tolist())))
    out = graph.output(step)
    graph.model.operator("FULLY_CONNECTED", [value.tensor, weight, bias], out.tensor, "FullyConnectedOptions")
    return out


def _write_channels(
    graph: TfliteGraph,
    step: Step,
    value: Value,
    integers: _Integers,
    scales: _Floats,
    bias: int,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
) -> Value:
    weight = graph.model.constant(integers, quantisation=Quantisation(tuple(scales.tolist()), axis=3))
    options = {"DepthMultiplier": integers.shape[3] // value.shape[0]}
    operands = [weight, bias]
    return _write_window(
        "DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", options, graph, step, value, operands, kernel, stride, padding
    )


def _write_window(
    kind: str,
    table: str,
    options: dict[str, int],
    graph: TfliteGraph,
    step: Step,
    value: Value,
    operands: list[int],
    kernel: Pair,
    stride: Pair,
    padding: Pair,
) -> Value:
    found = find_padding((value.shape[1], value.shape[2]), kernel=kernel, stride=stride, padding=padding)
    if found.is_explicit:
        value = graph.pad(value, found.amounts)
    out = graph.output(step)
    kinds = {"Padding": ("SAME", "VALID").index(found.kind), "StrideH": stride[0], "StrideW": stride[1]}
    graph.model.operator(kind, [value.tensor, *operands], out.tensor, table, **kinds, **options)
    return out


def _constants(graph: TfliteGraph, module: nn.Conv2d | nn.Linear, value: Value) -> tuple[_Integers, _Floats, int]:
    """Weights in int8, their scales, and the tensor of the biases."""
    assert value.found is not None
    scales: _Floats = graph.network.weight_scales(module).detach().cpu().numpy()
    weight = module.weight.detach().cpu().numpy()
    integers = np.rint(weight / scales.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
    return integers, scales, _biases(graph, value, scales, module.bias)


def _biases(graph: TfliteGraph, value: Value, scales: _Floats, biases: Tensor | None) -> int:
    """Tensor of biases in int32; zeros where there are none, since some runtimes read them without asking."""
    assert value.found is not None
    steps = scales * np.float32(value.found.scale)
    values = np.zeros(len(scales)) if biases is None else biases.detach().cpu().numpy().astype(np.float64)
    integers = np.rint(values / steps).astype(np.int32)
    return graph.model.constant(integers, quantisation=Quantisation(tuple(steps.tolist())))
