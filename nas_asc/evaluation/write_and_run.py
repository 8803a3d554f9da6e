"""A network written to a file of either kind, and what the file itself says of clips."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.errors import ExportError
from nas_asc.export import (
    build_onnx,
    build_tflite,
    count_weight_bytes,
    measure_integer_share,
    write_onnx,
    write_tflite,
)
from nas_asc.models import LoweredNetwork
from nas_asc.prediction import TFLITE, Arena, Metadata, ModelFile, check_tflite
from nas_asc.training import Clips

_BATCH = 64  # clips a pass
_MOST_CLIPS = 2_000  # that a .tflite file is run on: its reference kernels take 0.1 s a clip


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written, and run.

    Args:
        weight_bytes: Bytes of its constants.
        integer_share: Share of its multiply-accumulates that are computed in integers.
        rows: (n,) clips that it was run on.
        probabilities: (n, K) that it gives these.
        arena: Memory that TensorFlow Lite Micro needs; None for ONNX.
    """

    weight_bytes: int
    integer_share: float
    rows: NDArray[np.intp]
    probabilities: NDArray[np.float32]
    arena: Arena | None


def check_kind(path: Path, bits: int) -> None:
    """Raise unless a file of this ending can be written and run.

    Args:
        path: The file.
        bits: Of its weights.

    Raises:
        ExportError: A .tflite file is asked for in other than 8 bits, or what runs it is not installed.
    """
    if path.suffix != TFLITE:
        return
    if bits != 8:
        raise ExportError(f"a .tflite file has 8 bits, but got bits={bits}. Use 8 bits, or write ONNX.")
    check_tflite()


def write_and_run(path: Path, lowered: LoweredNetwork, metadata: Metadata, clips: Clips, *, bits: int) -> WrittenFile:
    """Write a network to the file, and run the file on clips.

    Args:
        path: The file; its ending decides on ONNX or TensorFlow Lite.
        lowered: The network; for 8 bits a `QuantisedNetwork`.
        metadata: Written into the file and beside it.
        clips: Log-mels that are not standardised. A .tflite file runs on 2,000 of them at most, evenly spread.
        bits: 8, 16 or 32.

    Raises:
        ExportError: The network cannot be written.
        DataError: Audio cannot be read.
    """
    if path.suffix != TFLITE:
        model = build_onnx(lowered, bits=bits)
        write_onnx(path, model, metadata)
        share = measure_integer_share(path, lowered)
        return WrittenFile(count_weight_bytes(model), share, np.arange(len(clips)), predict_file(path, clips), None)
    network = build_tflite(lowered)
    write_tflite(path, network, metadata)
    rows = np.unique(np.linspace(0, len(clips) - 1, min(len(clips), _MOST_CLIPS)).round().astype(np.intp))
    file = ModelFile(path)
    probabilities = file.probabilities(np.asarray(clips.features[rows], dtype=np.float32)).astype(np.float32)
    return WrittenFile(network.weight_bytes, network.integer_share, rows, probabilities, file.arena)


def predict_file(path: Path, clips: Clips) -> NDArray[np.float32]:
    """Probabilities (n, K) that an ONNX file gives clips whose log-mels are not standardised, few of them at once.

    In float32, as the network's own are: the log loss cuts off at the smallest step of the type that it is given.
    """
    file = ModelFile(path, n_threads=torch.get_num_threads())
    starts = range(0, len(clips), _BATCH)
    found = [
        file.probabilities(np.asarray(clips.features[start : start + _BATCH], dtype=np.float32)) for start in starts
    ]
    return np.concatenate(found).astype(np.float32)
