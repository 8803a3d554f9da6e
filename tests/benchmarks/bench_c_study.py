"""A study's network as C on emulated cores: whether it hears test recordings as its .tflite file does, what it takes.

Run with `python -m tests.benchmarks.bench_c_study STUDY [--recordings 50] [--cores m4f,m55]`, after `nas-asc search
--target tflite-micro --ram 64KiB --study STUDY`. Both exports and the rows that are done lie in the study's folder: a
second run goes on from there. Rows with Arm's libraries come where their sources are (see tests/export/emulator.py).
Needs the Debian packages gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.evaluation import PreparedData
from nas_asc.export import build_copy
from nas_asc.frontend import LogMel
from nas_asc.prediction import Metadata, MicroFile, compute_log_mel, read_tflite_metadata, resample
from nas_asc.session import Session, reopen_session
from tests.benchmarks.heading import machine, made_by
from tests.export.emulator import build_libraries, emulate_hearing, find_cmsis_dsp, find_cmsis_nn

HEADS = ("core", "kernels", "same class", "outputs", "features", "clip", "frame", "network", "stack", "built at -Os")
_FULL_SCALE = np.float32(32768)


def export(session: Session, file_format: str, ending: str) -> Path:
    """The study's network in a format, written where it is not there yet."""
    folder = session.folder / "export"
    found = sorted(folder.glob(f"*-int8{ending}"))
    return found[0] if found else session.export(file_format=file_format).path


def read_test_recordings(prepared: PreparedData, log_mel: LogMel, n: int) -> NDArray[np.int16]:
    """(n, C, N) test clips in 16 bits, evenly spread over the split."""
    rows = prepared.split.test
    samples = np.zeros((n, log_mel.n_channels, log_mel.n_samples(prepared.data_set.clip_s)), np.int16)
    for clip, row in zip(samples, rows[np.linspace(0, len(rows) - 1, n).round().astype(int)].tolist(), strict=True):
        waveform, rate = prepared.data_set.read(row, n_channels=log_mel.n_channels)
        heard = resample(waveform, rate, log_mel.sample_rate)[:, : clip.shape[1]]
        clip[:, : heard.shape[1]] = np.clip(np.rint(heard * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    return samples


def run_file(content: bytes, metadata: Metadata, clips: NDArray[np.int16]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Features and outputs of clips, by the training's front end and TensorFlow Lite Micro."""
    file = MicroFile(content)
    mean, std = (np.array(values, np.float32)[:, None] for values in (metadata.mean, metadata.std))
    log_mels = (compute_log_mel(clips.astype(np.float32) / _FULL_SCALE, metadata.log_mel) - mean) / std
    features = np.stack([file.quantise(clip) for clip in log_mels.astype(np.float32)])
    return features.reshape(len(clips), -1), file.run_integers(features).reshape(len(clips), -1)


def measure(folder: Path, core: str, libraries: dict[str, Path], content: bytes, clips: NDArray[np.int16]) -> list[str]:
    """The row of one core, its first two cells left out."""
    features, outputs = run_file(content, read_tflite_metadata(content), clips)
    with build_copy(folder) as build:
        build_libraries(build, core, libraries)
        report, size = build.measure_core(core, libraries), build.measure_size()
    with build_copy(folder) as build:
        heard, found, _ = emulate_hearing(build, core, clips, libraries, features.shape[1])
    n_same = int((found.argmax(axis=1) == outputs.argmax(axis=1)).sum())
    return [
        f"{n_same} of {len(clips)}",
        f"{int((found != outputs).sum())} of {outputs.size:,} differ",
        f"{int((heard != features).sum())} of {features.size:,} differ",
        *(f"{report.instructions[part]:,}" for part in ("clip", "frame", "network")),
        f"{report.stack_bytes:,}",
        "" if libraries else f"flash {size.text + size.data:,}, RAM {size.data + size.bss:,}",
    ]


def print_forecast(path: Path, folder: Path) -> None:
    """What was known before anything was compiled: of the .tflite file, and of the C with and without CMSIS-NN."""
    file, c = (
        json.loads(card.read_text()) for card in (path.with_name(f"{path.stem}-card.json"), folder / "card.json")
    )
    arenas = map(int, re.findall(r"NETWORK_ARENA_BYTES (\d+)", (folder / "settings.h").read_text()))
    cost, rams = file["cost"], [one["cost"]["target_ram_bytes"] for one in (file, c)]
    print(f"{cost['params']:,} parameters, {cost['macs']:,} MACs, {cost['int8_bytes']:,} bytes int8")
    print("forecast of RAM, network and front end: .tflite {:,} bytes, C {:,} bytes".format(*rams))
    print("arena of plain C, and with CMSIS-NN on a core with vectors and on others: {:,}, {:,}, {:,}".format(*arenas))
    for core, parts in c["c"]["forecast"].items():
        print(f"forecast of the {core}: {', '.join(f'{part} {count:,}' for part, count in parts.items())}")


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--recordings", type=int, default=50)
    parser.add_argument("--cores", default="m4f,m55")
    arguments = parser.parse_args()
    session = reopen_session(arguments.study)
    path, folder = export(session, "tflite", ".tflite"), export(session, "c", "-c")
    content = path.read_bytes()
    log_mel = read_tflite_metadata(content).log_mel
    clips = read_test_recordings(session.worker.prepared, log_mel, arguments.recordings)
    print(f"{made_by()}, {machine()}, {path.name}")
    print_forecast(path, folder)
    print(f"\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}", flush=True)
    kept = session.folder / "emulated.json"
    rows: dict[str, list[str]] = json.loads(kept.read_text()) if kept.exists() else {}
    kinds = {"plain C": {}, "CMSIS-NN": find_cmsis_nn(), "CMSIS-NN and CMSIS-DSP": find_cmsis_nn() | find_cmsis_dsp()}
    for core in arguments.cores.split(","):
        for kind, libraries in kinds.items():
            name = f"{core} | {kind}"
            if len(libraries) < {"plain C": 0, "CMSIS-NN": 2, "CMSIS-NN and CMSIS-DSP": 3}[kind]:
                continue
            if name not in rows:
                rows[name] = measure(folder, core, libraries, content, clips)
                kept.write_text(json.dumps(rows))
            print(f"| {name} | {' | '.join(rows[name])} |", flush=True)


if __name__ == "__main__":
    main()
