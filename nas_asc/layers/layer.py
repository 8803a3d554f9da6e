"""The base of all layer descriptions, and their one-line text."""

import json
from abc import abstractmethod
from dataclasses import MISSING, fields
from typing import Any, ClassVar

from nas_asc.layers.description import DescriptionType
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.tape import Tape, Value


class Layer(metaclass=DescriptionType):
    """A layer as plain data: a frozen dataclass that expands itself into primitive operations.

    From the expansion follow the shape, the counts, the memory, the receptive field and the module, so a new layer
    is its fields and `expand`:

        class Doubled(Layer):
            kernel_size: int = 3

            def expand(self, tape, x):
                width = 2 * x.shape[0]
                x = tape.apply(Convolution(width, self.kernel_size), x)
                return tape.normalise(x, "batch")

    Fields are numbers, texts, truth values, None, or tuples of these; check them in `__post_init__`. Layers with
    equal fields are the same object.

    Attributes:
        reads_channels_only: Whether `expand` does the same for every F and T of a map, so that the costs of one
            expansion hold for all sizes; costs are then remembered per layer and channels, which is far faster.
    """

    reads_channels_only: ClassVar[bool] = False

    @abstractmethod
    def expand(self, tape: Tape, x: Value) -> Value:
        """Write the layer's primitives.

        Args:
            tape: Where to write; knows the number of classes.
            x: The layer's input.

        Returns:
            The layer's output.

        Raises:
            LayerError: The layer cannot take this input, with the reason.
        """

    def __repr__(self) -> str:
        return format_layer(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {field.name: getattr(self, field.name) for field in fields(self)})

    def __copy__(self) -> "Layer":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Layer":
        return self


def _rebuild(cls: type[Layer], values: dict[str, Any]) -> Layer:
    return cls(**values)


def format_layer(layer: Layer | Primitive) -> str:
    """Canonical text of a layer or primitive: its first field bare if it has no default, others by name."""
    parts = []
    for index, field in enumerate(fields(layer)):
        value = getattr(layer, field.name)
        if index == 0 and field.default is MISSING:
            parts.append(_format_value(value))
        elif field.default is MISSING or value != field.default or type(value) is not type(field.default):
            parts.append(f"{field.name}={_format_value(value)}")
    return f"{type(layer).__name__}({', '.join(parts)})"


def _format_value(value: object) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(_format_value(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Primitive):
        return format_layer(value)
    return json.dumps(value) if isinstance(value, str) else repr(value)
