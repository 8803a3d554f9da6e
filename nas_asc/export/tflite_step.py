"""The TensorFlow Lite operators of each step of a network in 8 bits.

Conventions:
    Every value is int8 with the range that calibration gave it, apart from what a kernel fixes: a sigmoid's.
"""

from functools import singledispatch

import numpy as np
from torch import nn

from nas_asc import layers
from nas_asc.compression import QuantisedNetwork, Range
from nas_asc.cost import find_padding, moves_nothing
from nas_asc.errors import ExportError
from nas_asc.export.tflite_float import write_in_float
from nas_asc.export.tflite_graph import TfliteGraph, Value
from nas_asc.export.tflite_model import Quantisation
from nas_asc.export.tflite_product import write_convolution, write_projection, write_window_mean
from nas_asc.layers import Primitive, to_pair
from nas_asc.models import Lowered, Step

_SIGMOID = Range(1 / 256, 0)  # the only one that its kernel has
_FINE = Quantisation((1 / 65536,), -32768)  # of a softmax in int16
_LEAST = -128
_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_UNABLE = 'Use relu, hardswish or silu, or `file_format="onnx"`.'


def write_tflite_network(network: QuantisedNetwork) -> tuple[TfliteGraph, Value]:
    """The network's graph, and the value that holds its logits.

    Raises:
        ExportError: A step has no operator that TensorFlow Lite Micro runs; names the step and the remedy.
    """
    graph = TfliteGraph(network)
    values = {0: graph.input}
    for step in network.steps:
        inputs = [values[index] for index in step.inputs]
        is_relu = step.primitive == layers.Activation("relu")
        if (
            is_relu
            and network.owner(step.inputs[0]) == step.output
            and inputs[0].found == network.range_of(step.output)
        ):
            values[step.output] = inputs[0]  # its range has cut off what is below 0
            continue
        values[step.output] = _write(step.primitive, graph, step, inputs)
    return graph, values[network.output]


@singledispatch
def _write(primitive: Primitive, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    raise ExportError(
        f"step {step.name!r} ({type(primitive).__name__}) has no operator of TensorFlow Lite Micro."
        ' Leave it out, or use `file_format="onnx"`.'
    )


@_write.register
def _(primitive: layers.Convolution, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    return write_convolution(primitive, graph, step, inputs[0])


@_write.register
def _(primitive: layers.Projection, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    return write_projection(graph, step, inputs[0])


@_write.register
def _(primitive: layers.Activation, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    out = graph.output(step)
    if primitive.kind == "relu":
        graph.model.operator("RELU", [inputs[0].tensor], out.tensor)
    elif primitive.kind == "hardswish":
        graph.model.operator("HARD_SWISH", [inputs[0].tensor], out.tensor, "HardSwishOptions")
    elif primitive.kind == "prelu":
        graph.model.operator("PRELU", [inputs[0].tensor, _slopes(graph, step)], out.tensor)
    else:
        raise ExportError(f"step {step.name!r} is {primitive.kind}, which TensorFlow Lite Micro has not. {_UNABLE}")
    return out


def _slopes(graph: TfliteGraph, step: Step) -> int:
    """Slopes of a PReLU, in int8 with one scale."""
    assert isinstance(step.module, nn.PReLU)
    slopes = step.module.weight.detach().cpu().numpy()
    scale = max(float(np.abs(slopes).max()), 1e-8) / 127
    shape = (1, 1, len(slopes)) if len(step.out_shape) == 3 else (len(slopes),)
    return graph.model.constant(
        np.rint(slopes / scale).astype(np.int8).reshape(shape), quantisation=Quantisation((scale,))
    )


@_write.register
def _(primitive: layers.Pooling, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    kernel, size, padding = to_pair(primitive.kernel_size), step.in_shapes[0][1:], to_pair(primitive.padding)
    if primitive.kind == "mean":
        axes = [axis for axis in (0, 1) if kernel[axis] == size[axis]]
        is_whole = not any(padding) and all(axis in axes or kernel[axis] == 1 for axis in (0, 1))
        strides = to_pair(primitive.stride)
        if is_whole and all(axis in axes or strides[axis] == 1 for axis in (0, 1)):
            return _write_mean(graph, step, inputs[0], axes)
        return write_window_mean(primitive, graph, step, inputs[0])
    return _write_largest(primitive, graph, step, inputs[0])


def _write_mean(graph: TfliteGraph, step: Step, value: Value, axes: list[int]) -> Value:
    out = graph.output(step)
    places = graph.model.constant(np.array([axis + 1 for axis in axes], dtype=np.int32))
    graph.model.operator("MEAN", [value.tensor, places], out.tensor, "ReducerOptions", KeepDims=True)
    return out


def _write_largest(primitive: layers.Pooling, graph: TfliteGraph, step: Step, value: Value) -> Value:
    kernel, stride = to_pair(primitive.kernel_size), to_pair(primitive.stride)
    found = find_padding(
        (step.in_shapes[0][1], step.in_shapes[0][2]), kernel=kernel, stride=stride, padding=to_pair(primitive.padding)
    )
    if found.is_explicit:
        value = graph.pad(value, found.amounts, integer=_LEAST)
    out = graph.output(step, like=value)
    graph.model.operator(
        "MAX_POOL_2D",
        [value.tensor],
        out.tensor,
        "Pool2DOptions",
        Padding=("SAME", "VALID").index(found.kind),
        StrideH=stride[0],
        StrideW=stride[1],
        FilterHeight=kernel[0],
        FilterWidth=kernel[1],
    )
    return out


@_write.register
def _(primitive: layers.Addition, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    out = graph.output(step)
    graph.model.operator("ADD", [value.tensor for value in inputs], out.tensor, "AddOptions")
    return out


@_write.register
def _(primitive: layers.Concatenation, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    out = graph.output(step)
    owner = graph.network.owner(step.output)
    same = [
        value if graph.network.owner(index) == owner else graph.requantise(value, out.found, always=True)
        for index, value in zip(step.inputs, inputs, strict=True)
    ]
    graph.model.operator("CONCATENATION", [value.tensor for value in same], out.tensor, "ConcatenationOptions", Axis=3)
    return out


@_write.register
def _(primitive: layers.ChannelSlice, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    out = graph.output(step, like=inputs[0])
    start = graph.model.constant(np.array([0, 0, 0, primitive.start], dtype=np.int32))
    sizes = graph.model.constant(np.array(graph.model.shape(out.tensor), dtype=np.int32))
    graph.model.operator("SLICE", [inputs[0].tensor, start, sizes], out.tensor, "SliceOptions")
    return out


@_write.register
def _(primitive: Lowered, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    if primitive.kind == "reshape":
        return _write_reshape(graph, step, inputs[0])
    if primitive.kind == "scale":
        return write_in_float(primitive, graph, step, inputs)
    if primitive.kind == "softmax":
        return _write_softmax(graph, step, inputs[0], primitive.scale)
    if primitive.kind == "sigmoid":
        out = graph.value(step.out_shape, _SIGMOID, step.name, is_map=inputs[0].is_map)
        graph.model.operator("LOGISTIC", [inputs[0].tensor], out.tensor)
        return out
    out = graph.output(step)
    kind, table = {"product": ("MUL", "MulOptions"), "matmul": ("BATCH_MATMUL", "BatchMatMulOptions")}[primitive.kind]
    graph.model.operator(kind, [value.tensor for value in inputs], out.tensor, table)
    return out


def _write_softmax(graph: TfliteGraph, step: Step, value: Value, scale: float) -> Value:
    """In int16 first, since 1/256 is a large step among many small weights."""
    out = graph.output(step)
    fine = graph.model.tensor((1, *step.out_shape), kind="int16", quantisation=_FINE)
    graph.model.operator("SOFTMAX", [value.tensor], fine, "SoftmaxOptions", Beta=scale)
    graph.model.operator("QUANTIZE", [fine], out.tensor, "QuantizeOptions")
    return out


def _write_reshape(graph: TfliteGraph, step: Step, value: Value) -> Value:
    is_map, tensor = graph.lies_as_map(step), value.tensor
    if value.is_map and is_map and value.shape[2] == step.out_shape[2]:
        return _move_bands(graph, step, value)
    if value.is_map and _read_by_dense_alone(graph, step):
        flat = graph.reshape(tensor, (1, *step.out_shape))
        return Value(flat, step.out_shape, value.found, is_map=False, flattened=value.shape)
    if value.is_map and not moves_nothing(graph.model.shape(tensor), _CHANNELS_FIRST):
        tensor = graph.transpose(tensor, _CHANNELS_FIRST)
    lies = (1, *step.out_shape)
    if is_map and not moves_nothing(lies, _CHANNELS_LAST):
        tensor = graph.transpose(graph.reshape(tensor, lies), _CHANNELS_LAST)
    if is_map:
        lies = (1, *step.out_shape[1:], step.out_shape[0])
    return Value(graph.reshape(tensor, lies), step.out_shape, value.found, is_map)


def _read_by_dense_alone(graph: TfliteGraph, step: Step) -> bool:
    """Whether dense layers, whose weights can be put in any order, are all that reads a row of values."""
    readers = graph.network.readers(step.output)
    in_a_row = len(step.out_shape) == 1 and step.output != graph.network.output
    return in_a_row and all(isinstance(reader.primitive, layers.Projection) for reader in readers)


def _move_bands(graph: TfliteGraph, step: Step, value: Value) -> Value:
    """Sub-bands of frequency to channels of their own, or back: one transposition, not two."""
    channels, n_bins, n_frames = value.shape
    most, few = max(channels, step.out_shape[0]), min(channels, step.out_shape[0])
    n_positions = min(n_bins, step.out_shape[1]) * n_frames
    if channels == few:
        tensor = graph.reshape(value.tensor, (most // few, n_positions, few))
        tensor = graph.transpose(tensor, (1, 2, 0))
    else:
        tensor = graph.reshape(value.tensor, (n_positions, few, most // few))
        tensor = graph.transpose(tensor, (2, 0, 1))
    tensor = graph.reshape(tensor, (1, *step.out_shape[1:], step.out_shape[0]))
    return Value(tensor, step.out_shape, value.found, is_map=True)


for _kind in (layers.FrequencyInstanceNorm, layers.ChannelNorm, layers.TimeMoments, layers.ProbabilityMean):
    _write.register(_kind, write_in_float)
