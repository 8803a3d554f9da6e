"""An ONNX graph under construction.

Conventions:
    Tensors are called by name; "" is an input that is left out. Constants are stored once however often they are used.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nas_asc.compression import Range
from nas_asc.errors import ExportError

LEAST_OPSET = (
    13  # the first in which a weight has a scale for each output channel; before, operators meant other things
)
_MOST_OPSET = onnx.defs.onnx_opset_version()
_AXES_ARE_INPUTS = 18  # from this opset on, of the means and maxima below; before, they are attributes
_REDUCTIONS = ("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin")


class Graph:
    """Nodes and constants, in the order in which they are written."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._n_names = 0

    def node(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Write one node; gives the name of its one output.

        Args:
            kind: ONNX operator.
            inputs: Names of tensors.
            name: Name of its output; by default a number.
            attributes: The operator's attributes.
        """
        output = name or self._new_name("t")
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=name, **attributes))
        return output

    def constant(self, value: NDArray[Any], *, is_shared: bool = True) -> str:
        """Name of a constant.

        Args:
            value: Its values.
            is_shared: Whether an equal one may serve instead.
        """
        key = (value.dtype.str, value.shape, value.tobytes())
        if is_shared and key in self._known:
            return self._known[key]
        name = self._new_name("c")
        self._constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        if is_shared:
            self._known[key] = name
        return name

    def scalar(self, value: float) -> str:
        """Name of a float32 constant without dimensions."""
        return self.constant(np.array(value, dtype=np.float32))

    def integers(self, *values: int) -> str:
        """Name of a list of int64, as shapes and axes are given."""
        return self.constant(np.array(values, dtype=np.int64))

    def quantise(self, tensor: str, found: Range) -> str:
        """A tensor through uint8 and back to float."""
        scale, zero_point = self.scalar(found.scale), self.constant(np.array(found.zero_point, dtype=np.uint8))
        integers = self.node("QuantizeLinear", tensor, scale, zero_point)
        return self.node("DequantizeLinear", integers, scale, zero_point)

    def to_model(self, *, in_shape: tuple[int, ...], out_shape: tuple[int, ...], output: str) -> onnx.ModelProto:
        """The model: input "log_mel" (B, C, F, T), output "logits" (B, K), both float32.

        It has the lowest opset, from 13 on, that has all of its operators, and the lowest IR version of that opset.

        Args:
            in_shape: (C, F, T).
            out_shape: (K,).
            output: Tensor that holds the logits.

        Raises:
            ExportError: There is no such opset.
        """
        self._nodes.append(helper.make_node("Identity", [output], ["logits"], name="logits"))
        fault: Exception | None = None
        for opset in range(LEAST_OPSET, _MOST_OPSET + 1):
            model = self._to_model(opset, in_shape, out_shape)
            try:
                onnx.checker.check_model(model, full_check=True)
            except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
                fault = fault or error
            else:
                return model
        raise ExportError(f"no version of ONNX has all operators of the network ({fault}).")

    def _to_model(self, opset: int, in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> onnx.ModelProto:
        nodes = [self._with_axes(node) if opset < _AXES_ARE_INPUTS else node for node in self._nodes]
        used = {name for node in nodes for name in node.input}
        graph = helper.make_graph(
            nodes,
            "nas_asc",
            [helper.make_tensor_value_info("log_mel", TensorProto.FLOAT, ["B", *in_shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", *out_shape])],
            [constant for name, constant in self._constants.items() if name in used],
        )
        opsets = [helper.make_opsetid("", opset)]
        version = helper.find_min_ir_version_for(opsets)
        return helper.make_model(graph, ir_version=version, opset_imports=opsets, producer_name="nas-asc")

    def _with_axes(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """A reduction with its axes as an attribute."""
        if node.op_type not in _REDUCTIONS or len(node.input) < 2 or node.input[1] not in self._constants:
            return node
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        axes = numpy_helper.to_array(self._constants[changed.input.pop()])
        changed.attribute.append(helper.make_attribute("axes", axes.tolist()))
        return changed

    def _new_name(self, word: str) -> str:
        self._n_names += 1
        return f"{word}{self._n_names}"
