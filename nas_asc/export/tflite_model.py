"""A TensorFlow Lite model under construction: tensors, operators, and the flatbuffer that holds them.

Conventions:
    Tensors are called by number. Constants are stored once however often they are used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import Lifetime, plan_memory
from nas_asc.export.tflite_plan import PLAN_KEY, format_plan
from nas_asc.prediction import import_schema

VERSION = 3  # of the schema
_KINDS = {"float32": "FLOAT32", "int8": "INT8", "int16": "INT16", "int32": "INT32"}
_FIRST_SIZE = 2**16
# first version of each operator that takes int8; those of float32 read these too
_VERSIONS = {
    **dict.fromkeys(("ADD", "BATCH_MATMUL", "CONCATENATION", "DEQUANTIZE", "LOGISTIC", "MAX_POOL_2D", "MEAN"), 2),
    **dict.fromkeys(("MUL", "PAD", "PADV2", "RELU", "SLICE", "SOFTMAX", "TRANSPOSE"), 2),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), 3),
    "FULLY_CONNECTED": 12,  # with a scale for each output
}
_ALIGNMENT = 16  # of a buffer, which runtimes read where it lies


@dataclass(frozen=True)
class Quantisation:
    """How a tensor's integers become values: value = scale (integer - zero_point).

    Args:
        scales: One for the tensor, or one for each place on an axis.
        zero_point: Integer that stands for 0.
        axis: The axis of several scales.
    """

    scales: tuple[float, ...]
    zero_point: int = 0
    axis: int = 0


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    kind: str
    buffer: int
    quantisation: Quantisation | None


@dataclass(frozen=True)
class Operator:
    """One operator of a model.

    Args:
        kind: The kind of the schema's `BuiltinOperator`.
        inputs: Tensors that it reads; -1 where one is left out.
        output: Tensor that it writes.
        table: Name of its options in the schema.
        options: Their fields that are not left at their defaults.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    table: str | None
    options: Mapping[str, Any]


class TfliteModel:
    """Tensors and operators, in the order in which they are written."""

    def __init__(self) -> None:
        self._tensors: list[_Tensor] = []
        self._buffers: list[bytes] = [b""]  # the first is that of tensors without values
        self._operators: list[Operator] = []
        self._known: dict[tuple[object, ...], int] = {}

    def tensor(
        self, shape: Sequence[int], *, kind: str = "int8", name: str = "", quantisation: Quantisation | None = None
    ) -> int:
        """A tensor that an operator writes, or an input."""
        return self._add(_Tensor(name, tuple(shape), kind, 0, quantisation))

    def constant(self, value: NDArray[Any], *, name: str = "", quantisation: Quantisation | None = None) -> int:
        """A tensor of given values; an equal one serves again."""
        content = np.ascontiguousarray(value).tobytes()
        key = (value.dtype.name, value.shape, content, quantisation)
        if key not in self._known:
            self._buffers.append(content)
            made = _Tensor(name, value.shape, value.dtype.name, len(self._buffers) - 1, quantisation)
            self._known[key] = self._add(made)
        return self._known[key]

    def operator(self, kind: str, inputs: Sequence[int], output: int, table: str | None = None, **options: Any) -> int:
        """Write one operator; gives its output.

        Args:
            kind: The kind of the schema's `BuiltinOperator`.
            inputs: Tensors that it reads.
            output: Tensor that it writes.
            table: Name of its options in the schema.
            options: Their fields that are not left at their defaults.
        """
        self._operators.append(Operator(kind, tuple(inputs), output, table, options))
        return output

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the operators, in order."""
        return tuple(operator.kind for operator in self._operators)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """In the order in which they run."""
        return tuple(self._operators)

    def name(self, tensor: int) -> str:
        """Of a tensor; "" where it has none."""
        return self._tensors[tensor].name

    def values(self, tensor: int) -> NDArray[Any] | None:
        """Of a constant; None where an operator writes the tensor."""
        found = self._tensors[tensor]
        if not found.buffer:
            return None
        return np.frombuffer(self._buffers[found.buffer], dtype=found.kind).reshape(found.shape)

    def names(self, kind: str) -> frozenset[str]:
        """Of the tensors of one kind that operators write."""
        return frozenset(tensor.name for tensor in self._tensors if tensor.kind == kind and not tensor.buffer)

    def kind(self, tensor: int) -> str:
        """Of a tensor's values: "int8", "float32"."""
        return self._tensors[tensor].kind

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Of a tensor."""
        return self._tensors[tensor].shape

    def quantisation(self, tensor: int) -> Quantisation | None:
        """Of a tensor; None where it holds no quantised values."""
        return self._tensors[tensor].quantisation

    def count_constant_bytes(self) -> int:
        """Bytes of all constants, with the scales and zero points of those that are quantised."""
        scales = [t.quantisation for t in self._tensors if t.buffer and t.quantisation is not None]
        return sum(map(len, self._buffers)) + sum((4 + 8) * len(one.scales) for one in scales)

    def lifetimes(
        self, inputs: Sequence[int], outputs: Sequence[int], operators: Sequence[Operator] | None = None
    ) -> list[Lifetime]:
        """How long each tensor that is no constant must be kept when the operators run in order.

        Args:
            inputs: Tensors that are given.
            outputs: Tensors that are asked for.
            operators: What runs instead of the model's own.
        """
        run = self._operators if operators is None else operators
        first = dict.fromkeys(inputs, 0)
        first |= {operator.output: step for step, operator in enumerate(run)}
        last = {tensor: step for step, operator in enumerate(run) for tensor in operator.inputs}
        last |= dict.fromkeys(outputs, len(run))
        return [Lifetime(one, self._bytes(one), step, max(step, last.get(one, step))) for one, step in first.items()]

    def peak_bytes(self, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        """Most bytes of tensors that live at once: what no plan of the memory can better."""
        found = self.lifetimes(inputs, outputs)
        steps = {one.first for one in found}
        return max(sum(one.size for one in found if one.first <= step <= one.last) for step in steps)

    def to_bytes(self, *, inputs: Sequence[int], outputs: Sequence[int], metadata: Mapping[str, bytes]) -> bytes:
        """The file's content, with a plan of the memory among its metadata.

        Args:
            inputs: Tensors that are given.
            outputs: Tensors that are asked for.
            metadata: Further entries by name.

        Raises:
            ExportError: The package that knows the schema is not installed.
        """
        plan = format_plan(plan_memory(self.lifetimes(inputs, outputs)), len(self._tensors))
        entries = {PLAN_KEY: plan, **metadata}
        return _TfliteWriter().write(
            self._tensors, self._operators, self._buffers, tuple(inputs), tuple(outputs), entries
        )

    def _add(self, tensor: _Tensor) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _bytes(self, tensor: int) -> int:
        found = self._tensors[tensor]
        return 0 if found.buffer else int(np.prod(found.shape)) * np.dtype(found.kind).itemsize


class _TfliteWriter:
    """Turns the parts of a model into one flatbuffer."""

    def __init__(self) -> None:
        self._schema = import_schema()
        import flatbuffers

        self._builder = flatbuffers.Builder(_FIRST_SIZE)

    def write(
        self,
        tensors: Sequence[_Tensor],
        operators: Sequence[Operator],
        buffers: Sequence[bytes],
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        metadata: Mapping[str, bytes],
    ) -> bytes:
        kinds = sorted({operator.kind for operator in operators})
        contents = [*buffers, *metadata.values()]
        entries = [
            self._table("Metadata", Name=self._text(name), Buffer=len(buffers) + place)
            for place, name in enumerate(metadata)
        ]
        graph = self._table(
            "SubGraph",
            Tensors=self._tables([self._tensor(tensor) for tensor in tensors]),
            Inputs=self._array(inputs, np.int32),
            Outputs=self._array(outputs, np.int32),
            Operators=self._tables([self._operator(operator, kinds) for operator in operators]),
            Name=self._text("main"),
        )
        model = self._table(
            "Model",
            Version=VERSION,
            OperatorCodes=self._tables([self._code(kind) for kind in kinds]),
            Subgraphs=self._tables([graph]),
            Description=self._text("nas-asc"),
            Buffers=self._tables([self._buffer(content) for content in contents]),
            Metadata=self._tables(entries),
        )
        self._builder.Finish(model, file_identifier=b"TFL3")
        return bytes(self._builder.Output())

    def _tensor(self, tensor: _Tensor) -> int:
        found = {} if tensor.quantisation is None else {"Quantization": self._quantisation(tensor.quantisation)}
        return self._table(
            "Tensor",
            Shape=self._array(tensor.shape, np.int32),
            Type=getattr(self._schema.TensorType, _KINDS[tensor.kind]),
            Buffer=tensor.buffer,
            Name=self._text(tensor.name),
            **found,
        )

    def _quantisation(self, found: Quantisation) -> int:
        return self._table(
            "QuantizationParameters",
            Scale=self._array(found.scales, np.float32),
            ZeroPoint=self._array((found.zero_point,) * len(found.scales), np.int64),
            QuantizedDimension=found.axis,
        )

    def _operator(self, operator: Operator, kinds: Sequence[str]) -> int:
        options = {}
        if operator.table is not None:
            options = {
                "BuiltinOptionsType": getattr(self._schema.BuiltinOptions, operator.table),
                "BuiltinOptions": self._options(operator.table, operator.options),
            }
        return self._table(
            "Operator",
            OpcodeIndex=kinds.index(operator.kind),
            Inputs=self._array(operator.inputs, np.int32),
            Outputs=self._array((operator.output,), np.int32),
            **options,
        )

    def _options(self, table: str, options: Mapping[str, Any]) -> int:
        arrays = {name: self._array(value, np.int32) for name, value in options.items() if isinstance(value, tuple)}
        return self._table(table, **{**options, **arrays})

    def _code(self, kind: str) -> int:
        code = getattr(self._schema.BuiltinOperator, kind)
        return self._table(
            "OperatorCode", DeprecatedBuiltinCode=min(code, 127), BuiltinCode=code, Version=_VERSIONS.get(kind, 1)
        )

    def _buffer(self, content: bytes) -> int:
        if not content:
            return self._table("Buffer")
        self._builder.StartVector(1, len(content), _ALIGNMENT)
        self._builder.head -= len(content)
        self._builder.Bytes[self._builder.head : self._builder.head + len(content)] = content
        return self._table("Buffer", Data=self._builder.EndVector())

    def _table(self, name: str, **fields: Any) -> int:
        getattr(self._schema, f"{name}Start")(self._builder)
        for field, value in fields.items():
            getattr(self._schema, f"{name}Add{field}")(self._builder, value)
        offset: int = getattr(self._schema, f"{name}End")(self._builder)
        return offset

    def _tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        end: int = self._builder.EndVector()
        return end

    def _array(self, values: Sequence[float], kind: type[np.generic]) -> int:
        offset: int = self._builder.CreateNumpyVector(np.array(values, dtype=kind))
        return offset

    def _text(self, text: str) -> int:
        offset: int = self._builder.CreateString(text)
        return offset
