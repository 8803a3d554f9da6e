"""The cost of a layer as a formula of the map's size: made once per layer and channels, valid for every F and T.

Conventions:
    The operations of a layer see few different map sizes. Each has a slot: slot 0 is a single position (vectors),
    slot 1 the layer's input, each further one follows from an earlier one by a window; the mean over an axis is a
    window that moves by more than any map has. Convolutions take so much a position; everything else takes the same at
    every size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import ge, mul

from nas_asc.cost.layer_cost import count_operation
from nas_asc.cost.memory import live_values
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Activation,
    Addition,
    AxisMean,
    BatchNorm,
    BranchedConvolution,
    ChannelNorm,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Expansion,
    FrequencyInstanceNorm,
    GlobalPooling,
    Layer,
    Operation,
    Pooling,
    RandomZeroing,
    Shape,
    SubSpectralNorm,
    expand_layer,
    to_pair,
)

PROBE = 5040  # bands and frames of the map on which a layer is expanded once; has many divisors, for sub-bands
_VECTOR, _INPUT = 0, 1
_SAME_SIZE = (
    *(Activation, Addition, BatchNorm, ChannelNorm, ChannelRoll, ChannelSlice, Concatenation, FrequencyInstanceNorm),
    *(RandomZeroing, SubSpectralNorm),
)
_KEPT = (-1, 1)  # gain and stride along an axis whose size stays
_MEANT = (-1, 2**62)  # and along one of which one bin is left

Fixed = tuple[int, int, int, int, int]
Found = tuple[Shape, Fixed, int, int, int]  # out_shape, fixed, macs, official_macs of convolutions, RAM
Count = Callable[[Shape], Found]
_Window = tuple[int, int, int, int, int]  # slot it slides over; padding less kernel and stride, in frequency and time


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Cost of one layer on maps of given channels and any size.

    Args:
        windows: How the slots from 2 on follow from earlier ones.
        parts: Slots whose bands must be a multiple of a number, with that number.
        out_slot: Slot of the output.
        out_channels: Its channels.
        fixed: params, buffers, official MACs apart from convolutions, int8_bytes, norm_params.
        macs: Pure MACs a position, by slot.
        official_macs: Official MACs of convolutions a position, by slot.
        steps: Live bytes a position at each step, by slot; steps that another one exceeds everywhere are left out.
    """

    windows: tuple[_Window, ...]
    parts: tuple[tuple[int, int], ...]
    out_slot: int
    out_channels: int
    fixed: Fixed
    macs: tuple[int, ...]
    official_macs: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]

    def evaluate(self, in_shape: Shape) -> Found | None:
        """Cost on one map (C, F, T); None where a window does not fit on it, or bands cannot be parted."""
        _, rows, columns = in_shape
        sizes, positions = [(1, 1), (rows, columns)], [1, rows * columns]
        for slot, row_gain, row_stride, column_gain, column_stride in self.windows:
            rows, columns = sizes[slot]
            rows = (rows + row_gain) // row_stride + 1
            columns = (columns + column_gain) // column_stride + 1
            if rows < 1 or columns < 1:
                return None
            sizes.append((rows, columns))
            positions.append(rows * columns)
        for slot, n_parts in self.parts:
            if sizes[slot][0] % n_parts:
                return None
        return (
            (self.out_channels, *sizes[self.out_slot]) if self.out_slot else (self.out_channels,),
            self.fixed,
            sum(map(mul, self.macs, positions)),
            sum(map(mul, self.official_macs, positions)),
            max(sum(map(mul, step, positions)) for step in self.steps),
        )

    def to_function(self, otherwise: Count) -> Count:
        """`evaluate` with the two commonest cases written out, which is several times faster; the others remembered.

        Args:
            otherwise: Called with the map on which `evaluate` gives None.
        """
        if self.out_slot == _INPUT and not self.windows and not self.parts:
            return _keep_size(self)
        if self.out_slot == _INPUT + 1 and len(self.windows) == 1 and not self.parts:
            return _slide_once(self, otherwise)
        return partial(_evaluate, self, otherwise)


@lru_cache(maxsize=2**14)
def _evaluate(formula: Formula, otherwise: Count, in_shape: Shape) -> Found:
    return formula.evaluate(in_shape) or otherwise(in_shape)


def _keep_size(formula: Formula) -> Count:
    channels, fixed = formula.out_channels, formula.fixed
    macs, official_macs = formula.macs[1], formula.official_macs[1]
    live = max(step[1] for step in formula.steps)

    def evaluate(in_shape: Shape) -> Found:
        _, rows, columns = in_shape
        n = rows * columns
        return (channels, rows, columns), fixed, macs * n, official_macs * n, live * n

    return evaluate


def _slide_once(formula: Formula, otherwise: Count) -> Count:
    channels, fixed, steps = formula.out_channels, formula.fixed, [step[1:] for step in formula.steps]
    (_, macs, slid_macs), (_, official, slid_official) = formula.macs, formula.official_macs
    _, row_gain, row_stride, column_gain, column_stride = formula.windows[0]

    def evaluate(in_shape: Shape) -> Found:
        _, rows, columns = in_shape
        n = rows * columns
        rows = (rows + row_gain) // row_stride + 1
        columns = (columns + column_gain) // column_stride + 1
        if rows < 1 or columns < 1:
            return otherwise(in_shape)
        m, ram = rows * columns, 0
        for live, slid_live in steps:
            need = live * n + slid_live * m
            if need > ram:
                ram = need
        return (channels, rows, columns), fixed, macs * n + slid_macs * m, official * n + slid_official * m, ram

    return evaluate


def derive_formula(layer: Layer, channels: int, n_classes: int) -> Formula | None:
    """Formula of a layer whose `expand` reads channels only; None where there is none.

    There is none for layers with primitives of one's own, whose counts may follow any rule.
    """
    try:
        expansion = expand_layer(layer, (channels, PROBE, PROBE), n_classes)
    except LayerError:
        return None
    slots, windows = [_INPUT], dict[_Window, int]()
    for operation in expansion.operations:
        slot = _slot_of(operation, [slots[value] for value in operation.inputs], windows)
        if slot is None:
            return None
        slots.append(slot)
    return _collect(expansion, slots, tuple(windows))


def _slot_of(operation: Operation, inputs: list[int], windows: dict[_Window, int]) -> int | None:
    """Slot of an operation's output, added to `windows` where it is new; None for unknown primitives."""
    primitive = operation.primitive
    if type(primitive) is BranchedConvolution:
        primitive = primitive.folded
    if type(primitive) is Addition:
        return _larger_slot(inputs, windows)
    if type(primitive) in _SAME_SIZE:
        return inputs[0] if len(set(inputs)) == 1 else None
    if type(primitive) is GlobalPooling:
        return _VECTOR
    if type(primitive) is AxisMean:
        return windows.setdefault(_mean_window(inputs[0], primitive.axis), len(windows) + 2)
    if type(primitive) is not Convolution and type(primitive) is not Pooling:
        return None
    kernel, stride, padding = to_pair(primitive.kernel_size), to_pair(primitive.stride), to_pair(primitive.padding)
    gains = [2 * padding[axis] - kernel[axis] for axis in (0, 1)]
    if gains == [-1, -1] and stride == (1, 1):
        return inputs[0]
    return windows.setdefault((inputs[0], gains[0], stride[0], gains[1], stride[1]), len(windows) + 2)


def _mean_window(slot: int, axis: str) -> _Window:
    return (slot, *_MEANT, *_KEPT) if axis == "frequency" else (slot, *_KEPT, *_MEANT)


def _larger_slot(inputs: list[int], windows: dict[_Window, int]) -> int | None:
    """Slot of a sum: that of both, or of the one of which the other is a mean along an axis."""
    for large, small in (inputs, inputs[::-1]):
        if large == small or small in (windows.get(_mean_window(large, axis)) for axis in ("frequency", "time")):
            return large
    return None


def _collect(expansion: Expansion, slots: list[int], windows: tuple[_Window, ...]) -> Formula:
    n_slots = len(windows) + 2
    macs, official_macs, rows = [0] * n_slots, [0] * n_slots, [(0, 0, 0, 0, 0)]
    for operation in expansion.operations:
        params, buffers, pure, official, int8_bytes, norm_params = count_operation(expansion, operation)
        if isinstance(operation.primitive, Convolution | BranchedConvolution):
            slot, n = slots[operation.output], operation.out_shape[1] * operation.out_shape[2]
            macs[slot] += pure // n
            official_macs[slot] += official // n
            official = 0
        rows.append((params, buffers, official, int8_bytes, norm_params))
    params, buffers, official, int8_bytes, norm_params = map(sum, zip(*rows, strict=True))
    return Formula(
        windows=windows,
        parts=_list_parts(expansion, slots),
        out_slot=slots[expansion.output],
        out_channels=expansion.out_shape[0],
        fixed=(params, buffers, official, int8_bytes, norm_params),
        macs=tuple(macs),
        official_macs=tuple(official_macs),
        steps=_live_steps(expansion, slots, n_slots),
    )


def _list_parts(expansion: Expansion, slots: list[int]) -> tuple[tuple[int, int], ...]:
    parts = {
        (slots[operation.output], operation.primitive.n_bands): None
        for operation in expansion.operations
        if isinstance(operation.primitive, SubSpectralNorm)
    }
    return tuple(parts)


def _live_steps(expansion: Expansion, slots: list[int], n_slots: int) -> tuple[tuple[int, ...], ...]:
    channels = [expansion.in_shape[0], *[operation.out_shape[0] for operation in expansion.operations]]
    steps = set()
    for values in live_values(expansion):
        live = [0] * n_slots
        for value in values:
            live[slots[value]] += channels[value]
        steps.add(tuple(live))
    return tuple(step for step in steps if not any(_exceeds(other, step) for other in steps))


def _exceeds(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one != other and all(map(ge, one, other))
