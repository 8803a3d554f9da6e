"""A folder of C that hears: front end, network, decisions, a golden recording and its check."""

import io
import shutil
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import ExportError, WriteError
from nas_asc.export.c.cmsis import format_choice
from nas_asc.export.c.front_end import format_tables, quantise_clip, validate_front_end
from nas_asc.export.c.network import format_network
from nas_asc.export.c.text import format_float, format_list, format_string
from nas_asc.export.tflite_file import TfliteNetwork
from nas_asc.export.tflite_model import Quantisation
from nas_asc.frontend import FrontEndCost
from nas_asc.prediction import Metadata, MicroFile
from nas_asc.study import write_file

_SOURCES = resources.files("nas_asc.export.c") / "source"


@dataclass(frozen=True)
class CFolder:
    """A network and its front end as C.

    Args:
        contents: The contents of the files, by their place in the folder.
        arena_bytes: Memory of the values between the network's steps.
        front_end: What the front end takes.
    """

    contents: Mapping[str, bytes]
    arena_bytes: int
    front_end: FrontEndCost

    @property
    def ram_bytes(self) -> int:
        """Of both, for a stream."""
        return self.arena_bytes + self.front_end.ram_bytes


def build_c(network: TfliteNetwork, metadata: Metadata, samples: NDArray[np.int16]) -> CFolder:
    """C of a network with its front end, and what both make of a recording.

    The golden features are those of the training, in float64; the golden outputs those of TensorFlow Lite Micro.

    Args:
        network: What `build_tflite` gave.
        metadata: What the network needs to be told of recordings.
        samples: (C, N) of one clip at the front end's rate.

    Raises:
        ExportError: A step or the front end is one that the C does not run; names it.
    """
    validate_front_end(metadata.log_mel)
    found = format_network(network)
    into, out = (network.model.quantisation(tensor) for tensor in (network.input, network.output))
    if into is None or out is None:
        raise ExportError(
            'the network\'s input or output is float32, which the C kernels do not run. Use `file_format="onnx"`.'
        )
    tables, n_weights = format_tables(metadata, into)
    features = quantise_clip(samples, metadata, into)
    outputs = MicroFile(network.to_bytes()).run_integers(features[None])[0]
    front_end = metadata.log_mel.count(metadata.clip_s)
    arena = format_choice(*(f"#define NETWORK_ARENA_BYTES {n}" for n in (found.arena_bytes, *found.cmsis_arena_bytes)))
    values = _describe_network(network, into, out) | _describe_front_end(metadata, n_weights)
    contents = _load_sources() | {
        "settings.h": _format_settings(arena, values).encode(),
        "classes.c": _format_classes(metadata.classes).encode(),
        "network.c": found.text.encode(),
        "log_mel_tables.c": tables.encode(),
        "golden/golden.c": _format_golden(samples, features, outputs).encode(),
        "golden/recording.wav": _format_recording(samples, metadata.log_mel.sample_rate),
    }
    return CFolder(contents, found.arena_bytes, front_end)


def write_c(folder: Path, built: CFolder) -> None:
    """Write the files, each put in place whole; a new folder is there with all of them or not at all.

    Raises:
        WriteError: A file cannot be written.
    """
    is_new = not folder.exists()
    try:
        for place, content in built.contents.items():
            write_file(folder / place, content)
    except WriteError:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _load_sources() -> dict[str, bytes]:
    """The files that are the same for every network."""
    with resources.as_file(_SOURCES) as folder:
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _describe_network(network: TfliteNetwork, into: Quantisation, out: Quantisation) -> dict[str, object]:
    return {
        "NETWORK_INPUT_BYTES": prod(network.model.shape(network.input)),
        "NETWORK_INPUT_SCALE": format_float(into.scales[0]),
        "NETWORK_INPUT_ZERO": into.zero_point,
        "NETWORK_N_OUTPUTS": prod(network.model.shape(network.output)),
        "NETWORK_OUTPUT_SCALE": format_float(out.scales[0]),
        "NETWORK_OUTPUT_ZERO": out.zero_point,
    }


def _describe_front_end(metadata: Metadata, n_weights: int) -> dict[str, object]:
    log_mel = metadata.log_mel
    n_samples, n_frames = log_mel.n_samples(metadata.clip_s), log_mel.n_frames(metadata.clip_s)
    front_end = log_mel.count(metadata.clip_s)
    return {
        "LOG_MEL_SAMPLE_RATE": log_mel.sample_rate,
        "LOG_MEL_N_CHANNELS": log_mel.n_channels,
        "LOG_MEL_CLIP_SAMPLES": n_samples,
        "LOG_MEL_N_FFT": log_mel.n_fft,
        "LOG_MEL_N_COMPLEX": log_mel.n_fft // 2,
        "LOG_MEL_WIN_LENGTH": log_mel.win_length,
        "LOG_MEL_HOP_LENGTH": log_mel.hop_length,
        "LOG_MEL_N_BANDS": log_mel.n_bands,
        "LOG_MEL_N_FRAMES": n_frames,
        "LOG_MEL_N_WEIGHTS": n_weights,
        "LOG_MEL_OFFSET": format_float(log_mel.log_offset),
        "LOG_MEL_IS_CENTERED": int(log_mel.center),
        "LOG_MEL_RAM_BYTES": front_end.window_bytes + front_end.spectrum_bytes,
        "CLASSIFY_CLIP_FRAMES": max(1, round(n_samples / log_mel.hop_length)),
    }


def _format_settings(arena: str, values: Mapping[str, object]) -> str:
    lines = "".join(
        f"#define {name} {value if not str(value).startswith('-') else f'({value})'}\n"
        for name, value in values.items()
    )
    return (
        "/* Sizes of this network and its front end, in bytes, samples and Hz. Written by nas-asc. */\n"
        f"#ifndef SETTINGS_H\n#define SETTINGS_H\n\n{arena}\n{lines}\n#endif\n"
    )


def _format_classes(classes: tuple[str, ...]) -> str:
    names = format_list(list(map(format_string, classes)))
    return (
        '/* The names of the classes. Written by nas-asc. */\n#include "classify.h"\n\n'
        f"const char *const classify_class_names[CLASSIFY_N_CLASSES] = {names};\n"
    )


def _format_golden(samples: NDArray[np.int16], features: NDArray[np.int8], outputs: NDArray[np.int8]) -> str:
    lines = ['/* What golden.h says. Written by nas-asc. */\n#include "golden.h"\n']
    for kind, name, values in (
        ("int16_t", "golden_samples[LOG_MEL_CLIP_SAMPLES * LOG_MEL_N_CHANNELS]", samples.T),
        ("int8_t", "golden_features[NETWORK_INPUT_BYTES]", features),
        ("int8_t", "golden_outputs[NETWORK_N_OUTPUTS]", outputs),
    ):
        lines.append(f"const {kind} {name} = {format_list(list(map(str, values.ravel().tolist())))};\n")
    return "\n".join(lines)


def _format_recording(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((len(samples), 2, sample_rate, 0, "NONE", ""))
        file.writeframes(samples.T.astype("<i2").tobytes())
    return content.getvalue()
