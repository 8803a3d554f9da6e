"""The smallest model file: one linear layer on each band's mean over time, with its `Metadata`."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nas_asc.frontend import LogMel
from nas_asc.prediction import METADATA_KEY, Metadata

FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=9)


def make_metadata(log_mel: LogMel = FRONT_END, **changes) -> Metadata:
    """Of three classes and clips of a second, standardised by numbers that no two bands share."""
    bands = np.arange(log_mel.n_bands)
    values = {"name": "tiny", "classes": ("low", "middle", "high"), "clip_s": 1.0, "sample_rate": 16_000}
    return Metadata(**values | {"log_mel": log_mel, "mean": -6 + 0.1 * bands, "std": 2 + 0.05 * bands} | changes)


def make_weights(metadata: Metadata) -> tuple[np.ndarray, np.ndarray]:
    """Weights (C x F, K) that make a class of each third of the bands, and biases (K,)."""
    n_classes, n_bands = len(metadata.classes), metadata.log_mel.n_bands
    thirds = np.arange(n_bands) * n_classes // n_bands
    weights = (thirds[:, None] == np.arange(n_classes)).astype(np.float32)
    return np.tile(weights, (metadata.log_mel.n_channels, 1)), np.linspace(-0.1, 0.1, n_classes, dtype=np.float32)


def write_tiny(path: Path, metadata: Metadata | None = None, *, text: str | None = "", axes=None, name="log_mel"):
    """The model file of the weights above.

    Args:
        path: Where to.
        metadata: What it says of itself.
        text: Said instead; None says nothing.
        axes: Shape of the input instead of the one the metadata gives.
        name: Of the input.
    """
    metadata = metadata or make_metadata()
    weights, biases = make_weights(metadata)
    nodes = [
        helper.make_node("ReduceMean", [name], ["means"], axes=[3], keepdims=0),
        helper.make_node("Flatten", ["means"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "weights", "biases"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, axes or ["B", *metadata.in_shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", len(metadata.classes)])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(biases, "biases")],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])
    if text is not None:
        helper.set_model_props(model, {METADATA_KEY: text or metadata.to_json()})
    onnx.save(model, path)
    return path
