"""Canonical text of a network: one layer a line, defaults left out, and back.

Conventions:
    The first line is `Architecture(in_shape=(C, F, T), n_classes=K)`; then one layer a line. Empty lines and
    comments after `#` are skipped.
"""

import ast
from collections.abc import Iterable
from typing import Any, TypeAlias

from nas_asc.errors import LayerError, nearest
from nas_asc.layers.architecture import Architecture
from nas_asc.layers.block import BasicBlock, Bottleneck
from nas_asc.layers.broadcast_residual import BroadcastResidual
from nas_asc.layers.classifier import Classifier
from nas_asc.layers.convolution import Conv
from nas_asc.layers.dense import Dense, Dropout, Flatten
from nas_asc.layers.downsampling import Downsampling
from nas_asc.layers.ensemble import Ensemble, Moments
from nas_asc.layers.global_pool import AttentivePool, GlobalPool
from nas_asc.layers.graph import PRIMITIVE_TYPES, Graph
from nas_asc.layers.inception import Inception
from nas_asc.layers.inverted_bottleneck import InvertedBottleneck
from nas_asc.layers.layer import Layer, format_layer
from nas_asc.layers.norm import Norm
from nas_asc.layers.pooling import AvgPool, MaxPool
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.residual import Residual, SharedResidual
from nas_asc.layers.separable import TimeFrequencySeparable

LAYER_TYPES: tuple[type[Layer], ...] = (
    AttentivePool,
    AvgPool,
    BroadcastResidual,
    BasicBlock,
    Bottleneck,
    Classifier,
    Conv,
    Dense,
    Downsampling,
    Dropout,
    Ensemble,
    Flatten,
    GlobalPool,
    Graph,
    Inception,
    InvertedBottleneck,
    MaxPool,
    Moments,
    Norm,
    Residual,
    SharedResidual,
    TimeFrequencySeparable,
)

_Known: TypeAlias = dict[str, type[Layer | Primitive]]


def format_architecture(architecture: Architecture) -> str:
    """Canonical text; equal networks have equal texts.

    >>> print(format_architecture(Architecture((Conv(8, kernel_size=3), Classifier()), (1, 64, 51), 10)))
    Architecture(in_shape=(1, 64, 51), n_classes=10)
    Conv(8, kernel_size=3)
    Classifier()
    """
    head = f"Architecture(in_shape={architecture.in_shape}, n_classes={architecture.n_classes})"
    return "\n".join([head, *map(format_layer, architecture.layers)])


def parse_architecture(text: str, layer_types: Iterable[type[Layer | Primitive]] = ()) -> Architecture:
    """Network of a canonical text.

    Args:
        text: What `format_architecture` gave, or the like written by hand.
        layer_types: Layer and primitive classes of your own that the text may name.

    Raises:
        LayerError: The text cannot be read; names the line.

    >>> parse_architecture("Architecture(in_shape=(1, 64, 51), n_classes=10)\\nClassifier()").layers
    (Classifier(),)
    """
    known: _Known = {cls.__name__: cls for cls in (*LAYER_TYPES, *PRIMITIVE_TYPES, *layer_types)}
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.split("#")[0].strip()]
    if not lines:
        raise LayerError("the text of a network must have a line `Architecture(...)`, but it is empty.")
    head = _parse_call(*lines[0])
    if head[0] != "Architecture" or head[1] or set(head[2]) != {"in_shape", "n_classes"}:
        must = "Architecture(in_shape=(C, F, T), n_classes=K)"
        raise LayerError(f"line {lines[0][0]} must be {must}, but got {lines[0][1].strip()!r}.")
    return Architecture(tuple(_parse_layer(number, line, known) for number, line in lines[1:]), **head[2])


def _parse_layer(number: int, line: str, known: _Known) -> Layer:
    described = _describe(number, *_parse_call(number, line, known), known)
    if not isinstance(described, Layer):
        raise LayerError(f"line {number} must be a layer such as Conv(8, kernel_size=3), but got {line.strip()!r}.")
    return described


def _describe(number: int, name: str, args: list[Any], kwargs: dict[str, Any], known: _Known) -> Layer | Primitive:
    if name not in known:
        raise LayerError(f"no layer named {name!r}, in line {number}. {nearest(name, sorted(known), what='layers')}")
    try:
        return known[name](*args, **kwargs)
    except LayerError as error:
        raise LayerError(f"{error} (line {number})") from None
    except TypeError as error:
        raise LayerError(f"{name} cannot be described so: {error} (line {number})") from None


def _parse_call(number: int, line: str, known: _Known | None = None) -> tuple[str, list[Any], dict[str, Any]]:
    try:
        return _read_call(number, ast.parse(line.strip(), mode="eval").body, known or {})
    except (SyntaxError, ValueError, RecursionError) as error:
        if isinstance(error, LayerError):
            raise
        raise LayerError(
            f"line {number} must be a layer such as Conv(8, kernel_size=3), but got {line.strip()!r}."
        ) from None


def _read_call(number: int, call: ast.expr, known: _Known) -> tuple[str, list[Any], dict[str, Any]]:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("it is no call")
    args = [_read_value(number, node, known) for node in call.args]
    return call.func.id, args, {str(word.arg): _read_value(number, word.value, known) for word in call.keywords}


def _read_value(number: int, node: ast.expr, known: _Known) -> Any:
    """A number, text, or the like; a layer; or a tuple of such."""
    if isinstance(node, ast.Tuple):
        return tuple(_read_value(number, item, known) for item in node.elts)
    if isinstance(node, ast.Call):
        return _describe(number, *_read_call(number, node, known), known)
    return ast.literal_eval(node)
