"""C that is written only after it was shown to compute what training and TensorFlow Lite Micro compute."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.cost import FORECAST_CORES
from nas_asc.errors import ExportError
from nas_asc.export.c.folder import CFolder, build_c, write_c
from nas_asc.export.c.front_end import find_margin
from nas_asc.export.c.instructions import forecast_instructions
from nas_asc.export.c.toolchain import CORES, CBuild, CoreReport, SizeReport, build_copy, can_emulate, can_run_here
from nas_asc.export.tflite_file import TfliteNetwork
from nas_asc.frontend import FrontEndCost
from nas_asc.prediction import Metadata, MicroFile

_N_TRIES = 8  # recordings, since float32 may round one feature in 5,000 otherwise


@dataclass(frozen=True)
class CReport:
    """What a folder of C needs, and what was shown of it.

    Args:
        arena_bytes: RAM of the values between the network's steps.
        front_end: RAM and operations of the front end.
        is_checked: Whether `make check` passed here, as C and as C++; False where there is no compiler.
        n_equal_clips: Clips whose outputs equal TensorFlow Lite Micro's in every value; 0 where none was run.
        size: Sections of the compiled library; None where there is no compiler.
        cores: Emulated cores on which the golden check passed, and what they took; empty without the tools.
        too_small: Cores that were not emulated, since what they emulate has too little memory.
        forecast: Instructions of "clip", "frame" and "network" on each core of `FORECAST_CORES`, from the loops alone.
    """

    arena_bytes: int
    front_end: FrontEndCost
    is_checked: bool
    n_equal_clips: int
    size: SizeReport | None
    cores: tuple[CoreReport, ...]
    too_small: tuple[str, ...]
    forecast: Mapping[str, Mapping[str, int]]

    @property
    def ram_bytes(self) -> int:
        """RAM of both, the stack left out."""
        return self.arena_bytes + self.front_end.ram_bytes


def write_proved_c(
    folder: Path,
    network: TfliteNetwork,
    metadata: Metadata,
    *,
    recordings: Sequence[NDArray[np.int16]],
    features: NDArray[np.float32],
    cores: Sequence[str] = CORES,
) -> CReport:
    """Write the C of a network with its front end, after it was checked as far as the tools here can.

    Args:
        folder: Where it goes.
        network: What `build_tflite` gave.
        metadata: What the network needs to be told of recordings.
        recordings: Clips (C, N), one of which becomes the golden one.
        features: Standardised log-mels (B, C, F, T) on which C and TensorFlow Lite Micro are compared.
        cores: Those of `CORES` that are emulated, where the tools are there.

    Raises:
        ExportError: A step or the front end has no C, or the C computes something else.
        WriteError: A file cannot be written.
    """
    with tempfile.TemporaryDirectory() as place:
        draft = Path(place)
        built, emulated = _build_checked(draft, network, metadata, recordings, cores if can_emulate() else ())
        n_equal_clips, size = 0, None
        if can_run_here():
            with build_copy(draft) as build:
                n_equal_clips = _compare(build, network, features)
                size = build.measure_size()
    write_c(folder, built)
    return CReport(
        built.arena_bytes,
        built.front_end,
        can_run_here(),
        n_equal_clips,
        size,
        tuple(report for report in emulated.values() if report),
        tuple(core for core, report in emulated.items() if not report),
        {core: forecast_instructions(network, metadata.log_mel, metadata.clip_s, core=core) for core in FORECAST_CORES},
    )


def _build_checked(
    draft: Path,
    network: TfliteNetwork,
    metadata: Metadata,
    recordings: Sequence[NDArray[np.int16]],
    cores: Sequence[str],
) -> tuple[CFolder, dict[str, CoreReport | None]]:
    """With the recording whose features keep farthest away from where rounding turns, and are the same in all C.

    Each C library has a logarithm of its own.
    """
    into = network.model.quantisation(network.input)
    assert into is not None
    ranked = sorted(recordings, key=lambda samples: -find_margin(samples, metadata, into))
    faults = []
    for samples in ranked[:_N_TRIES]:
        built = build_c(network, metadata, samples)
        write_c(draft, built)
        try:
            with build_copy(draft) as build:
                if can_run_here():
                    build.check()
                return built, {core: build.measure_core(core) for core in cores}
        except ExportError as error:
            faults.append(error)
    raise faults[0] if faults else ExportError("there is no recording for the golden check.")


def _compare(build: CBuild, network: TfliteNetwork, features: NDArray[np.float32]) -> int:
    """Clips that were compared; all are equal.

    Raises:
        ExportError: One is not.
    """
    file = MicroFile(network.to_bytes())
    integers = np.stack([file.quantise(clip) for clip in features])
    expected = file.run_integers(integers).reshape(len(features), -1)
    found = np.frombuffer(build.run("network", integers), np.int8).reshape(expected.shape)
    if n_other := int((found != expected).any(axis=1).sum()):
        raise ExportError(
            f"the C computes other values than TensorFlow Lite Micro for {n_other} of {len(found)} clips."
        )
    return len(found)
