"""The module of each primitive."""

from functools import singledispatch
from typing import Any

from torch import nn

from nas_asc import layers
from nas_asc.layers import Primitive, Shape, to_pair
from nas_asc.models.branched import BranchedConv2d
from nas_asc.models.module import (
    Addition,
    AttentivePooling,
    AxisMean,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    DampedConv2d,
    GlobalMax,
    GlobalMean,
    LogitSum,
    ProbabilityMean,
    TimeMoments,
)
from nas_asc.models.norm import ChannelNorm, FrequencyInstanceNorm, SubSpectralNorm
from nas_asc.models.thinned import thin_out

_ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "hardswish": nn.Hardswish}


def build_operation(primitive: Primitive, in_shapes: tuple[Shape, ...], *, in_place: bool = False) -> nn.Module:
    """Module of one primitive.

    Args:
        primitive: What to build; one of your own builds itself.
        in_shapes: Shapes of its inputs, without the batch.
        in_place: Whether a ReLU may write over its input.

    Raises:
        LayerError: A primitive of your own has no `build_module`.
    """
    if in_place and isinstance(primitive, layers.Activation) and primitive.kind == "relu":
        return nn.ReLU(inplace=True)
    module: nn.Module = _build(primitive, in_shapes)
    return module


@singledispatch
def _build(primitive: Primitive, in_shapes: tuple[Shape, ...]) -> nn.Module:
    module: nn.Module = primitive.build_module(*in_shapes)
    return module


@_build.register
def _(primitive: layers.Convolution, in_shapes: tuple[Shape, ...]) -> nn.Module:
    in_channels = in_shapes[0][0]
    kernel, stride, padding = (to_pair(s) for s in (primitive.kernel_size, primitive.stride, primitive.padding))
    options: dict[str, Any] = {"groups": primitive.groups, "bias": primitive.bias}
    kind: type[nn.Conv2d] = nn.Conv2d
    if primitive.damping is not None:
        kind, options["damping"] = DampedConv2d, primitive.damping
    module = kind(in_channels, primitive.out_channels, kernel, stride, padding, **options)
    module.starts_at_zero = primitive.starts_at_zero  # type: ignore[assignment]
    return thin_out(module)


@_build.register
def _(primitive: layers.BranchedConvolution, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return BranchedConv2d(
        in_shapes[0][0],
        primitive.out_channels,
        to_pair(primitive.kernel_size),
        stride=to_pair(primitive.stride),
        groups=primitive.groups,
        n_branches=primitive.branches,
        has_identity=primitive.identity,
    )


@_build.register
def _(primitive: layers.Projection, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.Linear(in_shapes[0][0], primitive.out_features, bias=primitive.bias)


@_build.register
def _(primitive: layers.BatchNorm, in_shapes: tuple[Shape, ...]) -> nn.Module:
    norm = nn.BatchNorm2d if len(in_shapes[0]) == 3 else nn.BatchNorm1d
    return norm(in_shapes[0][0], affine=primitive.affine)


@_build.register
def _(primitive: layers.SubSpectralNorm, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return SubSpectralNorm(in_shapes[0][0], primitive.n_bands, per_band=primitive.per_band)


@_build.register
def _(primitive: layers.ChannelNorm, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelNorm(in_shapes[0][0])


@_build.register
def _(primitive: layers.Activation, in_shapes: tuple[Shape, ...]) -> nn.Module:
    if primitive.kind == "relu":
        return nn.ReLU()
    return nn.PReLU(in_shapes[0][0]) if primitive.kind == "prelu" else _ACTIVATIONS[primitive.kind]()


@_build.register
def _(primitive: layers.Pooling, in_shapes: tuple[Shape, ...]) -> nn.Module:
    pool = nn.MaxPool2d if primitive.kind == "max" else nn.AvgPool2d
    return pool(to_pair(primitive.kernel_size), to_pair(primitive.stride), to_pair(primitive.padding))


@_build.register
def _(primitive: layers.GlobalPooling, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return GlobalMean() if primitive.kind == "mean" else GlobalMax()


@_build.register
def _(primitive: layers.Addition, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return Addition()


@_build.register
def _(primitive: layers.Concatenation, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return Concatenation()


@_build.register
def _(primitive: layers.ChannelRoll, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelRoll(primitive.shift)


@_build.register
def _(primitive: layers.Flattening, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.Flatten()


@_build.register
def _(primitive: layers.RandomZeroing, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.Dropout(primitive.p)


@_build.register
def _(primitive: layers.AxisMean, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return AxisMean(primitive.axis)


@_build.register
def _(primitive: layers.TimeMoments, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return TimeMoments(primitive.kinds)


@_build.register
def _(primitive: layers.LogitSum, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return LogitSum()


@_build.register
def _(primitive: layers.ProbabilityMean, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return ProbabilityMean()


@_build.register
def _(primitive: layers.FrequencyInstanceNorm, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return FrequencyInstanceNorm(primitive.residual)


@_build.register
def _(primitive: layers.AttentivePooling, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return AttentivePooling()


@_build.register
def _(primitive: layers.ChannelSlice, in_shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelSlice(primitive.start, primitive.stop)
