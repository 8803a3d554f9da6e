"""A whole network as plain data, and its expansion into primitives."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from nas_asc.errors import LayerError
from nas_asc.layers.layer import Layer, format_layer
from nas_asc.layers.shape import Shape
from nas_asc.layers.tape import Operation, Tape, Value


@dataclass(frozen=True)
class Architecture:
    """A network as plain data.

    Args:
        layers: Layer descriptions, first to last.
        in_shape: (C, F, T) of one clip's features.
        n_classes: Number of classes.

    Raises:
        LayerError: A shape or count is not positive whole numbers, or there is no layer.
    """

    layers: tuple[Layer, ...]
    in_shape: Shape
    n_classes: int

    def __post_init__(self) -> None:
        if type(self.layers) is not tuple or not self.layers:
            raise LayerError(f"`layers` must be a tuple of one or more layers, but got layers={self.layers!r}.")
        if not _is_shape(self.in_shape):
            raise LayerError(f"`in_shape` must be (C, F, T), each 1 or more, but got in_shape={self.in_shape!r}.")
        if type(self.n_classes) is not int or self.n_classes < 1:
            raise LayerError(f"`n_classes` must be a whole number of 1 or more, but got n_classes={self.n_classes!r}.")


def _is_shape(shape: object) -> bool:
    return type(shape) is tuple and set(map(type, shape)) == {int} and min(shape) > 0


@dataclass(frozen=True)
class Expansion:
    """The primitives of one layer on one input.

    Args:
        layer: The description.
        in_shape: Shape of its input, which is value 0.
        operations: In execution order; operation n gives value n + 1.
        output: Index of the value that is the layer's output.
        out_shape: Its shape.
    """

    layer: Layer
    in_shape: Shape
    operations: tuple[Operation, ...]
    output: int
    out_shape: Shape

    @cached_property
    def n_uses(self) -> Counter[int]:
        """How often each value is read by the operations."""
        return Counter(value for operation in self.operations for value in operation.inputs)

    @cached_property
    def lenders(self) -> frozenset[str]:
        """Names of the operations whose weights others use again."""
        return frozenset(operation.reuses for operation in self.operations if operation.reuses is not None)


def expand_layer(layer: Layer, in_shape: Shape, n_classes: int) -> Expansion:
    """The primitives of one layer.

    Raises:
        LayerError: The layer cannot take the input; gives the reason alone.
    """
    if not isinstance(layer, Layer):
        raise LayerError("it is not a layer. Use Conv, MaxPool, Residual or a layer class of your own")
    tape = Tape(in_shape, n_classes)
    try:
        out = layer.expand(tape, tape.input)
    except LayerError:
        raise
    except Exception as error:  # a user's own layer may fail in any way; it is the layer's fault
        raise LayerError(f"its `expand` failed with {type(error).__name__}: {error}") from error
    if not isinstance(out, Value):
        raise LayerError(f"its `expand` must return the value that `tape.apply` gave, but returned {out!r}.")
    return Expansion(layer, in_shape, tape.operations, out.index, out.shape)


def expand_architecture(architecture: Architecture) -> tuple[Expansion, ...]:
    """The primitives of every layer, first to last.

    Raises:
        LayerError: A layer cannot take its input; names the layer, its place and the shape.
    """
    shape, expansions = architecture.in_shape, []
    for index, layer in enumerate(architecture.layers):
        try:
            expansions.append(expand_layer(layer, shape, architecture.n_classes))
        except LayerError as error:
            raise LayerError(f"layer {index}, {_name(layer)}, cannot take the shape {shape}: {error}") from None
        shape = expansions[-1].out_shape
    return tuple(expansions)


def validate_architecture(architecture: Architecture) -> None:
    """Check that every layer takes its input and that the last gives one logit a class.

    Raises:
        LayerError: It does not; names the layer and the shape.
    """
    last = expand_architecture(architecture)[-1]
    if last.out_shape != (architecture.n_classes,):
        raise LayerError(
            f"the network must end in ({architecture.n_classes},), one logit a class,"
            f" but its last layer, {_name(last.layer)}, gives {last.out_shape}. End with `Classifier()`."
        )


def _name(layer: object) -> str:
    return format_layer(layer) if isinstance(layer, Layer) else repr(layer)
