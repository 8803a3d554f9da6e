"""From a trained network to the steps of an integer runtime."""

from functools import singledispatch

import torch
from torch import Tensor, nn

from nas_asc import layers
from nas_asc.layers import Operation, Primitive, Shape, expand_architecture, to_pair
from nas_asc.models.folding import fold_norms
from nas_asc.models.lowered import Lowered, LoweredNetwork, Step
from nas_asc.models.module import (
    Addition,
    ChannelSlice,
    Concatenation,
    DampedConv2d,
    GroupScale,
    MatrixProduct,
    Product,
    Reshape,
    ScaledSoftmax,
    plain_conv,
)
from nas_asc.models.network import Network
from nas_asc.models.norm import SubSpectralNorm


class _Lowering:
    """Writes steps; values of a layer's tape are looked up in `places`."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.shapes: dict[int, Shape] = {}
        self.places: list[int] = []  # of the layer's values

    def write(self, name: str, primitive: Primitive, module: nn.Module, *inputs: int) -> int:
        shapes = tuple(self.shapes[index] for index in inputs)
        output = len(self.steps) + 1
        self.shapes[output] = primitive.out_shape(*shapes)
        self.steps.append(Step(name, primitive, module, inputs, shapes, output, self.shapes[output]))
        return output

    def reshape(self, name: str, shape: Shape, value: int) -> int:
        return self.write(name, Lowered("reshape", shape), Reshape(shape), value)


def lower_network(network: Network) -> LoweredNetwork:
    """A trained network as steps: batch norms folded, or else convolutions of each channel; dropout left out.

    Sub-spectral norms become a reshape, a convolution of each channel's sub-band and a reshape; SiLU a sigmoid and a
    product; a roll two slices and a concatenation; attentive pooling a softmax and a matrix product. Moments are
    followed by a scale for each, 1 until it is measured. Outputs are those of the network in eval mode, up to float
    rounding.

    >>> from nas_asc.layers import Architecture, Classifier, Conv
    >>> from nas_asc.models import build_model
    >>> architecture = Architecture((Conv(8, kernel_size=3, norm="batch"), Classifier()), (1, 64, 51), 10)
    >>> [step.name for step in lower_network(build_model(architecture)).steps]
    ['0.conv', '1.conv', '1.pool', '1.pool.flat']
    """
    folded = fold_norms(network)
    lowering, value = _Lowering(), 0
    lowering.shapes[0] = network.architecture.in_shape
    for number, (layer, expansion) in enumerate(zip(folded, expand_architecture(network.architecture), strict=True)):
        lowering.places = [value]
        for operation in expansion.operations:
            module = getattr(layer, operation.reuses or operation.name)
            inputs = tuple(lowering.places[index] for index in operation.inputs)
            name = f"{number}.{operation.name}"
            lowering.places.append(_lower_operation(lowering, name, operation, module, inputs))
        value = lowering.places[expansion.output]
    lowered = LoweredNetwork(tuple(lowering.steps), network.architecture.in_shape, value).eval()
    return lowered.to(next(network.parameters(), torch.empty(0)).device)


def _lower_operation(
    lowering: _Lowering, name: str, operation: Operation, module: nn.Module, inputs: tuple[int, ...]
) -> int:
    if isinstance(module, nn.Identity | nn.Dropout):
        return inputs[0]
    return _lower(operation.primitive, lowering, name, module, inputs)


@singledispatch
def _lower(primitive: Primitive, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    return lowering.write(name, primitive, module, *inputs)


@_lower.register
def _(primitive: layers.Convolution, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    if isinstance(module, DampedConv2d):
        module = plain_conv(module, module.weight * module.damping, module.bias)
    assert isinstance(module, nn.Conv2d)
    plain = layers.Convolution(
        out_channels=module.out_channels,
        kernel_size=to_pair(primitive.kernel_size),
        stride=to_pair(primitive.stride),
        padding=to_pair(primitive.padding),
        groups=module.groups,
        bias=module.bias is not None,
    )
    return lowering.write(name, plain, module, *inputs)


@_lower.register
def _(
    primitive: layers.BranchedConvolution, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]
) -> int:
    return _lower(primitive.folded, lowering, name, module, inputs)


@_lower.register(layers.BatchNorm)
def _(primitive: Primitive, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    assert isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    shape = lowering.shapes[inputs[0]]
    assert module.running_mean is not None
    assert module.running_var is not None
    scale = torch.rsqrt(module.running_var + module.eps)
    scale = scale if module.weight is None else scale * module.weight
    shift = -module.running_mean * scale
    shift = shift if module.bias is None else shift + module.bias
    if len(shape) == 3:
        return _scale_channels(lowering, name, scale, shift, inputs[0])
    value = lowering.reshape(f"{name}.map", (shape[0], 1, 1), inputs[0])
    return lowering.reshape(f"{name}.flat", shape, _scale_channels(lowering, name, scale, shift, value))


@_lower.register
def _(
    primitive: layers.SubSpectralNorm, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]
) -> int:
    assert isinstance(module, SubSpectralNorm)
    channels, n_bins, n_frames = lowering.shapes[inputs[0]]
    n_bands = primitive.n_bands
    weight, bias = (value.expand(channels, n_bands).reshape(-1) for value in (module.weight, module.bias))
    scale = weight * torch.rsqrt(module.running_var + 1e-5)
    value = lowering.reshape(f"{name}.bands", (channels * n_bands, n_bins // n_bands, n_frames), inputs[0])
    value = _scale_channels(lowering, name, scale, bias - module.running_mean * scale, value)
    return lowering.reshape(f"{name}.map", (channels, n_bins, n_frames), value)


@_lower.register
def _(primitive: layers.Activation, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    if primitive.kind != "silu":
        return lowering.write(name, primitive, module, *inputs)
    shape = lowering.shapes[inputs[0]]
    gate = lowering.write(f"{name}.gate", Lowered("sigmoid", shape), nn.Sigmoid(), *inputs)
    return lowering.write(name, Lowered("product", shape), Product(), *inputs, gate)


@_lower.register
def _(
    primitive: layers.GlobalPooling, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]
) -> int:
    channels, n_bins, n_frames = lowering.shapes[inputs[0]]
    size = (n_bins, n_frames)
    pool = nn.AvgPool2d(size) if primitive.kind == "mean" else nn.MaxPool2d(size)
    pooled = lowering.write(name, layers.Pooling(primitive.kind, size, size), pool, *inputs)
    return lowering.reshape(f"{name}.flat", (channels,), pooled)


@_lower.register
def _(primitive: layers.AxisMean, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    _, n_bins, n_frames = lowering.shapes[inputs[0]]
    size = (n_bins, 1) if primitive.axis == "frequency" else (1, n_frames)
    return lowering.write(name, layers.Pooling("mean", size, size), nn.AvgPool2d(size), *inputs)


@_lower.register
def _(primitive: layers.ChannelRoll, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    n = lowering.shapes[inputs[0]][0]
    start = n - primitive.shift % n
    parts = [
        lowering.write(f"{name}.{part}", layers.ChannelSlice(*ends), ChannelSlice(*ends), *inputs)
        for part, ends in (("end", (start, n)), ("start", (0, start)))
        if ends[0] < ends[1]
    ]
    return lowering.write(name, layers.Concatenation(), Concatenation(), *parts) if len(parts) == 2 else parts[0]


@_lower.register
def _(primitive: layers.TimeMoments, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    moments = lowering.write(name, primitive, module, *inputs)
    scale = Lowered("scale", lowering.shapes[moments])
    return lowering.write(f"{name}.scale", scale, GroupScale(len(primitive.kinds)), moments)


@_lower.register(layers.Flattening)
def _(primitive: Primitive, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    return lowering.reshape(name, primitive.out_shape(lowering.shapes[inputs[0]]), inputs[0])


@_lower.register(layers.LogitSum)
def _(primitive: Primitive, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    total = inputs[0]
    for number, value in enumerate(inputs[1:], start=1):
        total = lowering.write(f"{name}.{number}", layers.Addition(), Addition(), total, value)
    return total


@_lower.register(layers.AttentivePooling)
def _(primitive: Primitive, lowering: _Lowering, name: str, module: nn.Module, inputs: tuple[int, ...]) -> int:
    (channels, *size), (groups, *_) = (lowering.shapes[value] for value in inputs)
    n_positions = size[0] * size[1]
    scores = lowering.reshape(f"{name}.scores", (groups, n_positions), inputs[1])
    softmax = Lowered("softmax", (groups, n_positions), scale=channels**-0.5)
    weights = lowering.write(f"{name}.softmax", softmax, ScaledSoftmax(softmax.scale), scores)
    weights = lowering.reshape(f"{name}.weights", (groups, n_positions, 1), weights)
    values = lowering.reshape(f"{name}.values", (groups, channels // groups, n_positions), inputs[0])
    product = Lowered("matmul", (groups, channels // groups, 1))
    pooled = lowering.write(name, product, MatrixProduct(), values, weights)
    return lowering.reshape(f"{name}.flat", (channels,), pooled)


def _scale_channels(lowering: _Lowering, name: str, scale: Tensor, shift: Tensor, value: int) -> int:
    """A norm that cannot fold, as a convolution of each channel."""
    n = len(scale)
    conv = nn.Conv2d(n, n, 1, groups=n)
    with torch.no_grad():
        conv.weight.copy_(scale.reshape(n, 1, 1, 1))
        conv.bias.copy_(shift)  # type: ignore[union-attr]
    return lowering.write(name, layers.Convolution(n, 1, groups=n, bias=True), conv, value)
