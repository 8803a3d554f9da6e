"""A network as the steps that an integer runtime runs, from its description alone: shapes, no weights.

Conventions:
    Step n writes value n + 1; value 0 is the network's input. They are those of `models.lower_network`, which
    tests/export/test_memory.py holds to the exported files.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from nas_asc.cost.folding import absorbing_operation
from nas_asc.cost.formula import PROBE
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Activation,
    Addition,
    Architecture,
    AttentivePooling,
    AxisMean,
    BatchNorm,
    BranchedConvolution,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Expansion,
    Flattening,
    GlobalPooling,
    Layer,
    LogitSum,
    Operation,
    Pooling,
    Primitive,
    ProbabilityMean,
    Projection,
    RandomZeroing,
    Shape,
    SubSpectralNorm,
    TimeMoments,
    expand_layer,
)

_PLAIN = frozenset((Convolution, Pooling, Projection, Addition, ChannelSlice, Concatenation))  # steps as they are


class RuntimeStep(NamedTuple):
    """One step.

    Args:
        kind: "reshape", "sigmoid", "product", "softmax", "matmul", "scale", "relu", or "" for what its primitive says.
        primitive: What is done, where the kind does not say it.
        inputs: Values that it reads.
        out_shape: The shape of the value that it writes.
    """

    kind: str
    primitive: Primitive | None
    inputs: tuple[int, ...]
    out_shape: Shape

    @property
    def keeps_integers(self) -> bool:
        """Whether its output has the range of its input whatever that is."""
        if self.primitive is None:
            return self.kind == "reshape"
        if isinstance(self.primitive, Pooling):
            return self.primitive.kind == "max"
        return isinstance(self.primitive, ChannelSlice)


_Operations = tuple[tuple[tuple[Primitive | None, tuple[int, ...]], ...], int]  # None does nothing; the layer's output


class _Writer:
    """Steps of one layer, whose input is value 0."""

    def __init__(self, in_shape: Shape) -> None:
        self.steps: list[RuntimeStep] = []
        self._in_shape = in_shape

    def shape(self, value: int) -> Shape:
        return self.steps[value - 1].out_shape if value else self._in_shape

    def write(self, kind: str, shape: Shape, *inputs: int) -> int:
        self.steps.append(RuntimeStep(kind, None, inputs, shape))
        return len(self.steps)

    def apply(self, primitive: Primitive, *inputs: int) -> int:
        shape = primitive.out_shape(*map(self.shape, inputs))
        self.steps.append(RuntimeStep("", primitive, inputs, shape))
        return len(self.steps)

    def lower(self, primitive: Primitive, inputs: tuple[int, ...]) -> int:
        """Value of an operation that does something."""
        if type(primitive) in _PLAIN:
            return self.apply(primitive, *inputs)
        shape = self.shape(inputs[0])
        match primitive:
            case BranchedConvolution():
                return self.apply(primitive.folded, *inputs)
            case BatchNorm():
                return self._scale_channels(shape, inputs[0])
            case SubSpectralNorm():
                channels, n_bins, n_frames = shape
                bands = (channels * primitive.n_bands, n_bins // primitive.n_bands, n_frames)
                scaled = self._scale_channels(bands, self.write("reshape", bands, *inputs))
                return self.write("reshape", shape, scaled)
            case Activation(kind="relu"):
                return self.write("relu", shape, *inputs)
            case Activation(kind="silu"):
                return self.write("product", shape, *inputs, self.write("sigmoid", shape, *inputs))
            case GlobalPooling():
                whole = (shape[1], shape[2])
                pooled = self.apply(Pooling(primitive.kind, whole, whole), *inputs)
                return self.write("reshape", shape[:1], pooled)
            case AxisMean():
                size = (shape[1], 1) if primitive.axis == "frequency" else (1, shape[2])
                return self.apply(Pooling("mean", size, size), *inputs)
            case ChannelRoll():
                start = shape[0] - primitive.shift % shape[0]
                ends = [each for each in ((start, shape[0]), (0, start)) if each[0] < each[1]]
                parts = [self.apply(ChannelSlice(*each), *inputs) for each in ends]
                return self.apply(Concatenation(), *parts) if len(parts) == 2 else parts[0]
            case TimeMoments():
                moments = self.apply(primitive, *inputs)
                return self.write("scale", self.shape(moments), moments)
            case Flattening():
                return self.write("reshape", primitive.out_shape(shape), *inputs)
            case LogitSum():
                total = inputs[0]
                for value in inputs[1:]:
                    total = self.write("sum", shape, total, value)
                return total
            case AttentivePooling():
                return self._pool_attentively(shape, *inputs)
        return self.apply(primitive, *inputs)

    def _scale_channels(self, shape: Shape, value: int) -> int:
        """A norm that cannot fold."""
        scale = Convolution(shape[0], 1, groups=shape[0], bias=True)
        if len(shape) == 3:
            return self.apply(scale, value)
        return self.write("reshape", shape, self.apply(scale, self.write("reshape", (shape[0], 1, 1), value)))

    def _pool_attentively(self, shape: Shape, maps: int, scores: int) -> int:
        channels, groups, n = shape[0], self.shape(scores)[0], shape[1] * shape[2]
        flat = self.write("reshape", (groups, n), scores)
        weights = self.write("reshape", (groups, n, 1), self.write("softmax", (groups, n), flat))
        values = self.write("reshape", (groups, channels // groups, n), maps)
        product = self.write("matmul", (groups, channels // groups, 1), values, weights)
        return self.write("reshape", (channels,), product)


def list_steps(architecture: Architecture) -> tuple[tuple[RuntimeStep, ...], int]:
    """Steps of a network in order, and the value that holds its logits.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    shape, value, steps = architecture.in_shape, 0, list[RuntimeStep]()
    for layer in architecture.layers:
        own, output, shape = _list_in_layer(layer, shape, architecture.n_classes)
        n = len(steps)
        for kind, primitive, inputs, out_shape in own:
            places = tuple([index + n if index else value for index in inputs])
            steps.append(RuntimeStep(kind, primitive, places, out_shape))
        value = output + n if output else value
    return tuple(steps), value


@lru_cache(maxsize=2**14)
def _list_in_layer(layer: Layer, in_shape: Shape, n_classes: int) -> tuple[tuple[RuntimeStep, ...], int, Shape]:
    operations, output = _find_operations(layer, in_shape, n_classes)
    writer, places = _Writer(in_shape), [0]
    for primitive, indices in operations:
        inputs = tuple([places[index] for index in indices])
        places.append(inputs[0] if primitive is None else writer.lower(primitive, inputs))
    return tuple(writer.steps), places[output], writer.shape(places[output])


def _find_operations(layer: Layer, in_shape: Shape, n_classes: int) -> _Operations:
    """Of a layer that reads channels only, asked once for all sizes of its map, which have the same operations."""
    if layer.reads_channels_only and len(in_shape) == 3:
        try:
            return _list_operations(layer, (in_shape[0], PROBE, PROBE), n_classes)
        except LayerError:
            pass  # it may still take the map as it is
    return _list_operations(layer, in_shape, n_classes)


@lru_cache(maxsize=2**14)
def _list_operations(layer: Layer, in_shape: Shape, n_classes: int) -> _Operations:
    expansion = expand_layer(layer, in_shape, n_classes)
    operations = tuple(
        (None if _does_nothing(expansion, operation) else operation.primitive, operation.inputs)
        for operation in expansion.operations
    )
    return operations, expansion.output


def _does_nothing(expansion: Expansion, operation: Operation) -> bool:
    if isinstance(operation.primitive, RandomZeroing):
        return True
    return isinstance(operation.primitive, BatchNorm) and absorbing_operation(expansion, operation) is not None


def find_owners(steps: Sequence[RuntimeStep], output: int) -> list[int | None]:
    """Of each value, the value whose range it has when all are integers; None where it is float.

    What a ReLU alone reads has the range of its output, which cuts off below 0, so that the ReLU has nothing to do.
    """
    readers: list[list[int]] = [[] for _ in range(len(steps) + 1)]
    owners: list[int | None] = [0]
    for number, step in enumerate(steps):
        for value in set(step.inputs):
            readers[value].append(number)
        if step.keeps_integers or (
            isinstance(step.primitive, Concatenation) and len({owners[value] for value in step.inputs}) == 1
        ):
            owners.append(owners[step.inputs[0]])
        else:
            is_float = isinstance(step.primitive, ProbabilityMean | TimeMoments)
            owners.append(None if is_float else number + 1)
    for number, step in enumerate(steps):
        if step.kind != "relu":
            continue
        found, index = list[int](), step.inputs[0]
        while index not in (0, output) and len(readers[index]) == 1:
            found.append(index)
            source = steps[index - 1]
            if not source.keeps_integers:
                for value in found:
                    owners[value] = number + 1
                break
            index = source.inputs[0]
    return owners
