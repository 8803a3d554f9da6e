"""How much of a model file onnxruntime computes in integers."""

import tempfile
from math import prod
from pathlib import Path

import onnx
import onnxruntime

from nas_asc.errors import ExportError
from nas_asc.layers import Convolution, Projection
from nas_asc.models import Lowered, LoweredNetwork, Step
from nas_asc.prediction import SILENT

_INTEGER = ("QLinearConv", "QGemm", "QLinearMatMul", "MatMulIntegerToFloat", "ConvInteger", "MatMulInteger")


def measure_integer_share(path: Path, lowered: LoweredNetwork) -> float:
    """Share of the multiply-accumulates that onnxruntime's own graph of the file computes in integers.

    Args:
        path: The file.
        lowered: What it was written from; gives the products of each step.

    Raises:
        ExportError: A step with products is not in onnxruntime's graph.
    """
    with tempfile.TemporaryDirectory() as folder:
        optimised = Path(folder) / "optimised.onnx"
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(optimised)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.log_severity_level = SILENT
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        kinds = {node.name: node.op_type for node in onnx.load(optimised).graph.node}
    macs = {step.name: count_macs(step) for step in lowered.steps}
    if missing := [name for name, count in macs.items() if count and name not in kinds]:
        raise ExportError(f"onnxruntime has no step {missing[0]!r} of {path}, so its products cannot be told.")
    return sum(count for name, count in macs.items() if count and kinds[name] in _INTEGER) / max(sum(macs.values()), 1)


def count_macs(step: Step) -> int:
    """Multiply-accumulates of one step."""
    if isinstance(step.primitive, Lowered) and step.primitive.kind == "matmul":
        return prod(step.out_shape) * step.in_shapes[0][-1]
    if isinstance(step.primitive, Convolution | Projection):
        return step.primitive.counts(*step.in_shapes).macs
    return 0
