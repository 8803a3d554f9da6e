"""A network written to a file of any kind, and what the file itself says of clips."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.errors import ExportError
from nas_asc.export import (
    CReport,
    build_onnx,
    build_tflite,
    count_weight_bytes,
    measure_integer_share,
    write_onnx,
    write_proved_c,
    write_tflite,
)
from nas_asc.models import LoweredNetwork
from nas_asc.prediction import TFLITE, Arena, Metadata, ModelFile, check_tflite
from nas_asc.training import Clips

_C = "-c"
_BATCH = 64  # clips a pass
_N_COMPARED = 64  # clips on which C is compared with TensorFlow Lite Micro
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
        c: What was shown of a folder of C; None for a file.
    """

    weight_bytes: int
    integer_share: float
    rows: NDArray[np.intp]
    probabilities: NDArray[np.float32]
    arena: Arena | None
    c: CReport | None = None


def check_kind(path: Path, bits: int) -> None:
    """Raise unless a file of this ending can be written and run.

    Args:
        path: The file, or the folder of C.
        bits: The bits of its weights.

    Raises:
        ExportError: A .tflite file or C is asked for in other than 8 bits, or what runs it is not installed.
    """
    if path.suffix != TFLITE and not is_c(path):
        return
    if bits != 8:
        what = "C" if is_c(path) else "a .tflite file"
        raise ExportError(f"{what} has 8 bits, but got bits={bits}. Use 8 bits, or write ONNX.")
    check_tflite()


def is_c(path: Path) -> bool:
    """Whether what stands there is, or is to be, a folder of C: its name ends in "-c"."""
    return path.name.endswith(_C)


def count_bytes(path: Path) -> int:
    """Bytes of a file, or of all in a folder."""
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file()) if is_c(path) else path.stat().st_size


def write_and_run(
    path: Path,
    lowered: LoweredNetwork,
    metadata: Metadata,
    clips: Clips,
    *,
    bits: int,
    recordings: Sequence[NDArray[np.int16]] = (),
) -> WrittenFile:
    """Write a network to the file, and run the file on clips.

    Args:
        path: The file; its ending decides on ONNX or TensorFlow Lite. A name that ends in "-c" is a folder of C; it
            gives the values of the .tflite file, which is run in its place.
        lowered: The network; for 8 bits a `QuantisedNetwork`.
        metadata: Written into the file and beside it.
        clips: Log-mels that are not standardised. A .tflite file runs on 2,000 of them at most, evenly spread.
        bits: 8, 16 or 32.
        recordings: For C, clips (C, N) of 16-bit samples; one becomes its golden recording.

    Raises:
        ExportError: The network cannot be written.
        DataError: Audio cannot be read.
    """
    if is_c(path):
        return _write_c(path, lowered, metadata, clips, recordings)
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


def _write_c(
    path: Path, lowered: LoweredNetwork, metadata: Metadata, clips: Clips, recordings: Sequence[NDArray[np.int16]]
) -> WrittenFile:
    with tempfile.TemporaryDirectory() as folder:
        written = write_and_run(Path(folder) / f"network{TFLITE}", lowered, metadata, clips, bits=8)
    features = np.asarray(clips.features[written.rows[:_N_COMPARED]], dtype=np.float32)
    mean, std = (np.array(values, np.float32)[:, None] for values in (metadata.mean, metadata.std))
    standardised = ((features - mean) / std).astype(np.float32, copy=False)
    network = build_tflite(lowered)
    report = write_proved_c(path, network, metadata, recordings=recordings, features=standardised)
    return replace(written, c=report)


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
