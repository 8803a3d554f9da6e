"""A .tflite file run as on a microcontroller: the only door to TensorFlow Lite Micro, and its arena in bytes."""

import os
import platform
import re
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import ExportError, ModelFileError
from nas_asc.prediction.metadata import METADATA_KEY, Metadata

_MOST_ARENA = 2**28  # bytes that the interpreter may take; pages it does not touch cost nothing
_STDERR = 2
_IDENTIFIER = b"TFL3"
_CUT_SHORT = (struct.error, IndexError, ValueError, TypeError, AttributeError)  # of the package that knows the schema


@dataclass(frozen=True)
class Arena:
    """The one block of memory in which TensorFlow Lite Micro runs a network.

    Args:
        total: Bytes in all.
        activations: Bytes of its head: values between steps and what kernels scribble on, by the runtime's plan.
        persistent: Bytes of its tail: what the runtime keeps of tensors and operators; larger where pointers are.
    """

    total: int
    activations: int
    persistent: int


class MicroFile:
    """A network in a .tflite file, run by TensorFlow Lite Micro's reference kernels.

    Args:
        content: The content of the file.

    Raises:
        ExportError: The runtime is not installed, or cannot run the file.

    Attributes:
        arena: What it needs.
    """

    def __init__(self, content: bytes) -> None:
        self._interpreter = _open(content)
        self.arena = _measure_arena(self._interpreter)
        self._input, self._output = (
            self._interpreter.get_input_details(0),
            self._interpreter.get_output_details(0),
        )

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network gives of standardised log-mels, clip by clip.

        Shape:
            input (B, C, F, T), output (B, K), or (B, C, F, T) where it ends in a map
        """
        return np.stack([self._run_clip(clip) for clip in features])

    def validate(self, metadata: Metadata) -> None:
        """Raise unless the network takes and gives what its file says.

        Args:
            metadata: What the file says.

        Raises:
            ModelFileError: It does not.
        """
        n_channels, n_bands, n_frames = metadata.in_shape
        _check_port("input", self._input, (1, n_bands, n_frames, n_channels), kinds=("int8",))
        _check_port("output", self._output, (1, len(metadata.classes)), kinds=("int8", "float32"))

    def run_integers(self, features: NDArray[np.int8]) -> NDArray[Any]:
        """What the network gives of inputs as they lie in the file, clip by clip: (B, F, T, C) to (B, ...)."""
        return np.stack([self._run_integers(clip) for clip in features])

    def _run_integers(self, clip: NDArray[np.int8]) -> NDArray[Any]:
        self._interpreter.set_input(clip[None], 0)
        self._interpreter.invoke()
        out: NDArray[Any] = self._interpreter.get_output(0)[0]
        return out.copy()

    def quantise(self, clip: NDArray[np.float32]) -> NDArray[np.int8]:
        """Standardised log-mels of a clip as they lie in the file's input: (C, F, T) to (F, T, C)."""
        scale, zero_point = _parameters(self._input)
        steps = np.rint(clip / np.float32(scale)) + zero_point
        last = np.moveaxis(steps, 0, -1) if steps.ndim == 3 else steps
        return np.clip(last, -128, 127).astype(np.int8)

    def _run_clip(self, clip: NDArray[np.float32]) -> NDArray[np.float32]:
        out = self._run_integers(self.quantise(clip))
        if out.dtype == np.int8:
            scale, zero_point = _parameters(self._output)
            out = (out.astype(np.float32) - zero_point) * np.float32(scale)
        result: NDArray[np.float32] = np.moveaxis(out, -1, 0) if out.ndim == 3 else out
        return result


def read_tflite_metadata(content: bytes) -> Metadata:
    """Metadata in a .tflite file's content.

    Raises:
        ExportError: The package that knows the schema is not installed.
        ModelFileError: It is no .tflite file, or is cut short; there is no metadata; or it is damaged.
    """
    schema = import_schema()
    if content[4:8] != _IDENTIFIER:
        raise ModelFileError("it is no TensorFlow Lite file.")
    try:
        model = schema.Model.GetRootAsModel(content, 0)
        entries = [model.Metadata(number) for number in range(model.MetadataLength())]
        found = [model.Buffers(entry.Buffer()) for entry in entries if entry.Name() == METADATA_KEY.encode()]
        texts = [buffer.DataAsNumpy().tobytes().decode() for buffer in found]
    except _CUT_SHORT:
        raise ModelFileError("it is damaged: what it says of itself lies beyond its end.") from None
    if not texts:
        raise ModelFileError(f"its metadata has no entry {METADATA_KEY!r}; give a file that nas-asc exported.")
    return Metadata.from_json(texts[0])


def check_tflite() -> None:
    """Raise unless the packages that write and run .tflite files are installed.

    Raises:
        ExportError: They are not; says how to install them.
    """
    _import_runtime()


def import_schema() -> Any:
    """The package that knows the schema of .tflite files.

    Raises:
        ExportError: It is not installed.
    """
    try:
        import flatbuffers  # noqa: F401
        import tflite
    except ImportError:
        raise _missing_extra() from None
    return tflite


def _import_runtime() -> Any:
    import_schema()
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError:
        raise _missing_extra() from None
    return runtime


def _missing_extra() -> ExportError:
    if sys.platform != "linux" or platform.machine().lower() not in ("x86_64", "amd64"):
        return ExportError("TensorFlow Lite Micro has packages for Linux on x86-64 alone. Use an ONNX file here.")
    return ExportError("a .tflite file needs two further packages. Install them: pip install 'nas-asc[tflite]'")


def _open(content: bytes) -> Any:
    runtime = _import_runtime()
    with _captured() as said:
        try:
            return runtime.Interpreter.from_bytes(content, arena_size=_MOST_ARENA)
        except Exception as error:  # the runtime's errors share no base
            fault = error
    lines = said() or [str(fault)]
    raise ExportError(f"TensorFlow Lite Micro cannot run the file ({lines[0]}). Use an ONNX file instead.")


def _measure_arena(interpreter: Any) -> Arena:
    """The arena, from what the runtime prints of it."""
    with _captured() as said:
        interpreter.print_allocations()
    found = dict(re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", "\n".join(said())))
    if len(found) != 3:
        raise ExportError("TensorFlow Lite Micro does not say what arena it needs. Install another version of it.")
    return Arena(int(found["total"]), int(found["head"]), int(found["tail"]))


@contextmanager
def _captured() -> Iterator[Any]:
    """What the runtime writes to the process's standard error meanwhile; to be called afterwards for its lines."""
    lines: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = os.dup(_STDERR)
        os.dup2(file.fileno(), _STDERR)
        try:
            yield lambda: lines
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            file.seek(0)
            lines += [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]


def _check_port(what: str, details: dict[str, Any], shape: tuple[int, ...], *, kinds: tuple[str, ...]) -> None:
    found, kind = tuple(details["shape"].tolist()), np.dtype(details["dtype"]).name
    if found != shape or kind not in kinds:
        raise ModelFileError(f"its {what} must be {' or '.join(kinds)} of {shape}, but is {kind} of {found}.")


def _parameters(details: dict[str, Any]) -> tuple[float, int]:
    found = details["quantization_parameters"]
    return float(found["scales"][0]), int(found["zero_points"][0])
