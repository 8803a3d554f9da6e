"""Which systems and random candidates become C, whether it gives TensorFlow Lite Micro's values, and what it takes.

Run with `python -m tests.benchmarks.bench_c [--candidates 30] [--spaces asc,cp_mobile]`; untrained weights, noise and
tones as recordings. A network of more than 50 MMACs is measured on a shorter clip, which its row says. Needs the Debian
packages gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.compression import quantise_network
from nas_asc.cost import count_cost, list_obstacles
from nas_asc.errors import ExportError, LayerError
from nas_asc.export import TfliteNetwork, build_tflite, write_proved_c
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture
from nas_asc.models import lower_network
from nas_asc.prediction import Metadata, MicroFile, compute_log_mel
from nas_asc.space import Design, Space, list_spaces, load_space
from tests.benchmarks.heading import machine, made_by
from tests.export.c_code import draw_recordings
from tests.models.drawn import draw_model

MOST_MACS, SHORT_FRAMES, N_RECORDINGS = 5 * 10**7, 24, 8
HEADS = (
    "space", "network", "clip", "MACs", "equal clips", "arena", "TFLM", "front end", "clip M4F", "net M3", "net M4F",
    "net M33", "net M55", "stack M4F",
)  # fmt: skip


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


def measure(design: Design, clip_s: float) -> tuple[object, ...]:
    """The row of a design, its name left out."""
    architecture, log_mel = design.architecture, design.log_mel
    if obstacles := list_obstacles(architecture, "c"):
        return (f"refused: {', '.join(obstacles)}",)
    if count_cost(architecture).macs >= MOST_MACS:
        clip_s = (SHORT_FRAMES - 1) * log_mel.hop_length / log_mel.sample_rate
    network, metadata, recordings, standardised = build_drawn(architecture, log_mel, clip_s)
    with tempfile.TemporaryDirectory() as folder:
        report = write_proved_c(
            Path(folder) / "c", network, metadata, recordings=list(recordings), features=standardised
        )
    cores = {core.core: core for core in report.cores}
    return (
        f"{clip_s:.2f} s",
        f"{count_cost(architecture).macs / 1e6:.2f} M",
        report.n_equal_clips,
        f"{report.arena_bytes:,}",
        f"{MicroFile(network.to_bytes()).arena.activations:,}",
        f"{report.front_end.ram_bytes:,}",
        *(f"{cores['m4f'].instructions['clip'] / 1e6:.1f} M",) * bool(cores),
        *(f"{core.instructions['network'] / 1e6:.1f} M" for core in cores.values()),
        *(cores["m4f"].stack_bytes,) * bool(cores),
    )


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--spaces", default=",".join(list_spaces()))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{made_by()}, {machine()}\n")
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}", flush=True)
    for name in arguments.spaces.split(","):
        for title, design, clip_s in iterate_designs(load_space(name), arguments.candidates):
            try:
                row = measure(design, clip_s)
            except ExportError as error:
                row = (f"refused: {error}",)
            print(f"| {name} | {title} | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
