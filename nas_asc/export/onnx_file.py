"""ONNX models of trained networks: float32, float16 weights, or int8 throughout."""

import json
from math import prod
from pathlib import Path
from typing import Any

import onnx
import onnxruntime

from nas_asc.compression import QuantisedNetwork
from nas_asc.errors import ExportError, ModelFileError
from nas_asc.export.node import write_network
from nas_asc.export.port import FLOATS, describe_front_end, draw_floats
from nas_asc.export.weights import Half, Integer, Precision, Single
from nas_asc.models import LoweredNetwork
from nas_asc.prediction import EXACT_SUMS, METADATA_KEY, SILENT, Metadata, run_session
from nas_asc.study import write_file

BITS = (8, 16, 32)


def build_onnx(lowered: LoweredNetwork, *, bits: int = 8) -> onnx.ModelProto:
    """Model of a lowered network: input "log_mel" (B, C, F, T), output "logits" (B, K), both float32.

    Args:
        lowered: The network; for 8 bits a `QuantisedNetwork`, which brings the ranges of its values.
        bits: 8 for int8 weights and uint8 values, 16 for weights stored in float16, 32 for float32.

    Raises:
        ExportError: A number of bits that there is not, a network without ranges, or a primitive without nodes.
    """
    graph, output = write_network(lowered, _precision(lowered, bits))
    return graph.to_model(in_shape=lowered.in_shape, out_shape=lowered.out_shape, output=output)


def write_onnx(path: Path, model: onnx.ModelProto, metadata: Metadata) -> None:
    """Write a model with its metadata, which stands beside it too, ending in ".json", with all that a port of it needs.

    Each file is put in place whole; folders are made.

    Args:
        path: The file, ending in ".onnx".
        model: What `build_onnx` gave.
        metadata: What the network needs to be told of recordings.

    Raises:
        ExportError: The ending is another one.
        WriteError: The file cannot be written.
    """
    if path.suffix != ".onnx":
        raise ExportError(f"a model file must end in .onnx, but got {str(path)!r}.")
    beside = json.loads(metadata.to_json()) | _describe_port(model, metadata)
    model = onnx.ModelProto.FromString(model.SerializeToString())
    onnx.helper.set_model_props(
        model, {METADATA_KEY: json.dumps(json.loads(metadata.to_json()), separators=(",", ":"))}
    )
    write_file(path, model.SerializeToString())
    write_file(path.with_suffix(".json"), (json.dumps(beside, indent=2) + "\n").encode())


def _describe_port(model: onnx.ModelProto, metadata: Metadata) -> dict[str, Any]:
    """Axes, front end, and the logits of a known input."""
    shape = tuple(size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim)[1:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = SILENT, 1
    options.add_session_config_entry(*EXACT_SUMS)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    try:
        logits = run_session(session, draw_floats((1, *shape)))
    except ModelFileError as error:
        raise ExportError(f"the file is of no use: {error}") from None
    return {
        "input": {"axes": ["clip", "channel", "mel band", "frame"], "type": "float32", "shape": ["any", *shape]},
        "output": {"axes": ["clip", "class"], "type": "float32", "shape": ["any", *logits.shape[1:]]},
        "opset": model.opset_import[0].version,
        "session_options": dict([EXACT_SUMS]),
        "example": {"input": FLOATS, "output": [round(float(value), 4) for value in logits.ravel()]},
        "front_end": describe_front_end(metadata),
    }


def count_weight_bytes(model: onnx.ModelProto) -> int:
    """Bytes of all constants of a model: weights, biases, and the scales and zero points of integers."""
    sizes = {
        onnx.TensorProto.FLOAT16: 2,
        onnx.TensorProto.INT8: 1,
        onnx.TensorProto.UINT8: 1,
        onnx.TensorProto.INT64: 8,
    }
    return sum(prod(tensor.dims) * sizes.get(tensor.data_type, 4) for tensor in model.graph.initializer)


def _precision(lowered: LoweredNetwork, bits: int) -> Precision:
    if bits == 8:
        if not isinstance(lowered, QuantisedNetwork):
            raise ExportError("a network needs ranges for 8 bits. Give what `quantise_network` gave.")
        return Integer(lowered)
    if bits not in BITS:
        raise ExportError(f"`bits` must be 8, 16 or 32, but got bits={bits}.")
    return Half() if bits == 16 else Single()
