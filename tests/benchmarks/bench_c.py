"""Which systems and random candidates become C, whether it gives TensorFlow Lite Micro's values, and what it takes.

Run with `python -m tests.benchmarks.bench_c --keep FILE [--candidates 30] [--spaces asc,cp_mobile] [--cores m4f]`;
untrained weights, noise and tones as recordings. Rows that are done are kept in FILE, and a second run goes on from
there. A network of more than 50 MMACs is measured on a shorter clip, which its row says. Needs a C compiler, and for
cores the Debian packages gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.compression import quantise_network
from nas_asc.cost import count_cost, list_obstacles
from nas_asc.errors import ExportError, LayerError
from nas_asc.export import CORES, CReport, TfliteNetwork, build_copy, build_tflite, write_proved_c
from nas_asc.export.c.front_end import quantise_clip
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture
from nas_asc.models import lower_network
from nas_asc.prediction import Metadata, MicroFile, compute_log_mel
from nas_asc.space import Design, Space, list_spaces, load_space
from tests.benchmarks.heading import machine, made_by
from tests.export.c_code import draw_recordings
from tests.models.drawn import draw_model

MOST_MACS, SHORT_FRAMES, N_RECORDINGS = 5 * 10**7, 24, 8
HEADS = ("space", "network", "clip", "MACs", "equal clips", "other features", "arena", "TFLM", "front end")
CORE_HEADS = ("clip", "net", "stack")


def iterate_designs(space: Space, n_candidates: int) -> Iterator[tuple[str, Design, float]]:
    """Name, design and clip length of every system and of random candidates that the target c runs."""
    for name, system in space.systems.items():
        yield name, space.build_system(system), system.task.clip_s
    number = 0
    for candidate in space.draw_many(np.random.default_rng(0), 100 * n_candidates):
        if number == n_candidates:
            return
        try:
            design = space.build(candidate, Task())
            obstacles = list_obstacles(design.architecture, "c")
        except LayerError:
            continue
        if not obstacles and count_cost(design.architecture).macs < MOST_MACS:
            number += 1
            yield f"candidate {number}", design, Task().clip_s


def build_drawn(
    architecture: Architecture, log_mel: LogMel, clip_s: float
) -> tuple[TfliteNetwork, Metadata, NDArray[np.int16], NDArray[np.float32]]:
    """An untrained network in 8 bits: it, its metadata, recordings, and their standardised features."""
    architecture = Architecture(architecture.layers, log_mel.shape(clip_s), architecture.n_classes)
    recordings = draw_recordings(log_mel, clip_s, N_RECORDINGS)
    features = compute_log_mel(recordings.astype(np.float32) / np.float32(32768), log_mel)
    mean, std = features.mean(axis=(0, 1, 3)), features.std(axis=(0, 1, 3)) + 0.1
    standardised = ((features - mean[:, None]) / std[:, None]).astype(np.float32)
    network = build_tflite(quantise_network(lower_network(draw_model(architecture)), [torch.from_numpy(standardised)]))
    metadata = Metadata(
        name="measured",
        classes=tuple(f"class {number}" for number in range(architecture.n_classes)),
        clip_s=clip_s,
        sample_rate=log_mel.sample_rate,
        log_mel=log_mel,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
    return network, metadata, recordings, standardised


def measure(design: Design, clip_s: float, cores: Sequence[str]) -> list[str]:
    """The row of a design, its name left out."""
    architecture, log_mel = design.architecture, design.log_mel
    if obstacles := list_obstacles(architecture, "c"):
        return [f"refused: {', '.join(obstacles)}"]
    if count_cost(architecture).macs >= MOST_MACS:
        clip_s = (SHORT_FRAMES - 1) * log_mel.hop_length / log_mel.sample_rate
        architecture = Architecture(architecture.layers, log_mel.shape(clip_s), architecture.n_classes)
    network, metadata, recordings, standardised = build_drawn(architecture, log_mel, clip_s)
    file, into = MicroFile(network.to_bytes()), network.model.quantisation(network.input)
    assert into is not None
    features = np.stack([quantise_clip(samples, metadata, into) for samples in recordings])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "c"
        report = write_proved_c(folder, network, metadata, recordings=recordings, features=standardised, cores=cores)
        with build_copy(folder) as build:
            heard = np.frombuffer(build.run("log_mel", recordings.swapaxes(1, 2)), np.int8).reshape(features.shape)
    return [
        f"{clip_s:.2f} s",
        f"{count_cost(architecture).macs / 1e6:.2f} M",
        f"{report.n_equal_clips} of {len(recordings)}",
        f"{int((heard != features).sum())} of {features.size:,}",
        f"{report.arena_bytes:,}",
        f"{file.arena.activations:,}",
        f"{report.front_end.ram_bytes:,}",
        *(text for core in cores for text in list_counts(report, core)),
    ]


def list_counts(report: CReport, core: str) -> tuple[str, str, str]:
    """Instructions of a clip's features and of the network, and bytes of stack, on a core."""
    taken = {each.core: each for each in report.cores}.get(core)
    if taken is None:
        return ("too small" if core in report.too_small else "",) * 3
    clip, network = (f"{taken.instructions[part] / 1e6:.1f} M" for part in ("clip", "network"))
    return clip, network, f"{taken.stack_bytes}"


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--spaces", default=",".join(list_spaces()))
    parser.add_argument("--cores", default=",".join(CORES))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    cores = [core for core in arguments.cores.split(",") if core]
    heads = [*HEADS, *(f"{head} {core.upper()}" for core in cores for head in CORE_HEADS)]
    print(f"{made_by()}, {machine()}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    rows: dict[str, list[str]] = json.loads(arguments.keep.read_text()) if arguments.keep.exists() else {}
    for name in arguments.spaces.split(","):
        for title, design, clip_s in iterate_designs(load_space(name), arguments.candidates):
            key = f"{name} | {title}"
            if key not in rows:
                try:
                    rows[key] = measure(design, clip_s, cores)
                except ExportError as error:
                    rows[key] = [f"refused: {error}"]
                arguments.keep.write_text(json.dumps(rows))
            print(f"| {key} | {' | '.join(rows[key])} |", flush=True)


if __name__ == "__main__":
    main()
