"""Canonical text of a network: one layer a line, defaults left out, and back.

Conventions:
    The first line is `Architecture(in_shape=(C, F, T), n_classes=K)`; then one layer a line. Empty lines and
    comments after `#` are skipped.
"""

import ast
import difflib
from collections.abc import Iterable
from typing import Any

from nas_asc.errors import LayerError
from nas_asc.layers.architecture import Architecture
from nas_asc.layers.block import BasicBlock, Bottleneck
from nas_asc.layers.classifier import Classifier
from nas_asc.layers.convolution import Conv
from nas_asc.layers.dense import Dense, Dropout, Flatten
from nas_asc.layers.downsampling import Downsampling
from nas_asc.layers.global_pool import AttentivePool, GlobalPool
from nas_asc.layers.inception import Inception
from nas_asc.layers.inverted_bottleneck import InvertedBottleneck
from nas_asc.layers.layer import Layer, format_layer
from nas_asc.layers.norm import Norm
from nas_asc.layers.pooling import AvgPool, MaxPool
from nas_asc.layers.residual import Residual

LAYER_TYPES: tuple[type[Layer], ...] = (
    AttentivePool,
    AvgPool,
    BasicBlock,
    Bottleneck,
    Classifier,
    Conv,
    Dense,
    Downsampling,
    Dropout,
    Flatten,
    GlobalPool,
    Inception,
    InvertedBottleneck,
    MaxPool,
    Norm,
    Residual,
)


def format_architecture(architecture: Architecture) -> str:
    """Canonical text; equal networks have equal texts.

    >>> print(format_architecture(Architecture((Conv(8, kernel_size=3), Classifier()), (1, 64, 51), 10)))
    Architecture(in_shape=(1, 64, 51), n_classes=10)
    Conv(8, kernel_size=3)
    Classifier()
    """
    head = f"Architecture(in_shape={architecture.in_shape}, n_classes={architecture.n_classes})"
    return "\n".join([head, *map(format_layer, architecture.layers)])


def parse_architecture(text: str, layer_types: Iterable[type[Layer]] = ()) -> Architecture:
    """Network of a canonical text.

    Args:
        text: What `format_architecture` gave, or the like written by hand.
        layer_types: Layer classes of your own that the text may name.

    Raises:
        LayerError: The text cannot be read; names the line.

    >>> parse_architecture("Architecture(in_shape=(1, 64, 51), n_classes=10)\\nClassifier()").layers
    (Classifier(),)
    """
    known = {cls.__name__: cls for cls in (*LAYER_TYPES, *layer_types)}
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.split("#")[0].strip()]
    if not lines:
        raise LayerError("the text of a network must have a line `Architecture(...)`, but it is empty.")
    head = _parse_call(*lines[0])
    if head[0] != "Architecture" or head[1] or set(head[2]) != {"in_shape", "n_classes"}:
        must = "Architecture(in_shape=(C, F, T), n_classes=K)"
        raise LayerError(f"line {lines[0][0]} must be {must}, but got {lines[0][1].strip()!r}.")
    return Architecture(tuple(_parse_layer(number, line, known) for number, line in lines[1:]), **head[2])


def _parse_layer(number: int, line: str, known: dict[str, type[Layer]]) -> Layer:
    name, args, kwargs = _parse_call(number, line)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(sorted(known))}."
        raise LayerError(f"no layer named {name!r}, in line {number}. {hint}")
    try:
        return known[name](*args, **kwargs)
    except LayerError as error:
        raise LayerError(f"{error} (line {number})") from None


def _parse_call(number: int, line: str) -> tuple[str, list[Any], dict[str, Any]]:
    try:
        call = ast.parse(line.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError("it is no call")
        args = [ast.literal_eval(node) for node in call.args]
        kwargs = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError):
        raise LayerError(
            f"line {number} must be a layer such as Conv(8, kernel_size=3), but got {line.strip()!r}."
        ) from None
    return call.func.id, args, kwargs
