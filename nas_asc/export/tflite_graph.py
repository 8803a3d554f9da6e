"""Values of a network in a TensorFlow Lite model: where they lie, how they are quantised, and how they change form.

Conventions:
    A map (C, F, T) lies as (1, F, T, C); anything else as (1, *shape), in the order of the shape.
"""

from dataclasses import dataclass

import numpy as np

from nas_asc.compression import QuantisedNetwork, Range
from nas_asc.export.tflite_model import Quantisation, TfliteModel
from nas_asc.layers import Shape
from nas_asc.models import Lowered, Step

_MIDDLE = 128  # uint8 n is int8 n - 128
_IN_ORDER = ("reshape", "softmax", "matmul")  # kinds that give the elements channels first
_READ_IN_ORDER = ("softmax", "matmul")  # and that read them so


@dataclass(frozen=True)
class Value:
    """A value of the network.

    Args:
        tensor: Where it is.
        shape: Without the batch, channels first.
        found: How it is quantised; None where it is float32.
        is_map: Whether it lies with its channels last.
        flattened: Values in a row that lie in the order of a map with its channels last, the map's
            shape.
    """

    tensor: int
    shape: Shape
    found: Range | None
    is_map: bool
    flattened: Shape | None = None


class TfliteGraph:
    """A model whose tensors are values of a network.

    Args:
        network: Calibrated; gives the ranges of its values.

    Attributes:
        model: What is written.
        network: The network.
        input: Its input.
    """

    def __init__(self, network: QuantisedNetwork) -> None:
        self.model = TfliteModel()
        self.network = network
        self.input = self.value(network.in_shape, network.range_of(0), "log_mel", is_map=len(network.in_shape) == 3)

    def value(self, shape: Shape, found: Range | None, name: str = "", *, is_map: bool) -> Value:
        """A value that is still to be written."""
        lies = (1, *shape[1:], shape[0]) if is_map else (1, *shape)
        kind = "float32" if found is None else "int8"
        tensor = self.model.tensor(lies, kind=kind, name=name, quantisation=to_quantisation(found))
        return Value(tensor, shape, found, is_map)

    def output(self, step: Step, *, like: Value | None = None) -> Value:
        """The value that a step is to write: with its own range, or that of another value."""
        found = self.network.range_of(step.output) if like is None else like.found
        return self.value(step.out_shape, found, step.name, is_map=self.lies_as_map(step))

    def lies_as_map(self, step: Step) -> bool:
        """Whether a step's output is read as a map."""
        if len(step.out_shape) != 3:
            return False
        if _kind(step) not in _IN_ORDER:
            return True
        readers = self.network.readers(step.output)
        return _kind(step) == "reshape" and not (readers and all(_kind(one) in _READ_IN_ORDER for one in readers))

    def requantise(self, value: Value, found: Range | None, name: str = "", *, always: bool = False) -> Value:
        """The value with another range, or in float.

        Args:
            value: As it is.
            found: Its range then; None is float.
            name: The name of the tensor.
            always: Whether a range that happens to be the same is written as well, so that the steps of a network, and
                the memory that they need, do not depend on its weights.
        """
        if value.found == found and not always:
            return value
        kind, table = ("DEQUANTIZE", "DequantizeOptions") if found is None else ("QUANTIZE", "QuantizeOptions")
        out = self.value(value.shape, found, name, is_map=value.is_map)
        self.model.operator(kind, [value.tensor], out.tensor, table)
        return out

    def transpose(self, tensor: int, order: tuple[int, ...]) -> int:
        """A tensor with its axes in another order."""
        lies = tuple(self.model.shape(tensor)[axis] for axis in order)
        axes = self.model.constant(np.array(order, dtype=np.int32))
        return self.model.operator("TRANSPOSE", [tensor, axes], self._like(tensor, lies), "TransposeOptions")

    def reshape(self, tensor: int, shape: tuple[int, ...]) -> int:
        """A tensor with another shape; its values stay in order."""
        if self.model.shape(tensor) == shape:
            return tensor
        sizes = self.model.constant(np.array(shape, dtype=np.int32))
        out = self._like(tensor, shape)
        return self.model.operator("RESHAPE", [tensor, sizes], out, "ReshapeOptions", NewShape=shape)

    def pad(
        self, value: Value, amounts: tuple[tuple[int, int], tuple[int, int]], *, integer: int | None = None
    ) -> Value:
        """A map with zeros, or another integer, around it.

        Args:
            value: The map.
            amounts: (before, after) in frequency and in time.
            integer: int8 to pad with instead.
        """
        (top, bottom), (left, right) = amounts
        channels, n_bins, n_frames = value.shape
        out = self.value((channels, n_bins + top + bottom, n_frames + left + right), value.found, is_map=True)
        sides = self.model.constant(np.array([(0, 0), *amounts, (0, 0)], dtype=np.int32))
        if integer is None:
            self.model.operator("PAD", [value.tensor, sides], out.tensor, "PadOptions")
            return out
        filled = self.model.constant(np.array([integer], np.int8), quantisation=to_quantisation(value.found))
        self.model.operator("PADV2", [value.tensor, sides, filled], out.tensor, "PadV2Options")
        return out

    def _like(self, tensor: int, shape: tuple[int, ...]) -> int:
        quantisation = self.model.quantisation(tensor)
        return self.model.tensor(shape, kind="float32" if quantisation is None else "int8", quantisation=quantisation)


def _kind(step: Step) -> str | None:
    return step.primitive.kind if isinstance(step.primitive, Lowered) else None


def to_quantisation(found: Range | None) -> Quantisation | None:
    """A range of uint8 as one of int8; None for float32."""
    return None if found is None else Quantisation((found.scale,), found.zero_point - _MIDDLE)
