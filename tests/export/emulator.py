"""The C of a network on an emulated Cortex, where it turns a file of clips into a file of outputs; Arm's libraries.

The environment variable NAS_ASC_TFLITE_READERS names a Python with bakenn, which has the core's header and what
CMSIS-NN 4.0 has for convolutions; NAS_ASC_CMSIS_NN may name a whole CMSIS-NN instead. NAS_ASC_CMSIS_DSP names the
unpacked sources of cmsisdsp: `pip download --no-deps --no-binary cmsisdsp cmsisdsp`.
"""

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nas_asc.export import can_emulate

_PROGRAM = """
#include <stdio.h>

#include "../log_mel.h"
#include "../network.h"
#include "board.h"

static int16_t samples[LOG_MEL_CLIP_SAMPLES * LOG_MEL_N_CHANNELS];

int main(void)
{
    FILE *in = fopen("in.bin", "rb"), *out = fopen("out.bin", "wb");
    if (in == NULL || out == NULL) {
        return 1;
    }
    uint64_t features = 0, network = 0;
#ifdef HEARS
    while (fread(samples, sizeof samples, 1, in) == 1) {
        const uint64_t begin = board_count_instructions();
        log_mel_clip(samples, network_input());
        features = board_count_instructions() - begin;
        fwrite(network_input(), 1, NETWORK_INPUT_BYTES, out);
        fwrite(network_run(), 1, NETWORK_N_OUTPUTS, out);
    }
#else
    while (fread(network_input(), 1, NETWORK_INPUT_BYTES, in) == NETWORK_INPUT_BYTES) {
        const uint64_t begin = board_count_instructions();
        const int8_t *outputs = network_run();
        network = board_count_instructions() - begin;
        fwrite(outputs, 1, NETWORK_N_OUTPUTS, out);
    }
#endif
    printf("%lu\\n", (unsigned long)(features + network));
    return fclose(out) || sizeof samples == 0;
}
"""


def needs_emulator():
    """Skip the test where nothing compiles for a Cortex, or none can be emulated."""
    if not can_emulate():
        pytest.skip("needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm")


def needs_cross_cxx():
    """Skip the test where nothing compiles C++ and its standard headers for a Cortex."""
    compiler = shutil.which("arm-none-eabi-g++")
    command = [compiler, "-x", "c++", "-fsyntax-only", "-"]
    if compiler is None or subprocess.run(command, input=b"#include <cstdint>", capture_output=True).returncode:
        pytest.skip("needs gcc-arm-none-eabi and libstdc++-arm-none-eabi-newlib")


@cache
def find_cmsis_nn():
    """CMSIS-NN and the core's header as variables of the Makefile; empty where there are none."""
    python = os.environ.get("NAS_ASC_TFLITE_READERS")
    if not python:
        return {}
    command = [python, "-c", "import bakenn.backend.cmsis_nn.vendor as found; print(found.__path__[0])"]
    ran = subprocess.run(command, capture_output=True, text=True)
    folder = Path(ran.stdout.strip())
    library = Path(os.environ.get("NAS_ASC_CMSIS_NN", folder / "cmsis_nn"))
    return {} if ran.returncode else {"CMSIS_NN": library, "CMSIS_CORE": folder / "cmsis_core" / "Include"}


def find_cmsis_dsp():
    """CMSIS-DSP and the core's header as variables of the Makefile; empty where there are none."""
    folder, core = os.environ.get("NAS_ASC_CMSIS_DSP"), find_cmsis_nn().get("CMSIS_CORE")
    return {"CMSIS_DSP": Path(folder), "CMSIS_CORE": core} if folder and core else {}


def emulate_network(build, core, features, libraries):
    """Outputs (B, K) of a folder's network on an emulated core, and instructions of one run.

    Args:
        build: The copy of the folder.
        core: One of `CORES`.
        features: The clips (B, ...) in int8.
        libraries: As `measure_core` takes them.
    """
    found, instructions = _emulate(build, core, features, libraries)
    return found.reshape(len(features), -1), instructions


def emulate_hearing(build, core, clips, libraries, n_features):
    """Features (B, n) and outputs (B, K) of clips on an emulated core, and instructions of the features of one.

    Args:
        build: The copy of the folder.
        core: One of `CORES`.
        clips: The clips (B, C, N) of 16-bit samples.
        libraries: As `measure_core` takes them.
        n_features: Features of one clip.
    """
    found, instructions = _emulate(build, core, clips.swapaxes(1, 2), libraries, "CFLAGS=-O2 -DHEARS")
    found = found.reshape(len(clips), -1)
    return found[:, :n_features], found[:, n_features:], instructions


def build_libraries(build, core, libraries):
    """Compile Arm's libraries for a core into a folder, or put there what was compiled for it before."""
    if not libraries:
        return
    parts = "".join(part for name, part in (("CMSIS_NN", "-nn"), ("CMSIS_DSP", "-dsp")) if name in libraries)
    archive = f"qemu/{core}{parts}.a"
    known = _archives() / f"{core}{parts}.a"
    if known.exists():
        shutil.copy(known, build.folder / archive)
    else:
        _make(build, archive, core, libraries)
        shutil.copy(build.folder / archive, known)


@cache
def _archives():
    return Path(tempfile.mkdtemp())


def _emulate(build, core, values, libraries, *words):
    build_libraries(build, core, libraries)
    (build.folder / "qemu" / "measure.c").write_text(_PROGRAM)
    (build.folder / "in.bin").write_bytes(np.ascontiguousarray(values).tobytes())
    printed = _make(build, "qemu", core, libraries, *words)
    return np.frombuffer((build.folder / "out.bin").read_bytes(), np.int8), int(re.findall(r"^\d+$", printed, re.M)[-1])


def _make(build, target, core, libraries, *words):
    named = [f"{name}={folder}" for name, folder in libraries.items()]
    command = ["make", "-s", "-C", build.folder, target, f"CORE={core}", *named, *words]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
