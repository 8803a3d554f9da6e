"""The C of each operator of a network in int8: a call of a kernel, and the constants that it reads.

Conventions:
    An operator that no kernel runs is refused by its name.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from nas_asc.cost import find_strides, merge_axes, to_axes
from nas_asc.errors import ExportError
from nas_asc.export.c.fixed_point import (
    exponential_table,
    hard_swish_table,
    relu_table,
    requantise_table,
    sigmoid_table,
    to_multiplier,
)
from nas_asc.export.c.text import CSource, format_list
from nas_asc.export.tflite_model import Operator, Quantisation, TfliteModel

_AXES = 4
_SAME = 0  # of an operator's padding
_FINER = 2**20  # of a sum's terms
_MOST_SHARES = 4095  # of a softmax, whose sum has 12 bits above one
_FINE = 2**16  # steps of a share before it becomes int8


class StepWriter:
    """Writes the operators of a model one after the other.

    Args:
        model: Whose operators.
        places: Where in the arena each tensor lies, as its name in C.

    Attributes:
        constants: What the calls read.
    """

    def __init__(self, model: TfliteModel, places: Mapping[int, str]) -> None:
        self.constants = CSource()
        self._model = model
        self._places = places
        self._number = 0

    def write(self, operator: Operator) -> str | None:
        """The call of one operator; None where it has nothing to do.

        Raises:
            ExportError: No kernel runs it; names it.
        """
        name = self._model.name(operator.output)
        kinds = {self._model.kind(tensor) for tensor in (operator.inputs[0], operator.output)}
        writer = _WRITERS.get(operator.kind)
        if writer is None or kinds != {"int8"}:
            what = operator.kind if writer is None else f"{operator.kind} of {' and '.join(sorted(kinds))}"
            raise ExportError(
                f"step {name or self._number!r} is {what}, which the C kernels do not run."
                ' Search with `target="c"`, or use `file_format` tflite or onnx.'
            )
        shapes = " -> ".join(
            " x ".join(map(str, self._shape(one)[1:])) for one in (operator.inputs[0], operator.output)
        )
        self.constants.comment(f"{self._number}. {operator.kind}{f' {name}' if name else ''}: {shapes}")
        call = writer(self, operator)
        self._number += 1
        return call

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return self._model.shape(tensor)

    def _quantisation(self, tensor: int) -> Quantisation:
        found = self._model.quantisation(tensor)
        assert found is not None
        return found

    def _scale(self, tensor: int) -> float:
        """As the file holds it."""
        return float(np.float32(self._quantisation(tensor).scales[0]))

    def _zero(self, tensor: int) -> int:
        return self._quantisation(tensor).zero_point

    def _operand(self, tensor: int) -> str:
        """Where a kernel reads or writes a tensor."""
        values = self._model.values(tensor)
        if values is None:
            return f"arena + {self._places[tensor]}"
        return self.constants.array("int8_t", values.ravel().tolist(), name=f"values_{self._number}")

    def _call(self, kernel: str, *arguments: object, operator: Operator, n_inputs: int = 1) -> str:
        tensors = (*operator.inputs[:n_inputs], operator.output)
        return f"kernel_{kernel}({', '.join([*map(str, arguments), *map(self._operand, tensors)])});"

    def _window(self, values: Sequence[object]) -> str:
        return "&" + self.constants.constant(
            "struct kernel_window", format_list(list(map(str, values))), name=f"window_{self._number}"
        )

    def _weights(self, operator: Operator, factors: Sequence[float], order: Sequence[int] | None = None) -> str:
        """A struct of the operator's weights, biases and scales; one factor for each output channel."""
        weights = self._model.values(operator.inputs[1])
        assert weights is not None
        biases = None
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            values = self._model.values(operator.inputs[2])
            assert values is not None
            biases = self.constants.array("int32_t", values.tolist(), name=f"biases_{self._number}")
        taps = self.constants.array("int8_t", weights.ravel().tolist(), name=f"taps_{self._number}")
        scales = self.constants.array(
            "struct kernel_scale", map(_format_factor, factors), name=f"scales_{self._number}"
        )
        return "&" + self.constants.constant(
            "struct kernel_weights", f"{{{taps}, {biases or 'NULL'}, {scales}}}", name=f"weights_{self._number}"
        )

    def _factors(self, operator: Operator, n_channels: int) -> list[float]:
        """From a sum of products to the output, for each channel."""
        into = self._scale(operator.inputs[0])
        scales = [float(np.float32(scale)) for scale in self._quantisation(operator.inputs[1]).scales]
        if len(scales) == 1 and operator.kind == "FULLY_CONNECTED":  # this product alone is rounded to float32
            products = [float(np.float32(into) * np.float32(scales[0]))] * n_channels
        else:
            products = [into * scale for scale in (scales if len(scales) > 1 else scales * n_channels)]
        return [product / self._scale(operator.output) for product in products]

    def _pair(self, operator: Operator, factors: Sequence[float]) -> str:
        first, second = operator.inputs[:2]
        out = to_axes(self._shape(operator.output))
        strides = [find_strides(to_axes(self._shape(tensor)), out) for tensor in (first, second)]
        sizes, (first_strides, second_strides) = merge_axes(out, strides)
        zeros = [self._zero(tensor) for tensor in (first, second, operator.output)]
        parts = [
            *(format_list(list(map(str, values))) for values in (sizes, first_strides, second_strides)),
            *map(str, zeros),
            *map(_format_factor, factors),
        ]
        return "&" + self.constants.constant("struct kernel_pair", format_list(parts), name=f"pair_{self._number}")

    def _table(self, operator: Operator, values: list[int]) -> str:
        table = self.constants.array("int8_t", values, name=f"table_{self._number}")
        return self._call("look_up", prod(self._shape(operator.output)), table, operator=operator)

    def write_convolution(self, operator: Operator) -> str:
        """A convolution, of groups too."""
        _, height, width, depth = self._shape(operator.inputs[1])
        in_shape, out_shape = self._shape(operator.inputs[0])[1:], self._shape(operator.output)[1:]
        window = self.describe_window(operator, (height, width), groups=in_shape[2] // depth)
        weights = self._weights(operator, self._factors(operator, out_shape[2]))
        return self._call("convolution", self._window(window), weights, operator=operator)

    def write_depthwise(self, operator: Operator) -> str:
        """A convolution of each channel by itself."""
        _, height, width, channels = self._shape(operator.inputs[1])
        window = self.describe_window(operator, (height, width), groups=1)
        weights = self._weights(operator, self._factors(operator, channels))
        return self._call("depthwise", self._window(window), weights, operator=operator)

    def write_max_pool(self, operator: Operator) -> str:
        """The largest value of each window."""
        kernel = (operator.options["FilterHeight"], operator.options["FilterWidth"])
        return self._call("max_pool", self._window(self.describe_window(operator, kernel, groups=1)), operator=operator)

    def describe_window(self, operator: Operator, kernel: tuple[int, int], *, groups: int) -> list[int]:
        """The values of a `struct kernel_window`, in order."""
        in_shape, out_shape = self._shape(operator.inputs[0])[1:], self._shape(operator.output)[1:]
        strides = (operator.options["StrideH"], operator.options["StrideW"])
        before = [
            operator.options.get("PadTop", 0),
            operator.options.get("PadLeft", 0),
        ]  # zeros that were a step before
        if operator.options["Padding"] == _SAME:
            before = [
                max((out_shape[axis] - 1) * strides[axis] + kernel[axis] - in_shape[axis], 0) // 2 for axis in (0, 1)
            ]
        zeros = [self._zero(operator.inputs[0]), self._zero(operator.output)]
        return [*in_shape, *out_shape, *kernel, *strides, *before, groups, *zeros]

    def write_dense(self, operator: Operator) -> str:
        """A dense layer."""
        n_out, n_in = self._shape(operator.inputs[1])
        sizes = (prod(self._shape(operator.output)) // n_out, n_in, n_out)
        zeros = (self._zero(operator.inputs[0]), self._zero(operator.output))
        weights = self._weights(operator, self._factors(operator, n_out))
        return self._call("dense", *sizes, *zeros, weights, operator=operator)

    def write_mean(self, operator: Operator) -> str:
        """Means over neighbouring axes."""
        shape, axes = self._shape(operator.inputs[0]), self._model.values(operator.inputs[1])
        assert axes is not None
        first, last = int(axes.min()), int(axes.max())
        n = prod(shape[first : last + 1])
        zeros = (self._zero(operator.inputs[0]), self._zero(operator.output))
        factor = self._scale(operator.inputs[0]) / self._scale(operator.output)
        scale = "&" + self.constants.constant(
            "struct kernel_scale", _format_scale(_over(factor, n)), name=f"scale_{self._number}"
        )
        sizes = (prod(shape[:first]), n, prod(shape[last + 1 :]))
        return self._call("mean", *sizes, *zeros, scale, operator=operator)

    def write_addition(self, operator: Operator) -> str:
        """A sum of two tensors."""
        first, second = (self._scale(tensor) for tensor in operator.inputs)
        most = 2 * max(first, second)
        factors = (first / most, second / most, most / (_FINER * self._scale(operator.output)))
        return self._call("add", self._pair(operator, factors), operator=operator, n_inputs=2)

    def write_product(self, operator: Operator) -> str:
        """A product of two tensors, element by element."""
        first, second = (self._scale(tensor) for tensor in operator.inputs)
        factors = (0.0, 0.0, first * second / self._scale(operator.output))
        return self._call("multiply", self._pair(operator, factors), operator=operator, n_inputs=2)

    def write_prelu(self, operator: Operator) -> str:
        """A ReLU with slopes below 0."""
        first, slope = (self._scale(tensor) for tensor in operator.inputs)
        out = self._scale(operator.output)
        return self._call(
            "prelu", self._pair(operator, (first / out, first * slope / out, 0.0)), operator=operator, n_inputs=2
        )

    def write_relu(self, operator: Operator) -> str:
        """A ReLU, by its table."""
        return self._table(operator, relu_table(*self._ends(operator)))

    def write_hard_swish(self, operator: Operator) -> str:
        """A hard-swish, by its table."""
        return self._table(operator, hard_swish_table(*self._ends(operator)))

    def write_sigmoid(self, operator: Operator) -> str:
        """A sigmoid, by its table."""
        return self._table(operator, sigmoid_table(self._quantisation(operator.inputs[0])))

    def write_requantisation(self, operator: Operator) -> str:
        """One quantisation turned into another, by a table."""
        return self._table(operator, requantise_table(*self._ends(operator)))

    def _ends(self, operator: Operator) -> tuple[Quantisation, Quantisation]:
        return self._quantisation(operator.inputs[0]), self._quantisation(operator.output)

    def write_padding(self, operator: Operator) -> str:
        """Zeros, or another value, around a map."""
        sides = self._model.values(operator.inputs[1])
        assert sides is not None
        value = self._zero(operator.inputs[0])
        if operator.kind == "PADV2":
            filled = self._model.values(operator.inputs[2])
            assert filled is not None
            value = int(filled[0])
        in_shape, out_shape = self._shape(operator.inputs[0])[1:], self._shape(operator.output)[1:]
        before = [int(sides[1][0]), int(sides[2][0])]
        window = [*in_shape, *out_shape, 1, 1, 1, 1, *before, 1, value, value]
        return self._call("pad", self._window(window), value, operator=operator)

    def write_concatenation(self, operator: Operator) -> str:
        """Channels side by side."""
        channels = self._shape(operator.output)[-1]
        n_rows, done, calls = prod(self._shape(operator.output)) // channels, 0, []
        for tensor in operator.inputs:
            n_bytes = self._shape(tensor)[-1]
            rows = self._rows(n_rows, n_bytes, n_bytes, channels, name=f"{self._number}_{done}")
            calls.append(f"kernel_copy({rows}, {self._operand(tensor)}, {self._operand(operator.output)} + {done});")
            done += n_bytes
        return "\n    ".join(calls)

    def write_slice(self, operator: Operator) -> str:
        """Some of the channels."""
        starts = self._model.values(operator.inputs[1])
        assert starts is not None
        channels, n_bytes = self._shape(operator.inputs[0])[-1], self._shape(operator.output)[-1]
        n_rows = prod(self._shape(operator.output)) // n_bytes
        rows = self._rows(n_rows, n_bytes, channels, n_bytes, name=str(self._number))
        source, target = self._operand(operator.inputs[0]), self._operand(operator.output)
        return f"kernel_copy({rows}, {source} + {int(starts[-1])}, {target});"

    def _rows(self, *values: int, name: str) -> str:
        return "&" + self.constants.constant(
            "struct kernel_rows", format_list(list(map(str, values))), name=f"rows_{name}"
        )

    def write_transposition(self, operator: Operator) -> str:
        """Axes in another order."""
        order = self._model.values(operator.inputs[1])
        assert order is not None
        shape = self._shape(operator.inputs[0])
        strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
        missing = [0] * (_AXES - len(shape))
        sizes = [*(1 for _ in missing), *(shape[axis] for axis in order)]
        names = [
            self.constants.array("int32_t", values, name=f"{word}_{self._number}")
            for word, values in (("sizes", sizes), ("strides", [*missing, *(strides[axis] for axis in order)]))
        ]
        return self._call("transpose", *names, operator=operator)

    def write_matrix_product(self, operator: Operator) -> str:
        """Products of matrices, one after the other."""
        first, second = (self._shape(tensor) for tensor in operator.inputs)
        if first[:-2] != second[:-2]:
            raise ExportError(
                f"step {self._model.name(operator.output)!r} multiplies other matrices than the C kernels do."
            )
        scales = [np.float32(self._scale(tensor)) for tensor in operator.inputs]
        factor = float(scales[0] * scales[1]) / self._scale(operator.output)
        zeros = [self._zero(tensor) for tensor in (*operator.inputs, operator.output)]
        parts = [*["{0, 0, 0, 0}"] * 3, *map(str, zeros), *map(_format_factor, (0.0, 0.0, factor))]
        pair = "&" + self.constants.constant("struct kernel_pair", format_list(parts), name=f"pair_{self._number}")
        sizes = (prod(first[:-2]), first[-2], first[-1], second[-1])
        return self._call("matrix_product", *sizes, pair, operator=operator, n_inputs=2)

    def write_softmax(self, operator: Operator) -> str:
        """Shares of the last axis."""
        into, shape = self._quantisation(operator.inputs[0]), self._shape(operator.inputs[0])
        if shape[-1] > _MOST_SHARES:
            raise ExportError(
                f"step {self._model.name(operator.output)!r} shares among {shape[-1]} values, but its sum in the C"
                f' kernel has room for {_MOST_SHARES}. Pool before it, or use `file_format="onnx"`.'
            )
        table = exponential_table(into, operator.options["Beta"])
        exponentials = self.constants.array("int32_t", table, name=f"exponentials_{self._number}")
        scale = self.constants.constant(
            "struct kernel_scale",
            _format_factor(1 / (_FINE * self._scale(operator.output))),
            name=f"scale_{self._number}",
        )
        sizes = (prod(shape[:-1]), shape[-1], self._zero(operator.output))
        return self._call("softmax", *sizes, exponentials, f"&{scale}", operator=operator)

    def write_reshape(self, operator: Operator) -> str | None:
        """Nothing: both tensors are the same bytes."""
        return None


def _over(factor: float, n: int) -> tuple[int, int]:
    """Multiplier and shift of a factor over a count, as the mean's kernel has them."""
    multiplier, shift = to_multiplier(factor)
    extra = min(n.bit_length() - 1, 32, 31 + shift)
    return (multiplier << extra) // n, shift - extra


def _format_factor(factor: float) -> str:
    return _format_scale(to_multiplier(factor))


def _format_scale(scale: tuple[int, int]) -> str:
    return f"{{{scale[0]}, {scale[1]}}}"


_WRITERS: dict[str, Callable[[StepWriter, Operator], str | None]] = {
    "ADD": StepWriter.write_addition,
    "BATCH_MATMUL": StepWriter.write_matrix_product,
    "CONCATENATION": StepWriter.write_concatenation,
    "CONV_2D": StepWriter.write_convolution,
    "DEPTHWISE_CONV_2D": StepWriter.write_depthwise,
    "FULLY_CONNECTED": StepWriter.write_dense,
    "HARD_SWISH": StepWriter.write_hard_swish,
    "LOGISTIC": StepWriter.write_sigmoid,
    "MAX_POOL_2D": StepWriter.write_max_pool,
    "MEAN": StepWriter.write_mean,
    "MUL": StepWriter.write_product,
    "PAD": StepWriter.write_padding,
    "PADV2": StepWriter.write_padding,
    "PRELU": StepWriter.write_prelu,
    "QUANTIZE": StepWriter.write_requantisation,
    "RELU": StepWriter.write_relu,
    "RESHAPE": StepWriter.write_reshape,
    "SLICE": StepWriter.write_slice,
    "SOFTMAX": StepWriter.write_softmax,
    "TRANSPOSE": StepWriter.write_transposition,
}
