"""With Arm's kernels and transform, on emulated cores, the C hears the same and takes fewer instructions."""

import re
import subprocess

import numpy as np
import pytest

from nas_asc.export import build_copy
from nas_asc.export.c.front_end import quantise_clip
from nas_asc.frontend import LogMel
from nas_asc.layers import Conv, Dense, Flatten, InvertedBottleneck, MaxPool, Residual
from tests.export.c_code import draw_inputs, draw_recordings, needs_compiler, run_micro, write_system
from tests.export.emulator import (
    emulate_hearing,
    emulate_network,
    find_cmsis_dsp,
    find_cmsis_nn,
    needs_cross_cxx,
    needs_emulator,
)
from tests.export.tflite import needs_runtime

LOG_MEL = LogMel(sample_rate=16_000, n_fft=512, win_length=400, hop_length=320, n_mels=40)
FAST = (
    Conv(16, 3, 2, "same", norm="batch", activation="relu"),
    InvertedBottleneck(16),
    Residual(20),
    MaxPool(2),
    Flatten(),
    Dense(5),
)
OTHERS = (
    Conv(12, 5, (2, 1), (0, 1), norm="batch"),
    Conv(24, 3, (2, 1), 1, groups=12, norm="batch"),  # two outputs a channel
    Conv(24, 3, 1, 1, groups=4, norm="batch"),  # four groups, which CMSIS-NN 4.0 does not run
    Conv(10, 1, 2),
    Conv(10, 5, 1, "same", groups=10),
    Conv(14, (5, 1)),
    Conv(9, (1, 5), 1, (0, 2)),
    Flatten(),
    Dense(17),
    Dense(5),
)
MOST_OF_PLAIN = {"m4f": 0.6, "m55": 0.3}
FRONT_ENDS = {
    "power of four": LOG_MEL,
    "other power of two": LogMel(
        sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40, center=False
    ),
}
N_CLIPS, MOST_DIFFERENT = 100, 1 / 5_000


def needs_cmsis_nn():
    """Folders of CMSIS-NN; skip the test where there are none."""
    needs_compiler()
    needs_emulator()
    return find_cmsis_nn() or pytest.skip("needs NAS_ASC_TFLITE_READERS, a Python with bakenn")


def needs_cmsis_dsp():
    """Folders of CMSIS-DSP; skip the test where there are none."""
    needs_compiler()
    needs_emulator()
    return find_cmsis_dsp() or pytest.skip(
        "needs NAS_ASC_CMSIS_DSP, the sources of cmsisdsp, and bakenn for the core's"
    )


@pytest.mark.slow
@pytest.mark.parametrize("core", MOST_OF_PLAIN)
def test_network_on_cmsis_nn_gives_the_same_values_with_fewer_instructions(core, tmp_path):
    libraries = needs_cmsis_nn()
    network, _, _ = write_system(tmp_path, LOG_MEL, layers=FAST)
    inputs = draw_inputs(network, 6)
    expected = run_micro(network, inputs)
    assert np.ptp(expected.astype(int)) > 50
    with build_copy(tmp_path) as build:
        found, fast = emulate_network(build, core, inputs, libraries)
    np.testing.assert_array_equal(found, expected)
    with build_copy(tmp_path) as build:
        found, plain = emulate_network(build, core, inputs, {})
    np.testing.assert_array_equal(found, expected)
    assert fast < MOST_OF_PLAIN[core] * plain


@pytest.mark.slow
@pytest.mark.parametrize("core", MOST_OF_PLAIN)
def test_unusual_layers_on_cmsis_nn_give_the_same_values(core, tmp_path):
    libraries = needs_cmsis_nn()
    network, _, _ = write_system(tmp_path, LOG_MEL, layers=OTHERS)
    inputs = draw_inputs(network, 6)
    expected = run_micro(network, inputs)
    assert np.ptp(expected.astype(int)) > 50
    with build_copy(tmp_path) as build:
        np.testing.assert_array_equal(emulate_network(build, core, inputs, libraries)[0], expected)


@pytest.mark.slow
@pytest.mark.parametrize("core", MOST_OF_PLAIN)
def test_step_whose_scratch_memory_is_too_small_runs_on_the_plain_kernel(core, tmp_path):
    libraries = needs_cmsis_nn()
    network, _, _ = write_system(tmp_path, LOG_MEL, layers=FAST)
    text = (tmp_path / "network.c").read_text()
    (tmp_path / "network.c").write_text(re.sub(r"(SCRATCH_BYTES_\d+) = \d+", r"\1 = 16", text))
    inputs = draw_inputs(network, 2)
    with build_copy(tmp_path) as build:
        np.testing.assert_array_equal(emulate_network(build, core, inputs, libraries)[0], run_micro(network, inputs))


@pytest.mark.slow
@pytest.mark.parametrize("core", MOST_OF_PLAIN)
@pytest.mark.parametrize("log_mel", FRONT_ENDS.values(), ids=list(FRONT_ENDS))
def test_features_by_cmsis_dsp_are_those_of_training_with_fewer_instructions(log_mel, core, tmp_path):
    libraries = needs_cmsis_dsp()
    network, metadata, _ = write_system(tmp_path, log_mel)
    into = network.model.quantisation(network.input)
    clips = draw_recordings(log_mel, metadata.clip_s, N_CLIPS, seed=1)
    expected = np.stack([quantise_clip(clip, metadata, into).ravel() for clip in clips]).astype(int)
    assert len(np.unique(expected)) > 100
    with build_copy(tmp_path) as build:
        found, _, fast = emulate_hearing(build, core, clips, libraries, expected.shape[1])
    different = np.abs(found - expected)
    assert different.max() <= 1
    assert (different > 0).mean() <= MOST_DIFFERENT
    with build_copy(tmp_path) as build:
        assert fast < 0.95 * emulate_hearing(build, core, clips[:1], {}, expected.shape[1])[2]


@pytest.mark.slow
@pytest.mark.parametrize("year", [11, 23])
def test_code_that_calls_both_libraries_is_c_plus_plus_without_a_warning(year, tmp_path):
    libraries = needs_cmsis_nn() | needs_cmsis_dsp()
    needs_cross_cxx()
    write_system(tmp_path, LOG_MEL, layers=FAST)
    folders = [libraries["CMSIS_NN"] / "Include", libraries["CMSIS_DSP"] / "Include", libraries["CMSIS_CORE"]]
    includes = [word for folder in folders for word in ("-isystem", folder)]
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-mthumb", "-mcpu=cortex-m55"]
    flags += ["-mfloat-abi=hard", "-DCMSIS_NN", "-DCMSIS_DSP", "-DCMSIS_NN_WITHOUT_ADD"]
    command = [
        "arm-none-eabi-g++",
        "-x",
        "c++",
        f"-std=c++{year}",
        *flags,
        *includes,
        "kernel.c",
        "log_mel.c",
        "network.c",
    ]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_scratch_memory_is_in_the_arena_of_cmsis_nn_alone(tmp_path):
    needs_runtime()
    write_system(tmp_path, LOG_MEL, layers=FAST)
    plain, vectors, others = map(int, re.findall(r"NETWORK_ARENA_BYTES (\d+)", (tmp_path / "settings.h").read_text()))
    assert plain < others < vectors < plain + 8_192
