"""What keeps a network from running as integers throughout, by the runtime that it is meant for.

Conventions:
    What reads the network's input directly may run in float where the input is float, as the front end gives it: on
    every target but C, whose front end gives int8. An operation is named once, however often it occurs.
"""

from functools import lru_cache

from nas_asc.cost.cost import count_layer
from nas_asc.cost.formula import PROBE
from nas_asc.errors import LayerError
from nas_asc.frontend import validate_target
from nas_asc.layers import (
    PRIMITIVE_TYPES,
    Activation,
    Architecture,
    AttentivePooling,
    ChannelNorm,
    Expansion,
    FrequencyInstanceNorm,
    Layer,
    Primitive,
    ProbabilityMean,
    Shape,
    TimeMoments,
    expand_layer,
)

_WORDS: dict[str | type[Primitive], str] = {
    "prelu": "PReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "hardswish": "hard-swish",
    AttentivePooling: "attentive pooling",
    ChannelNorm: "layer norm",
    FrequencyInstanceNorm: "instance norm of frequencies",
    TimeMoments: "moments over time",
    ProbabilityMean: "mean of probabilities",
}
_FLOAT_EVERYWHERE = (ChannelNorm, FrequencyInstanceNorm, TimeMoments, ProbabilityMean)
# by activation or primitive; what is not named here runs as integers
_OBSTACLES: dict[str, dict[str | type[Primitive], str]] = {
    "onnxruntime": dict.fromkeys(
        (*_FLOAT_EVERYWHERE, AttentivePooling, "gelu", "hardswish", "prelu"), "float in onnxruntime"
    ),
    "tflite-micro": {
        **dict.fromkeys(_FLOAT_EVERYWHERE, "float in TFLite Micro"),
        "gelu": "missing in TFLite Micro",
    },
    "c": dict.fromkeys((*_FLOAT_EVERYWHERE, "gelu"), "missing in the C kernels"),
}


def list_obstacles(architecture: Architecture, target: str) -> tuple[str, ...]:
    """What a network has that a target cannot run as integers, in order of first use; empty for the target "any".

    Args:
        architecture: The network.
        target: One of `nas_asc.frontend.TARGETS`.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
        BudgetError: There is no such target.

    Source:
        onnxruntime 1.31, TensorFlow Lite Micro, and the C that is exported; tests/export/test_target.py holds the first
        to its own graphs, tests/export/test_c_network.py the last to what it refuses.

    >>> from nas_asc.layers import Conv
    >>> network = Architecture((Conv(8, kernel_size=3, activation="gelu"),), (1, 34, 34), 10)
    >>> list_obstacles(network, "tflite-micro")
    ('GELU (missing in TFLite Micro)',)
    """
    if validate_target(target) == "any":
        return ()
    shape, found = architecture.in_shape, dict[str, None]()
    for index, layer in enumerate(architecture.layers):
        takes_float = index == 0 and target != "c"
        found |= dict.fromkeys(_list_in_layer(layer, shape, architecture.n_classes, target, takes_float))
        shape = count_layer(layer, shape, architecture.n_classes).out_shape
    return tuple(found)


def _list_in_layer(layer: Layer, in_shape: Shape, n_classes: int, target: str, takes_float: bool) -> tuple[str, ...]:
    """Of a layer that reads channels only, asked once for all sizes of its map, which have the same operations."""
    if layer.reads_channels_only and len(in_shape) == 3:
        try:
            return _list_expanded(layer, (in_shape[0], PROBE, PROBE), n_classes, target, takes_float)
        except LayerError:
            pass  # it may still take the map as it is
    return _list_expanded(layer, in_shape, n_classes, target, takes_float)


@lru_cache(maxsize=2**14)
def _list_expanded(layer: Layer, in_shape: Shape, n_classes: int, target: str, takes_float: bool) -> tuple[str, ...]:
    expansion = expand_layer(layer, in_shape, n_classes)
    return tuple(filter(None, (_describe(primitive, target) for primitive in _primitives(expansion, takes_float))))


def _primitives(expansion: Expansion, takes_float: bool) -> list[Primitive]:
    """What runs between the quantised values: all but what stands on the network's float input."""
    return [
        operation.primitive
        for operation in expansion.operations
        if not (takes_float and set(operation.inputs) == {0} and isinstance(operation.primitive, _FLOAT_EVERYWHERE))
    ]


def _describe(primitive: Primitive, target: str) -> str | None:
    key = primitive.kind if isinstance(primitive, Activation) else type(primitive)
    if isinstance(key, type) and key not in PRIMITIVE_TYPES:
        return f"{key.__name__} (not known to run as integers)"
    reason = _OBSTACLES[target].get(key)
    return None if reason is None else f"{_WORDS[key]} ({reason})"
