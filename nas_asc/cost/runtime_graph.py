"""The tensors that a runtime keeps between the operators of a network, from the network's description alone.

Conventions:
    The operators are those of the .tflite file; the C that is exported takes some of them together. A map (C, F, T)
    lies as (1, F, T, C). Constants are no tensors here.
"""

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from nas_asc.cost.runtime_steps import RuntimeStep, find_owners, list_steps
from nas_asc.cost.window_padding import find_padding
from nas_asc.layers import (
    Activation,
    Architecture,
    ChannelNorm,
    Concatenation,
    Convolution,
    FrequencyInstanceNorm,
    Pooling,
    ProbabilityMean,
    Projection,
    Shape,
    TimeMoments,
    to_pair,
)

_FREQUENCY, _TIME, _CHANNELS = 1, 2, 3  # axes of a map
_FIXED = -1  # owner of a range that a kernel fixes
_ORDERS = {"skewness": 3, "kurtosis": 4, "hyperskewness": 5}
_GIVEN_IN_ORDER = ("reshape", "softmax", "matmul")  # kinds that give the elements channels first
_READ_IN_ORDER = ("softmax", "matmul")  # and that read them so


class _Value(NamedTuple):
    """A value of the network.

    Args:
        tensor: Where it is.
        shape: Without the batch, channels first.
        owner: Value whose range it has; None where it is float.
        is_map: Whether it lies with its channels last.
    """

    tensor: int
    shape: Shape
    owner: int | None
    is_map: bool


class Operator(NamedTuple):
    """An operator of the network.

    Args:
        kind: What it does.
        inputs: Tensors that it reads.
        output: Tensor that it writes.
        window: What slides over the map; None where nothing does.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    window: Convolution | Pooling | None = None


class RuntimeGraph:
    """Operators in order.

    Args:
        steps: The steps of the network.
        output: Value that holds its logits.

    Attributes:
        run: The operators.
    """

    def __init__(self, steps: Sequence[RuntimeStep], output: int) -> None:
        self.run: list[Operator] = []
        self._lies: list[tuple[int, ...]] = []
        self._widths: list[int] = []
        self._steps = steps
        self._output = output
        self._owners = find_owners(steps, output)
        self._readers: list[list[RuntimeStep]] = [[] for _ in range(len(steps) + 1)]
        for step in steps:
            for value in set(step.inputs):
                self._readers[value].append(step)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """As it lies."""
        return self._lies[tensor]

    def width(self, tensor: int) -> int:
        """Bytes of an element."""
        return self._widths[tensor]

    def size(self, tensor: int) -> int:
        """Bytes."""
        return prod(self._lies[tensor]) * self._widths[tensor]

    def write(self, number: int, inputs: list[_Value]) -> _Value:
        """The value that a step writes."""
        step = self._steps[number]
        if step.primitive is None:
            return self._write_lowered(number, inputs)
        match step.primitive:
            case Convolution():
                value = self._pad(inputs[0], step.primitive, "PAD")
                return self._apply("CONV", number, value, window=step.primitive)
            case Pooling(kind="mean"):
                if _is_whole(inputs[0], step.primitive):
                    return self._apply("MEAN", number, inputs[0])
                value = self._pad(inputs[0], step.primitive, "PAD")
                return self._apply("AVERAGE_POOL", number, value, window=step.primitive)
            case Pooling():
                value = self._pad(inputs[0], step.primitive, "PADV2")
                return self._apply("MAX_POOL", number, value, window=step.primitive)
            case Activation():
                return self._apply(step.primitive.kind, number, inputs[0])
            case Concatenation():
                owner = self._owners[number + 1]
                same = [
                    value if self._owners[index] == owner else self._requantise(value, owner)
                    for index, value in zip(step.inputs, inputs, strict=True)
                ]
                return self._apply("CONCATENATION", number, *same)
            case FrequencyInstanceNorm() | ChannelNorm() | TimeMoments() | ProbabilityMean():
                return self._write_in_float(number, inputs)
        return self._apply(type(step.primitive).__name__, number, *inputs)

    def _write_lowered(self, number: int, inputs: list[_Value]) -> _Value:
        step = self._steps[number]
        match step.kind:
            case "relu" if self._owners[step.inputs[0]] == number + 1 and inputs[0].owner == number + 1:
                return inputs[0]  # its range has cut off what is below 0
            case "reshape":
                return self._reshape(number, inputs[0])
            case "scale":
                return self._write_in_float(number, inputs)
            case "softmax":
                fine = self.new((1, *step.out_shape), 2)
                self.apply("SOFTMAX", fine, inputs[0].tensor)
                return self._apply("QUANTIZE", number, fine)
            case "sigmoid":
                value = self.value(step.out_shape, _FIXED, is_map=inputs[0].is_map)
                self.apply("LOGISTIC", value.tensor, inputs[0].tensor)
                return value
        return self._apply(step.kind, number, *inputs)

    def new(self, lies: tuple[int, ...], width: int = 1) -> int:
        """A tensor of elements of so many bytes."""
        self._lies.append(lies)
        self._widths.append(width)
        return len(self._lies) - 1

    def apply(self, kind: str, output: int, *inputs: int) -> int:
        """An operator; gives its output."""
        self.run.append(Operator(kind, inputs, output))
        return output

    def value(self, shape: Shape, owner: int | None, *, is_map: bool) -> _Value:
        """A value that is still to be written."""
        lies = (1, *shape[1:], shape[0]) if is_map else (1, *shape)
        return _Value(self.new(lies, 4 if owner is None else 1), shape, owner, is_map)

    def _apply(
        self, kind: str, number: int, *inputs: _Value | int, window: Convolution | Pooling | None = None
    ) -> _Value:
        step = self._steps[number]
        keeps = step.keeps_integers and isinstance(inputs[0], _Value)
        owner = inputs[0].owner if keeps and isinstance(inputs[0], _Value) else self._owners[number + 1]
        out = self.value(step.out_shape, owner, is_map=self._lies_as_map(number))
        tensors = tuple([one.tensor if isinstance(one, _Value) else one for one in inputs])
        self.run.append(Operator(kind, tensors, out.tensor, window))
        return out

    def _lies_as_map(self, number: int) -> bool:
        step = self._steps[number]
        if len(step.out_shape) != 3:
            return False
        if step.kind not in _GIVEN_IN_ORDER:
            return True
        readers = self._readers[number + 1]
        return step.kind == "reshape" and not (readers and all(one.kind in _READ_IN_ORDER for one in readers))

    def _requantise(self, value: _Value, owner: int | None) -> _Value:
        out = self.value(value.shape, owner, is_map=value.is_map)
        self.apply("DEQUANTIZE" if owner is None else "QUANTIZE", out.tensor, value.tensor)
        return out

    def _pad(self, value: _Value, window: Convolution | Pooling, kind: str) -> _Value:
        _, n_bins, n_frames = value.shape
        found = find_padding(
            (n_bins, n_frames),
            kernel=to_pair(window.kernel_size),
            stride=to_pair(window.stride),
            padding=to_pair(window.padding),
        )
        if not found.is_explicit:
            return value
        (top, bottom), (left, right) = found.amounts
        shape = (value.shape[0], n_bins + top + bottom, n_frames + left + right)
        out = self.value(shape, value.owner, is_map=True)
        self.apply(kind, out.tensor, value.tensor)
        return out

    def _reshape(self, number: int, value: _Value) -> _Value:
        shape, is_map, tensor = self._steps[number].out_shape, self._lies_as_map(number), value.tensor
        if value.is_map and is_map and value.shape[2] == shape[2]:
            return _Value(self._move_bands(value, shape), shape, value.owner, is_map=True)
        if value.is_map and not self._read_by_dense_alone(number):
            tensor = self._transpose(tensor, (0, 3, 1, 2))
        lies: tuple[int, ...] = (1, *shape)
        if is_map and not moves_nothing(lies, (0, 2, 3, 1)):
            tensor = self._transpose(self._shape(tensor, lies), (0, 2, 3, 1))
        lies = (1, *shape[1:], shape[0]) if is_map else lies
        return _Value(self._shape(tensor, lies), shape, value.owner, is_map)

    def _read_by_dense_alone(self, number: int) -> bool:
        """Whether dense layers, whose weights can be put in any order, are all that reads a row of values."""
        readers, value = self._readers[number + 1], number + 1
        in_a_row = len(self._steps[number].out_shape) == 1 and value != self._output
        return in_a_row and all(isinstance(reader.primitive, Projection) for reader in readers)

    def _move_bands(self, value: _Value, shape: Shape) -> int:
        channels, n_bins, n_frames = value.shape
        most, few = max(channels, shape[0]), min(channels, shape[0])
        n = min(n_bins, shape[1]) * n_frames
        first, order = ((most // few, n, few), (1, 2, 0)) if channels == few else ((n, few, most // few), (2, 0, 1))
        tensor = self._shape(value.tensor, first)
        moved = self.apply("TRANSPOSE", self._like(tensor, tuple(first[axis] for axis in order)), tensor)
        return self._shape(moved, (1, *shape[1:], shape[0]))

    def _transpose(self, tensor: int, order: tuple[int, ...]) -> int:
        lies = self._lies[tensor]
        if moves_nothing(lies, order):
            return tensor
        return self.apply("TRANSPOSE", self._like(tensor, tuple(lies[axis] for axis in order)), tensor)

    def _shape(self, tensor: int, lies: tuple[int, ...]) -> int:
        if self._lies[tensor] == lies:
            return tensor
        return self.apply("RESHAPE", self._like(tensor, lies), tensor)

    def _like(self, tensor: int, lies: tuple[int, ...]) -> int:
        return self.new(lies, self._widths[tensor])

    def _write_in_float(self, number: int, inputs: list[_Value]) -> _Value:
        """Float32 between integers."""
        step, owner = self._steps[number], self._owners[number + 1]
        floats = [value if value.owner is None else self._requantise(value, None) for value in inputs]
        tensor = floats[0].tensor
        match step.primitive:
            case FrequencyInstanceNorm(residual=residual):
                normed = self._standardise(tensor, _TIME, _CHANNELS)[1]
                tensor = self._each(normed, self._each(tensor)) if residual else normed
            case ChannelNorm():
                tensor = self._each(self._each(self._standardise(tensor, _CHANNELS)[1]))
            case TimeMoments(kinds=kinds):
                tensor = self._moments(tensor, kinds)
            case ProbabilityMean():
                tensor = self._average([value.tensor for value in floats])
            case _:
                tensor = self._each(self._each(tensor))
        value = _Value(tensor, step.out_shape, None, self._lies_as_map(number))
        return value if owner is None else self._requantise(value, owner)

    def _each(self, *tensors: int) -> int:
        """A float operator, element by element; the first tensor has the shape of all."""
        return self.apply("EACH", self._like(tensors[0], self._lies[tensors[0]]), *tensors)

    def _mean(self, tensor: int, *axes: int) -> int:
        lies = tuple(1 if axis in axes else size for axis, size in enumerate(self._lies[tensor]))
        return self.apply("MEAN", self._like(tensor, lies), tensor)

    def _standardise(self, tensor: int, *axes: int) -> tuple[int, int]:
        centred = self._each(tensor, self._mean(tensor, *axes))
        variance = self._mean(self._each(centred, centred), *axes)
        return variance, self._each(centred, self._each(self._each(variance)))

    def _moments(self, tensor: int, kinds: tuple[str, ...]) -> int:
        variance, standard = self._standardise(tensor, _TIME)
        found = []
        for kind in kinds:
            moment = variance
            if kind in _ORDERS:
                power = standard
                for _ in range(_ORDERS[kind] - 1):
                    power = self._each(power, standard)
                moment = self._mean(power, _TIME)
            elif kind != "variance":
                moment = self._mean(tensor, _TIME)
            lies = self._lies[moment]
            if lies[3] > 1 and lies[1] > 1:
                moment = self.apply("TRANSPOSE", self._like(moment, tuple(lies[axis] for axis in (0, 3, 1, 2))), moment)
            found.append(self._shape(moment, (1, prod(lies))))
        if len(found) == 1:
            return found[0]
        n = sum(self._lies[one][1] for one in found)
        return self.apply("CONCATENATION", self.new((1, n), 4), *found)

    def _average(self, tensors: list[int]) -> int:
        total = None
        for tensor in tensors:
            one = self._each(tensor)
            total = one if total is None else self._each(total, one)
        assert total is not None
        return self._each(self._each(self._each(total)))


def _is_whole(value: _Value, window: Pooling) -> bool:
    """Whether means are over whole axes: then they need no window, which would count the padding."""
    kernel, stride = to_pair(window.kernel_size), to_pair(window.stride)
    whole = [kernel[axis] == value.shape[1 + axis] for axis in (0, 1)]
    return not any(to_pair(window.padding)) and all(
        whole[axis] or (kernel[axis] == 1 and stride[axis] == 1) for axis in (0, 1)
    )


def moves_nothing(shape: tuple[int, ...], order: tuple[int, ...]) -> bool:
    """Whether axes in another order leave the values in theirs, since all but one of those that move have one place."""
    moved = [axis for axis in order if shape[axis] > 1]
    return moved == sorted(moved)


def build_graph(architecture: Architecture) -> tuple[RuntimeGraph, tuple[int, int]]:
    """The operators of a network in 8 bits, and the tensors of its input and its logits.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    steps, output = list_steps(architecture)
    graph, in_shape = RuntimeGraph(steps, output), architecture.in_shape
    values = [graph.value(in_shape, 0, is_map=len(in_shape) == 3)]
    for number, step in enumerate(steps):
        values.append(graph.write(number, [values[index] for index in step.inputs]))
    return graph, (values[0].tensor, values[output].tensor)


def fuse(run: Sequence[Operator]) -> list[Operator]:
    """The operators as the C has them: a softmax with its way to int8, zeros around a map with their reader."""
    n_reads = Counter(tensor for operator in run for tensor in operator.inputs)
    fused: list[Operator] = []
    for operator in run:
        before = fused[-1] if fused else None
        if before is not None and before.output == operator.inputs[0] and n_reads[before.output] == 1:
            if (before.kind, operator.kind) == ("SOFTMAX", "QUANTIZE"):
                fused[-1] = before._replace(output=operator.output)
                continue
            if before.kind == "PAD" and operator.kind in ("CONV", "AVERAGE_POOL"):
                fused[-1] = operator._replace(inputs=before.inputs)
                continue
        fused.append(operator)
    return fused
