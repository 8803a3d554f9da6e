"""The onnxruntime session of a model file, checked against what the file says of itself."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nas_asc.errors import ModelFileError
from nas_asc.prediction.metadata import METADATA_KEY, Metadata

SILENT = 4  # whatever onnxruntime says besides is in the error that it raises
# Without it, processors that lack 8-bit dot products add two products in 16 bits, which cuts large sums off.
EXACT_SUMS = ("session.x64quantprecision", "1")


def open_session(path: Path, *, n_threads: int) -> onnxruntime.InferenceSession:
    """Session on the CPU of a file.

    Args:
        path: The ONNX file.
        n_threads: Threads one pass uses.

    Raises:
        ModelFileError: onnxruntime cannot run it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    options.add_session_config_entry(*EXACT_SUMS)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base
        raise ModelFileError(f"it is no ONNX file that onnxruntime can run ({_to_cause(error)}).") from None


def run_session(session: onnxruntime.InferenceSession, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of standardised log-mels.

    Args:
        session: Of a model file.
        log_mels: (B, C, F, T).

    Raises:
        ModelFileError: A step cannot be computed, such as one of 8 bits whose scales are too far apart.

    Shape:
        output (B, K)
    """
    try:
        return np.asarray(session.run(None, {"log_mel": log_mels})[0])
    except Exception as error:
        raise ModelFileError(f"onnxruntime cannot compute one of its steps ({_to_cause(error)}).") from None


def _to_cause(error: Exception) -> str:
    return str(error).strip().splitlines()[0].split(":")[-1].strip(" .!")


def read_metadata(session: onnxruntime.InferenceSession) -> Metadata:
    """Metadata of a session's file, its input and output checked against them.

    Raises:
        ModelFileError: There is none, or it does not fit the network.
    """
    entries = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in entries:
        raise ModelFileError(f"its metadata has no entry {METADATA_KEY!r}; give a file that nas-asc exported.")
    metadata = Metadata.from_json(entries[METADATA_KEY])
    _check_port("input", session.get_inputs(), "log_mel", metadata.in_shape)
    _check_port("output", session.get_outputs(), "logits", (len(metadata.classes),))
    return metadata


def _check_port(what: str, ports: list[onnxruntime.NodeArg], name: str, shape: tuple[int, ...]) -> None:
    """Raise unless it is the only one, float32, with a free batch axis and this shape; axes without a size will do."""
    found = [(port.name, port.type, port.shape) for port in ports]
    if [port[:2] for port in found] == [(name, "tensor(float)")]:
        batch, *sizes = found[0][2] or [None]
        fits = [not isinstance(size, int) or size == asked for size, asked in zip(sizes, shape, strict=False)]
        if not isinstance(batch, int) and len(sizes) == len(shape) and all(fits):
            return
    raise ModelFileError(f"its {what} must be {name!r}, float32 of (B, {', '.join(map(str, shape))}), but is {found}.")
