"""The tensors that a runtime keeps between the operators of a network, from the network's description alone.

Conventions:
    The operators are those of the .tflite file; the C that is exported takes some of them together. A map (C, F, T)
    lies as (1, F, T, C). Constants are no tensors here.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from nas_asc.cost.arena import ALIGNMENT, Lifetime, align, count_arena
from nas_asc.cost.runtime_steps import RuntimeStep, find_owners, list_steps
from nas_asc.cost.window_padding import find_padding
from nas_asc.layers import (
    Architecture,
    ChannelNorm,
    Concatenation,
    Convolution,
    FrequencyInstanceNorm,
    Layer,
    Pooling,
    ProbabilityMean,
    Shape,
    TimeMoments,
    to_pair,
)

_FREQUENCY, _TIME, _CHANNELS = 1, 2, 3  # axes of a map
_FIXED = -1  # owner of a range that a kernel fixes
_ORDERS = {"skewness": 3, "kurtosis": 4, "hyperskewness": 5}
_SUM_BYTES = 4  # of a value that is summed
_GIVEN_IN_ORDER = ("reshape", "softmax", "matmul")  # kinds that give the elements channels first
_READ_IN_ORDER = ("softmax", "matmul")  # and that read them so


@dataclass(frozen=True, slots=True)
class _Value:
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


_Run = tuple[str, tuple[int, ...], int]  # kind, tensors that are read, tensor that is written


class _Graph:
    """Operators in order."""

    def __init__(self, steps: Sequence[RuntimeStep], output: int) -> None:
        self.run: list[_Run] = []
        self._lies: list[tuple[int, ...]] = []
        self._widths: list[int] = []
        self._steps = steps
        self._owners = find_owners(steps, output)
        self._readers: list[list[RuntimeStep]] = [[] for _ in range(len(steps) + 1)]
        for step in steps:
            for value in set(step.inputs):
                self._readers[value].append(step)

    def size(self, tensor: int) -> int:
        """Bytes."""
        return prod(self._lies[tensor]) * self._widths[tensor]

    def scratch(self, kind: str, output: int) -> int:
        """Bytes that TensorFlow Lite Micro takes beside the values while an operator runs.

        A mean of integers is summed in 32 bits, and has two short lists of axes.
        """
        if kind != "MEAN" or self._widths[output] > 1:
            return 0
        return align(_SUM_BYTES * prod(self._lies[output])) + 2 * ALIGNMENT

    def write(self, number: int, inputs: list[_Value]) -> _Value:
        """The value that a step writes."""
        step = self._steps[number]
        match step.primitive:
            case Convolution():
                value = self._pad(inputs[0], step.primitive, "PAD")
                return self._apply("CONV", number, value)
            case Pooling(kind="mean"):
                if _is_whole(inputs[0], step.primitive):
                    return self._apply("MEAN", number, inputs[0])
                return self._apply("AVERAGE_POOL", number, self._pad(inputs[0], step.primitive, "PAD"))
            case Pooling():
                return self._apply("MAX_POOL", number, self._pad(inputs[0], step.primitive, "PADV2"))
            case Concatenation():
                owner = self._owners[number + 1]
                same = [
                    value if self._owners[index] == owner else self._requantise(value, owner)
                    for index, value in zip(step.inputs, inputs, strict=True)
                ]
                return self._apply("CONCATENATION", number, *same)
            case FrequencyInstanceNorm() | ChannelNorm() | TimeMoments() | ProbabilityMean():
                return self._write_in_float(number, inputs)
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
        return self._apply(step.kind or type(step.primitive).__name__, number, *inputs)

    def new(self, lies: tuple[int, ...], width: int = 1) -> int:
        """A tensor of elements of so many bytes."""
        self._lies.append(lies)
        self._widths.append(width)
        return len(self._lies) - 1

    def apply(self, kind: str, output: int, *inputs: int) -> int:
        """An operator; gives its output."""
        self.run.append((kind, inputs, output))
        return output

    def value(self, shape: Shape, owner: int | None, *, is_map: bool) -> _Value:
        """A value that is still to be written."""
        lies = (1, *shape[1:], shape[0]) if is_map else (1, *shape)
        return _Value(self.new(lies, 4 if owner is None else 1), shape, owner, is_map)

    def _apply(self, kind: str, number: int, *inputs: _Value | int) -> _Value:
        step = self._steps[number]
        keeps = step.keeps_integers and isinstance(inputs[0], _Value)
        owner = inputs[0].owner if keeps and isinstance(inputs[0], _Value) else self._owners[number + 1]
        out = self.value(step.out_shape, owner, is_map=self._lies_as_map(number))
        self.apply(kind, out.tensor, *(one.tensor if isinstance(one, _Value) else one for one in inputs))
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
        if value.is_map:
            tensor = self._transpose(tensor, (0, 3, 1, 2))
        lies: tuple[int, ...] = (1, *shape)
        if is_map and not moves_nothing(lies, (0, 2, 3, 1)):
            tensor = self._transpose(self._shape(tensor, lies), (0, 2, 3, 1))
        lies = (1, *shape[1:], shape[0]) if is_map else lies
        return _Value(self._shape(tensor, lies), shape, value.owner, is_map)

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


def count_arena_of(architecture: Architecture, target: str) -> int:
    """Bytes of memory between the steps of a network in 8 bits, padded copies and copies in float32 included.

    Args:
        architecture: The network.
        target: "c" for the static arena of the C that is exported, "tflite-micro" for the plan in the .tflite file
            and what means take beside it.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    >>> from nas_asc.layers import Conv
    >>> network = Architecture((Conv(8, kernel_size=3, stride=2, padding=1),), (1, 34, 34), 10)
    >>> [count_arena_of(network, target) for target in ("c", "tflite-micro")]
    [3488, 3552]
    """
    return _count(architecture.layers, architecture.in_shape, architecture.n_classes, target)


@lru_cache(maxsize=2**12)
def _count(layers: tuple[Layer, ...], in_shape: Shape, n_classes: int, target: str) -> int:
    steps, output = list_steps(Architecture(layers, in_shape, n_classes))
    graph = _Graph(steps, output)
    values = [graph.value(in_shape, 0, is_map=len(in_shape) == 3)]
    for number, step in enumerate(steps):
        values.append(graph.write(number, [values[index] for index in step.inputs]))
    ends = values[0].tensor, values[output].tensor
    if target == "c":
        return count_arena(_list_lifetimes(_fuse(graph.run), *ends, graph.size, merges=True))
    lifetimes = _list_lifetimes(graph.run, *ends, graph.size, merges=False)
    most = count_arena(lifetimes)
    for place, (kind, _, written) in enumerate(graph.run):
        scratch = graph.scratch(kind, written)
        if scratch:
            live = sum(align(one.size) for one in lifetimes if one.first <= place <= one.last)
            most = max(most, live + scratch)
    return most


def _fuse(run: Sequence[_Run]) -> list[_Run]:
    """The operators as the C has them: a softmax with its way to int8, zeros around a map with their reader."""
    n_reads = Counter(tensor for _, inputs, _ in run for tensor in inputs)
    fused: list[_Run] = []
    for kind, inputs, output in run:
        before = fused[-1] if fused else None
        if before is not None and before[2] == inputs[0] and n_reads[before[2]] == 1:
            if (before[0], kind) == ("SOFTMAX", "QUANTIZE"):
                fused[-1] = (before[0], before[1], output)
                continue
            if before[0] == "PAD" and kind in ("CONV", "AVERAGE_POOL"):
                fused[-1] = (kind, before[1], output)
                continue
        fused.append((kind, inputs, output))
    return fused


def _list_lifetimes(
    run: Sequence[_Run], into: int, output: int, size: Callable[[int], int], *, merges: bool
) -> list[Lifetime]:
    """How long each tensor is kept; with `merges`, a tensor and what reshapes it are one."""
    same: dict[int, int] = {}
    first, last = {into: 0}, dict[int, int]()
    for step, (kind, inputs, written) in enumerate(run):
        if merges and kind == "RESHAPE":
            same[written] = same.get(inputs[0], inputs[0])
        first.setdefault(same.get(written, written), step)
        last[same.get(written, written)] = step
        last |= {same.get(tensor, tensor): step for tensor in inputs}
    last[same.get(output, output)] = len(run)
    return [Lifetime(tensor, size(tensor), step, max(step, last.get(tensor, step))) for tensor, step in first.items()]
