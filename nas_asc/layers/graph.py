"""A layer whose operations are spelled out, for networks of irregular widths."""

from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

from nas_asc.errors import LayerError
from nas_asc.layers.architecture import Expansion
from nas_asc.layers.attention import AttentivePooling
from nas_asc.layers.branched import BranchedConvolution
from nas_asc.layers.check import fail, set_field
from nas_asc.layers.instance_norm import FrequencyInstanceNorm
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import (
    Activation,
    Addition,
    BatchNorm,
    ChannelNorm,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Flattening,
    GlobalPooling,
    Pooling,
    Projection,
    RandomZeroing,
    SubSpectralNorm,
)
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.reduction import AxisMean, LogitSum, ProbabilityMean, TimeMoments
from nas_asc.layers.shape import to_pair, to_size
from nas_asc.layers.tape import Tape, Value

Step: TypeAlias = tuple[Primitive, tuple[int, ...], str, str | None]

PRIMITIVE_TYPES: tuple[type[Primitive], ...] = (
    Activation,
    Addition,
    AttentivePooling,
    AxisMean,
    BatchNorm,
    BranchedConvolution,
    ChannelNorm,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Flattening,
    FrequencyInstanceNorm,
    GlobalPooling,
    LogitSum,
    Pooling,
    ProbabilityMean,
    Projection,
    RandomZeroing,
    SubSpectralNorm,
    TimeMoments,
)


class Graph(Layer):
    """Primitive operations as they are written: what is left of any layer when some of its channels are removed.

    Args:
        steps: In execution order, each (primitive, inputs, name, reuses): indices of the values that it takes, where 0
            is the layer's input and n the output of step n - 1; the name of its module; the name of the earlier step
            whose weights it uses again, or None.
        output: Index of the value that is the layer's output; None is that of the last step.

    Raises:
        LayerError: A step is no such tuple, or names a value or a step that is not before it.

    >>> Graph(((Convolution(5, 3), (0,), "conv", None), (BatchNorm(), (1,), "norm", None)))
    Graph(((Convolution(5, kernel_size=3), (0,), "conv", None), (BatchNorm(), (1,), "norm", None)))
    """

    steps: tuple[Step, ...]
    output: int | None = None

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        steps = self.steps if type(self.steps) is tuple else ()
        if not steps or not all(_is_step(step) for step in steps):
            must = "a tuple of (primitive, inputs, name, reuses)"
            raise fail(self, "steps", must=must, value=self.steps)
        names: list[str] = []
        for index, (_, inputs, name, reuses) in enumerate(steps):
            if not all(0 <= value <= index for value in inputs) or reuses not in (None, *names) or name in names:
                raise fail(self, "steps", must="of own names and read what is before them", value=steps[index])
            names.append(name)
        set_field(self, "steps", tuple((_shorten(step[0]), *step[1:]) for step in steps))
        if self.output == len(steps):
            set_field(self, "output", None)
        if self.output is not None and (type(self.output) is not int or not 0 <= self.output < len(steps)):
            raise fail(self, "output", must=f"from 0 to {len(steps)}, or None", value=self.output)

    @classmethod
    def of(cls, expansion: Expansion) -> "Graph":
        """The layer of an expansion, spelled out; at least one operation."""
        steps = tuple((each.primitive, each.inputs, each.name, each.reuses) for each in expansion.operations)
        return cls(steps, expansion.output)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The steps."""
        values, outputs = [x], dict[str, Value]()
        for primitive, inputs, name, reuses in self.steps:
            lender = None if reuses is None else outputs[reuses]
            value = tape.apply(primitive, *[values[index] for index in inputs], name=name, reuse=lender)
            if min(value.shape) < 1:
                raise LayerError(f"step {name!r}, {primitive!r}, gives the shape {value.shape}.")
            values.append(value)
            outputs[name] = value
        return values[-1 if self.output is None else self.output]


def _is_step(step: Any) -> bool:
    if type(step) is not tuple or len(step) != 4:
        return False
    primitive, inputs, name, reuses = step
    return (
        isinstance(primitive, Primitive)
        and type(inputs) is tuple
        and bool(inputs)
        and all(type(value) is int for value in inputs)
        and isinstance(name, str)
        and name.isidentifier()
        and (reuses is None or isinstance(reuses, str))
    )


def _shorten(primitive: Primitive) -> Primitive:
    """The primitive with its sizes in their shortest form."""
    if isinstance(primitive, BranchedConvolution):
        kernel, stride = to_size(to_pair(primitive.kernel_size)), to_size(to_pair(primitive.stride))
        return replace(primitive, kernel_size=kernel, stride=stride)
    if not isinstance(primitive, Convolution | Pooling):
        return primitive
    kernel, stride, padding = (
        to_size(to_pair(s)) for s in (primitive.kernel_size, primitive.stride, primitive.padding)
    )
    return replace(primitive, kernel_size=kernel, stride=stride, padding=padding)
