"""The folder of C as its user has it: make, make check, make size, the example, a stream of a minute."""

import re
import shutil
import subprocess
from collections import deque

import numpy as np
import pytest

from nas_asc.errors import ExportError
from nas_asc.export import build_copy, write_proved_c
from nas_asc.export.c import CORES, can_emulate, proof
from nas_asc.export.c.front_end import quantise_clip
from nas_asc.export.c.toolchain import CBuild, CoreReport
from nas_asc.frontend import LogMel
from nas_asc.prediction import MicroFile
from tests.export.c_code import CLASSES, draw_recordings, needs_compiler, write_system

LOG_MEL = LogMel(sample_rate=8_000, n_fft=256, win_length=200, hop_length=160, n_mels=24, center=False)
CLIP_S = 0.8  # 40 hops, of which a clip has 39 frames
CENTRED = LogMel(sample_rate=8_000, n_fft=256, win_length=201, hop_length=160, n_mels=24, n_channels=2)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A folder, its network and its metadata."""
    needs_compiler()
    folder = tmp_path_factory.mktemp("c")
    network, metadata, _ = write_system(folder, LOG_MEL, clip_s=CLIP_S)
    return folder, network, metadata


def make(folder, *words):
    return subprocess.run(["make", "-s", "-C", folder, *words], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("log_mel", [LOG_MEL, CENTRED], ids=["not centred", "centred stereo"])
def test_check_passes_as_c_and_as_c_plus_plus(log_mel, tmp_path):
    needs_compiler()
    write_system(tmp_path, log_mel, clip_s=CLIP_S)
    printed = make(tmp_path, "check")
    assert printed.count("passed") == 2
    assert printed.count("outputs: 0 of 5 differ") == 2
    compared = re.findall(r"features of a stream: 0 of (\d+) differ", printed)
    assert all(int(count) > 800 for count in compared)


@pytest.mark.parametrize("what", ["golden_outputs", "golden_features", "golden_samples"])
def test_check_fails_where_something_else_is_heard(system, tmp_path, what):
    folder, _, _ = system
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    golden = tmp_path / "golden" / "golden.c"
    head, tail = golden.read_text().split(f"{what}[", 1)
    changed = re.sub(r"-?\d+(?=, |})", lambda found: str((int(found[0]) + 64) % 128), tail, count=500)
    golden.write_text(f"{head}{what}[{changed}")
    with build_copy(tmp_path) as build, pytest.raises(ExportError, match=r"make check failed .*[1-9]\d* of \d+ differ"):
        build.check()


def test_recording_on_which_a_core_differs_is_not_the_golden_one(system, tmp_path, monkeypatch):
    _, network, metadata = system
    recordings, checked = list(draw_recordings(LOG_MEL, CLIP_S, 3)), []

    def measure(build, core):
        checked.append((build.folder / "golden" / "recording.wav").read_bytes())
        if len(checked) == 1:
            raise ExportError(f"make qemu CORE={core} failed.")
        return CoreReport(core, {}, 0)

    monkeypatch.setattr(proof, "can_emulate", lambda: True)
    monkeypatch.setattr(CBuild, "measure_core", measure)
    monkeypatch.setattr(CBuild, "measure_size", lambda _: None)
    features = np.zeros((1, 1, 24, 39), np.float32)
    report = write_proved_c(tmp_path, network, metadata, recordings=recordings, features=features)
    assert [core.core for core in report.cores] == list(CORES)
    assert checked[1:] == [(tmp_path / "golden" / "recording.wav").read_bytes()] * len(CORES)
    assert checked[0] != checked[1]


STANDARDS = ["cc -std=c11", "cc -std=c17", *(f"c++ -x c++ -std=c++{year}" for year in (11, 14, 17, 20, 23))]


@pytest.mark.parametrize("command", STANDARDS)
def test_library_compiles_without_a_warning_in_every_standard(system, command):
    folder, _, _ = system
    sources = ["classify.c", "classes.c", "log_mel.c", "log_mel_tables.c", "network.c", "kernel.c", "check.c", "main.c"]
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    subprocess.run([*command.split(), *flags, *sources], cwd=folder, check=True)


def test_library_asks_for_no_memory_and_has_no_other_dependency(system, tmp_path):
    folder, _, _ = system
    sources = [folder / f"{name}.c" for name in ("classify", "log_mel", "network", "kernel")]
    subprocess.run(["cc", "-std=c11", "-O2", "-c", *sources], cwd=tmp_path, check=True)
    command = ["nm", "-u", *sorted(tmp_path.glob("*.o"))]
    undefined = set(re.findall(r"U (\w+)", subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    asked = {name for name in undefined if not name.startswith(("kernel_", "log_mel_", "network_", "_"))}
    assert "logf" in asked
    assert asked <= {"memcpy", "memset", "logf", "expf", "rintf"}


def test_example_tells_the_class_of_the_golden_recording(system, tmp_path):
    folder, _, _ = system
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    make(tmp_path)
    heard = subprocess.run(
        [tmp_path / "classify", tmp_path / "golden" / "recording.wav"], capture_output=True, text=True, check=True
    ).stdout
    golden = (tmp_path / "golden" / "golden.c").read_text()
    outputs = [int(word) for word in re.search(r"golden_outputs\[\w+\] = {(.*?)}", golden, re.DOTALL)[1].split(",")]
    assert CLASSES[int(np.argmax(outputs))] in heard
    refused = subprocess.run([tmp_path / "classify", folder / "Makefile"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "no WAV file of 16 bits" in refused.stderr) == (2, True)


def expected_probabilities(network, metadata, clips):
    """Of each clip, by TensorFlow Lite Micro on the training's features."""
    into, out = (network.model.quantisation(tensor) for tensor in (network.input, network.output))
    features = np.stack([quantise_clip(clip, metadata, into) for clip in clips])
    logits = MicroFile(network.to_bytes()).run_integers(features).reshape(len(clips), -1) * np.float64(out.scales[0])
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def test_stream_of_a_minute_gives_the_classes_of_its_clips(system):
    folder, network, metadata = system
    clips = draw_recordings(LOG_MEL, CLIP_S, 75, seed=2)
    with build_copy(folder) as build:
        found = np.frombuffer(build.run("stream", np.concatenate(clips, axis=1).T), np.float32).reshape(
            -1, len(CLASSES)
        )
    expected = expected_probabilities(network, metadata, clips)
    assert len(found) == len(clips)
    assert len(set(expected.argmax(axis=1))) > 1
    same = np.abs(found - expected).max(axis=1) < 1e-5
    assert same.mean() > 0.9  # a feature may be rounded otherwise, one in 5,000
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


DECIDE = """
#include <stdio.h>
#include "classify.h"
int main(void)
{
    static int16_t samples[LOG_MEL_HOP_LENGTH];
    const struct classify_settings settings = {%d, %d, %ff, %d};
    classify_init(&settings);
    while (fread(samples, sizeof samples, 1, stdin) == 1) {
        if (classify_push(samples, LOG_MEL_HOP_LENGTH) > 0) {
            printf("%%ld %%ld %%.6f\\n", (long)classify_result()->best, (long)classify_result()->heard,
                   (double)classify_result()->probabilities[classify_result()->best]);
        }
    }
    return 0;
}
"""


def follow(probabilities, n_smoothed, threshold, n_held):
    """(best, heard, its probability) of each decision, from those of the windows."""
    recent, heard, left = deque(maxlen=n_smoothed), -1, 0
    for one in probabilities:
        recent.append(one)
        mean = np.mean(recent, axis=0)
        best = int(mean.argmax())
        if mean[best] >= threshold:
            heard, left = best, n_held
        elif left:
            left -= 1
        else:
            heard = -1
        yield best, heard, mean[best]


@pytest.mark.parametrize(("n_smoothed", "n_held"), [(1, 0), (3, 2), (8, 1)])
def test_decisions_are_smoothed_and_held(system, tmp_path, n_smoothed, n_held):
    folder, _, _ = system
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    samples = np.concatenate(draw_recordings(LOG_MEL, CLIP_S, 20, seed=3), axis=1)[0]
    step = 10
    n_decisions = (len(samples) - round(CLIP_S * 8_000)) // (160 * step) + 1
    with build_copy(tmp_path) as build:
        windows = [samples[160 * step * i :][: round(CLIP_S * 8_000)] for i in range(n_decisions)]
        each = np.concatenate([np.frombuffer(build.run("stream", window), np.float32)[None] for window in windows])
    threshold = round(float(np.median(each.max(axis=1))), 3)
    (tmp_path / "main.c").write_text(DECIDE % (step, n_smoothed, threshold, n_held))
    make(tmp_path)
    done = subprocess.run([tmp_path / "classify"], input=samples.tobytes(), capture_output=True, check=True)
    told = [line.split() for line in done.stdout.decode().splitlines()]
    expected = list(follow(each, n_smoothed, threshold, n_held))
    assert len({heard for _, heard, _ in expected}) > 1
    assert [(int(best), int(heard)) for best, heard, _ in told] == [(best, heard) for best, heard, _ in expected]
    assert [float(one[2]) for one in told] == pytest.approx([one[2] for one in expected], abs=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_emulated_core_hears_the_same_and_counts_twice_alike(system, core):
    folder, _, _ = system
    if not can_emulate():
        pytest.skip("needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm")
    with build_copy(folder) as build:
        first, second = (build.measure_core(core) for _ in range(2))
    assert first == second
    assert set(first.instructions) == {"clip", "frame", "network"}
    assert first.instructions["clip"] > 20 * first.instructions["frame"] > 0
    assert first.instructions["network"] > 100_000
    assert 64 < first.stack_bytes < 1_024


@pytest.mark.slow
@pytest.mark.parametrize("length", ["8K", "40K"], ids=["for the network", "for network and stack"])
def test_a_board_with_too_little_memory_is_no_fault(system, length, tmp_path):
    folder, _, _ = system
    if not can_emulate():
        pytest.skip("needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    board = tmp_path / "qemu" / "board.ld"
    board.write_text(board.read_text().replace("LENGTH = 2M", f"LENGTH = {length}"))
    with build_copy(tmp_path) as build:
        assert build.measure_core("m3") is None


def test_size_is_that_of_weights_and_memory(system):
    folder, network, _ = system
    with build_copy(folder) as build:
        size = build.measure_size()
    assert size.text > network.weight_bytes
    settings = (folder / "settings.h").read_text()
    ram = sum(int(re.search(rf"{name} (\d+)", settings)[1]) for name in ("NETWORK_ARENA_BYTES", "LOG_MEL_RAM_BYTES"))
    columns = 39 * LOG_MEL.n_mels
    padding = 0 if size.compiler.startswith("arm") else 400  # a computer has long pointers and wide alignment
    assert ram + columns < size.data + size.bss < ram + columns + 4 * 8 * len(CLASSES) + 200 + padding
