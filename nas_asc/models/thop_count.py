"""thop's number for a network, and why it differs from the pure count."""

import copy
import warnings
from dataclasses import dataclass
from math import prod

import torch
from torch import nn

from nas_asc import layers
from nas_asc.layers import Architecture, Operation, Shape, expand_architecture


@dataclass(frozen=True)
class ThopCount:
    """What thop prints: MACs and parameters of one clip."""

    macs: int
    params: int


def count_thop(model: nn.Module, in_shape: Shape) -> ThopCount:
    """What thop counts, on a throw-away copy since it leaves buffers behind.

    Args:
        model: Takes (1, *in_shape).
        in_shape: (C, F, T) of one clip.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thop uses distutils, and its own deprecated functions
        from thop import profile

        probe = copy.deepcopy(model).to("cpu")
        macs, params = profile(probe, inputs=(torch.zeros(1, *in_shape),), verbose=False)
    return ThopCount(macs=int(macs), params=int(params))


def explain_thop(architecture: Architecture) -> dict[str, int]:
    """What thop's MACs have more (or less) than the pure count, by reason; exact for the built-in layers.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.

    Source:
        thop 0.1.1, vision/basic_hooks.py.

    >>> from nas_asc.layers import Conv
    >>> explain_thop(Architecture((Conv(8, kernel_size=3, norm="batch"),), (1, 34, 34), 10))
    {'batch norms count 4 an element (2 without scale)': 32768}
    """
    reasons: dict[str, int] = {}
    for expansion in expand_architecture(architecture):
        for operation in expansion.operations:
            reason, difference = _difference(operation)
            if difference:
                reasons[reason] = reasons.get(reason, 0) + difference
    return reasons


def _difference(operation: Operation) -> tuple[str, int]:
    primitive, elements = operation.primitive, prod(operation.out_shape)
    if isinstance(primitive, layers.BatchNorm):
        return "batch norms count 4 an element (2 without scale)", (4 if primitive.affine else 2) * elements
    if isinstance(primitive, layers.Pooling) and primitive.kind == "mean":
        return "mean pooling counts 1 an output", elements
    if isinstance(primitive, layers.Activation) and primitive.kind == "prelu":
        return "PReLU counts 1 an element", elements
    if isinstance(primitive, layers.AttentivePooling):
        return "attentive pooling is unknown to it", -primitive.counts(*operation.in_shapes).macs
    if isinstance(primitive, layers.Convolution) and primitive.damping is not None:
        return "damped convolutions are unknown to it", -primitive.counts(*operation.in_shapes).macs
    return "", 0
