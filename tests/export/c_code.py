"""Networks and front ends as C, compiled and run beside what they must equal."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from nas_asc.compression import quantise_network
from nas_asc.export import build_c, build_tflite, can_run_here, write_c
from nas_asc.export.c.network import format_network
from nas_asc.layers import Architecture, Conv, Dense, Flatten, InvertedBottleneck
from nas_asc.models import lower_network
from nas_asc.prediction import Metadata, MicroFile, compute_log_mel
from tests.export.tflite import needs_runtime
from tests.models.drawn import draw_model

SOURCE = Path(build_c.__code__.co_filename).parent / "source"
CLASSES = ("airport", 'a "quoted" \\ one', "Straße", "??/", "tram")
LAYERS = (Conv(6, 3, 2, norm="batch"), InvertedBottleneck(6), Flatten(), Dense(5))
_STREAM = """
#include <stdio.h>
#include "network.h"
int main(void)
{
    while (fread(network_input(), NETWORK_INPUT_BYTES, 1, stdin) == 1) {
        fwrite(network_run(), 1, NETWORK_N_OUTPUTS, stdout);
    }
    return 0;
}
"""


def needs_compiler():
    """Skip the test where C cannot be compiled, or its oracle is not installed."""
    needs_runtime()
    if not can_run_here():
        pytest.skip("needs make, cc and c++")


def build_network(architecture):
    """A network in 8 bits, none of whose weights is zero throughout, as a TensorFlow Lite model."""
    model = draw_model(architecture)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    return build_tflite(quantise_network(lower_network(model), [torch.randn(4, *architecture.in_shape)]))


def draw_inputs(network, n_clips):
    """Inputs that reach every integer."""
    shape = (n_clips, *network.model.shape(network.input)[1:])
    return np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)


def run_micro(network, inputs):
    """Outputs of TensorFlow Lite Micro, a row a clip."""
    return MicroFile(network.to_bytes()).run_integers(inputs).reshape(len(inputs), -1)


def run_c(network, inputs):
    """Outputs of the network's C, a row a clip."""
    found = format_network(network)
    n_outputs = int(np.prod(network.model.shape(network.output)))
    sizes = {
        "NETWORK_ARENA_BYTES": found.arena_bytes,
        "NETWORK_INPUT_BYTES": inputs[0].size,
        "NETWORK_N_OUTPUTS": n_outputs,
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "network.c").write_text(found.text)
        (folder / "stream.c").write_text(_STREAM)
        (folder / "settings.h").write_text("".join(f"#define {name} {size}\n" for name, size in sizes.items()))
        flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{SOURCE}", "-I."]
        command = ["cc", *flags, "network.c", "stream.c", str(_kernels()), "-o", "stream"]
        subprocess.run(command, cwd=folder, check=True)
        done = subprocess.run([folder / "stream"], input=inputs.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int8).reshape(len(inputs), n_outputs)


@cache
def _kernels():
    place = Path(tempfile.mkdtemp()) / "kernel.o"
    subprocess.run(["cc", "-std=c11", "-O2", "-c", SOURCE / "kernel.c", "-o", place], check=True)
    return place


def draw_recordings(log_mel, clip_s, n_clips, *, seed=0):
    """Noise and tones (n, C, N) in 16 bits, from hardly audible to very loud."""
    random = np.random.default_rng(seed)
    n_samples = log_mel.n_samples(clip_s)
    time = np.arange(n_samples) / log_mel.sample_rate
    noise = random.normal(size=(n_clips, log_mel.n_channels, n_samples)) * 10 ** random.uniform(
        -4, -0.6, (n_clips, 1, 1)
    )
    tones = np.sin(2 * np.pi * random.uniform(100, log_mel.sample_rate / 3, (n_clips, 1, 1)) * time)
    mixed = noise + tones * 10 ** random.uniform(-3, -0.4, (n_clips, 1, 1))
    return np.clip(np.rint(32767 * mixed), -32768, 32767).astype(np.int16)


def build_system(log_mel, *, clip_s=0.5, layers=LAYERS):
    """A network with a front end that was fitted to recordings: model, metadata, recordings."""
    recordings = draw_recordings(log_mel, clip_s, 8)
    features = compute_log_mel(recordings.astype(np.float32) / np.float32(32768), log_mel)
    mean, std = features.mean(axis=(0, 1, 3)), features.std(axis=(0, 1, 3)) + 0.1
    architecture = Architecture(layers, log_mel.shape(clip_s), len(CLASSES))
    standardised = torch.from_numpy(((features - mean[:, None]) / std[:, None]).astype(np.float32))
    network = build_tflite(quantise_network(lower_network(draw_model(architecture)), [standardised]))
    metadata = Metadata(
        name="small",
        classes=CLASSES,
        clip_s=clip_s,
        sample_rate=log_mel.sample_rate,
        log_mel=log_mel,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
    return network, metadata, recordings


def write_system(folder, log_mel, **options):
    """The C of `build_system` in a folder; gives its metadata and recordings too."""
    network, metadata, recordings = build_system(log_mel, **options)
    write_c(folder, build_c(network, metadata, recordings[0]))
    return network, metadata, recordings
