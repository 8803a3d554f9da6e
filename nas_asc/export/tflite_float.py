"""Steps that TensorFlow Lite Micro runs in float32 between integers: norms over a clip, moments, mean probabilities."""

import math

import numpy as np
from torch import nn

from nas_asc import layers
from nas_asc.export.tflite_graph import TfliteGraph, Value
from nas_asc.layers import Primitive
from nas_asc.models import GroupScale, Step

_EPSILON = 1e-5
_TINY = 1e-30
_ORDERS = {"skewness": 3, "kurtosis": 4, "hyperskewness": 5}
_FREQUENCY, _TIME, _CHANNELS = 1, 2, 3  # axes of a map


def write_in_float(primitive: Primitive, graph: TfliteGraph, step: Step, inputs: list[Value]) -> Value:
    """A step in float32, its inputs and output in int8 where they have ranges."""
    tensors = [graph.requantise(value, None).tensor for value in inputs]
    if isinstance(primitive, layers.FrequencyInstanceNorm):
        tensor = _write_instance_norm(graph, tensors[0], primitive.residual)
    elif isinstance(primitive, layers.ChannelNorm):
        tensor = _write_channel_norm(graph, step, tensors[0])
    elif isinstance(primitive, layers.TimeMoments):
        tensor = _write_moments(graph, tensors[0], primitive.kinds)
    elif isinstance(step.module, GroupScale):
        tensor = _write_group_scale(graph, step.module, tensors[0])
    else:
        tensor = _write_probability_mean(graph, tensors)
    value = Value(tensor, step.out_shape, None, graph.lies_as_map(step))
    return graph.requantise(value, graph.network.range_of(step.output), step.name)


def _write_instance_norm(graph: TfliteGraph, tensor: int, residual: float) -> int:
    _, normed = _standardise(graph, tensor, _TIME, _CHANNELS)
    if not residual:
        return normed
    return _pair(graph, "ADD", normed, _pair(graph, "MUL", tensor, _scalar(graph, residual)))


def _write_channel_norm(graph: TfliteGraph, step: Step, tensor: int) -> int:
    assert isinstance(step.module, nn.LayerNorm)
    weight, bias = (
        graph.model.constant(value.detach().cpu().numpy().reshape(1, 1, 1, -1))
        for value in (step.module.weight, step.module.bias)
    )
    _, normed = _standardise(graph, tensor, _CHANNELS)
    return _pair(graph, "ADD", _pair(graph, "MUL", normed, weight), bias)


def _write_moments(graph: TfliteGraph, tensor: int, kinds: tuple[str, ...]) -> int:
    variance, standard = _standardise(graph, tensor, _TIME)
    found = []
    for kind in kinds:
        if kind in _ORDERS:
            power = standard
            for _ in range(_ORDERS[kind] - 1):
                power = _pair(graph, "MUL", power, standard)
            moment = _mean(graph, power, _TIME)
        else:
            moment = variance if kind == "variance" else _mean(graph, tensor, _TIME)
        _, n_bins, _, channels = graph.model.shape(moment)
        first = moment if channels == 1 or n_bins == 1 else graph.transpose(moment, (0, 3, 1, 2))
        found.append(graph.reshape(first, (1, channels * n_bins)))
    if len(found) == 1:
        return found[0]
    out = graph.model.tensor((1, sum(graph.model.shape(one)[1] for one in found)), kind="float32")
    return graph.model.operator("CONCATENATION", found, out, "ConcatenationOptions", Axis=1)


def _write_group_scale(graph: TfliteGraph, module: GroupScale, tensor: int) -> int:
    shift, scale = (value.cpu().numpy().reshape(1, -1, 1) for value in (module.shift, module.scale))
    if (shift == 0).all() and (scale == 1).all():
        return tensor
    shape = graph.model.shape(tensor)
    grouped = graph.reshape(tensor, (1, scale.size, shape[1] // scale.size))
    centred = _pair(graph, "SUB", grouped, graph.model.constant(shift))
    return graph.reshape(_pair(graph, "MUL", centred, graph.model.constant(1 / scale)), shape)


def _write_probability_mean(graph: TfliteGraph, tensors: list[int]) -> int:
    total = None
    for tensor in tensors:
        one = graph.model.operator("SOFTMAX", [tensor], _new(graph, tensor), "SoftmaxOptions", Beta=1.0)
        total = one if total is None else _pair(graph, "ADD", total, one)
    assert total is not None
    logarithm = _single(graph, "LOG", _pair(graph, "ADD", total, _scalar(graph, _TINY)))
    return _pair(graph, "ADD", logarithm, _scalar(graph, -math.log(len(tensors))))


def _standardise(graph: TfliteGraph, tensor: int, *axes: int) -> tuple[int, int]:
    """Variance over some axes, and the tensor with mean 0 and deviation 1 over them."""
    centred = _pair(graph, "SUB", tensor, _mean(graph, tensor, *axes))
    variance = _mean(graph, _pair(graph, "MUL", centred, centred), *axes)
    inverse = _single(graph, "RSQRT", _pair(graph, "ADD", variance, _scalar(graph, _EPSILON)))
    return variance, _pair(graph, "MUL", centred, inverse)


def _mean(graph: TfliteGraph, tensor: int, *axes: int) -> int:
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(graph.model.shape(tensor)))
    places = graph.model.constant(np.array(axes, dtype=np.int32))
    out = graph.model.tensor(shape, kind="float32")
    return graph.model.operator("MEAN", [tensor, places], out, "ReducerOptions", KeepDims=True)


def _pair(graph: TfliteGraph, kind: str, first: int, second: int) -> int:
    """ADD, SUB or MUL, whose first tensor has the shape of both."""
    return graph.model.operator(kind, [first, second], _new(graph, first), f"{kind.title()}Options")


def _single(graph: TfliteGraph, kind: str, tensor: int) -> int:
    return graph.model.operator(kind, [tensor], _new(graph, tensor))


def _new(graph: TfliteGraph, tensor: int) -> int:
    return graph.model.tensor(graph.model.shape(tensor), kind="float32")


def _scalar(graph: TfliteGraph, value: float) -> int:
    return graph.model.constant(np.array([value], dtype=np.float32))
